"""Ctrl-C in a terminal goes to every process of the group; the vehicle comes home, and what is whole is kept."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest

INTERRUPTED = 130
SPEC = Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml"


@pytest.fixture(scope="module")
def planned(tmp_path_factory):
    """Return the folder of a planned patrol."""
    out = tmp_path_factory.mktemp("planned") / "o"
    command = [sys.executable, "-m", "dronepatrol", "plan", str(SPEC), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture
def flying(planned, tmp_path):
    """Fly a planned patrol in a process group of its own; return it and its folder once photos are taken."""
    shutil.copytree(planned, tmp_path / "o")
    command = [sys.executable, "-m", "dronepatrol", "fly", "o", "--sim", "--factor", "30", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command, cwd=tmp_path, text=True, start_new_session=True, **pipes)
    too_long = threading.Timer(120.0, lambda: os.killpg(process.pid, signal.SIGKILL))
    too_long.start()
    for line in process.stdout:
        if json.loads(line).get("photos", 0) >= 3:
            break
    yield process, tmp_path / "o"
    too_long.cancel()
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_ctrl_c_in_flight_brings_the_vehicle_home_and_stops_there(flying):
    process, folder = flying
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=90)
    assert process.returncode == INTERRUPTED, said
    assert "Traceback" not in said
    assert "error: sortie-01: stopped by the operator: returned early" in said
    assert not (folder / "flight" / "sortie-02.tlog").exists()
    track = pd.read_parquet(folder / "flight" / "sortie-01.parquet")
    assert track[track["event"] == "position"]["height_m"].iloc[-1] < 1.0  # it landed under supervision


def test_a_second_ctrl_c_leaves_and_says_that_nobody_watches(flying):
    process, _ = flying
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, said
    assert "unsupervised" in said
    assert "Traceback" not in said
