"""A real Dask scheduler and two real workers, one of which is killed half-way."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from dronepatrol.errors import InputError
from dronepatrol.ingest import catalogue
from dronepatrol.model.progress import silent
from dronepatrol.patrol.ingest import IngestOptions, ingest
from dronepatrol.store.folder import PatrolFolder

pytest.importorskip("distributed", reason="needs distributed: pip install distributed")


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]


@pytest.fixture
def cluster(tmp_path):
    """Yield a scheduler's address and its two workers' processes; end them all."""
    port = free_port()
    address = f"tcp://127.0.0.1:{port}"
    common = ["--no-dashboard"]
    commands = [["scheduler", "--host", "127.0.0.1", "--port", str(port), *common]]
    commands += [
        ["worker", address, "--nthreads", "1", "--no-nanny", "--local-directory", str(tmp_path / f"w{n}"), *common]
        for n in range(2)
    ]
    environment = os.environ | {"DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": "10s"}
    with ExitStack() as stack:
        started = []
        for command in commands:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", *command],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment,
            )  # fmt: skip
            stack.callback(process.wait)
            stack.callback(process.kill)
            started.append(process)
        yield address, started[1:]


@pytest.mark.filterwarnings("ignore")  # the library's own, of connections that end
@pytest.mark.campaign
def test_a_worker_that_dies_loses_no_photo(cluster, make_photo, tmp_path, monkeypatch):
    from distributed import Client  # noqa: PLC0415

    address, workers = cluster
    for n in range(24):
        make_photo(f"card/{n:03d}.jpg", lonlat=(121.0 + n * 1e-4, 30.7), exif={0x9003: f"2025:06:01 10:00:{n:02d}"})
    (tmp_path / "card/003.jpg").write_bytes(b"")
    monkeypatch.setattr(catalogue, "CHUNK_PHOTOS", 2)
    with Client(address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    reports = []

    def report(step):
        reports.append(step)
        if len(reports) == 4:  # some chunks are done, others are at the workers
            os.kill(workers[0].pid, signal.SIGKILL)

    shared, own = PatrolFolder(tmp_path / "shared"), PatrolFolder(tmp_path / "own")
    found = ingest(shared, tmp_path / "card", IngestOptions(scheduler=address), report)
    assert workers[0].wait(30) == -signal.SIGKILL
    assert workers[1].poll() is None
    alone = ingest(own, tmp_path / "card", IngestOptions(), silent)
    assert_frame_equal(pd.DataFrame(found.shots), pd.DataFrame(alone.shots))
    assert found.skipped == alone.skipped
    assert len(found.shots) == 23


@pytest.mark.campaign
def test_the_command_gives_its_work_to_a_cluster_and_survives_a_dead_worker(cluster, make_photo, tmp_path):
    address, workers = cluster
    for n in range(204):  # four folders, four chunks
        make_photo(f"card/{n // 51}/{n:03d}.jpg", lonlat=(121.0 + n * 1e-4, 30.7), size=(200, 150))
    (tmp_path / "card/2/110.jpg").write_bytes(b"")
    command = [sys.executable, "-m", "dronepatrol", "ingest", "--photos", "card", "--json"]
    with subprocess.Popen(
        [*command, "--scheduler", address, "--out", "shared"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        until = time.monotonic() + 60
        while not list((tmp_path / "shared/.ingest").glob("*.parquet")) and time.monotonic() < until:
            time.sleep(0.01)
        workers[0].kill()
        killed_while_it_ran = process.poll() is None
        stdout, stderr = process.communicate(timeout=120)
    alone = subprocess.run(
        [*command, "--out", "own"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert killed_while_it_ran
    assert (process.returncode, "Traceback" in stderr) == (3, False), stderr
    assert workers[1].poll() is None
    assert json.loads(stdout) == json.loads(alone.stdout)
    assert json.loads(stdout)["shots"] == 203
    tables = [pd.read_parquet(tmp_path / out / "shots.parquet") for out in ("shared", "own")]
    assert_frame_equal(*tables)


def test_scheduler_that_is_not_there_is_named(make_photo, tmp_path, monkeypatch):
    from dronepatrol.patrol import workers  # noqa: PLC0415

    monkeypatch.setattr(workers, "_CONNECT_S", 1)
    make_photo("card/1.jpg")
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(InputError, match=f"no Dask scheduler answers at {address}"):
        ingest(PatrolFolder(tmp_path / "out"), tmp_path / "card", IngestOptions(scheduler=address), silent)
