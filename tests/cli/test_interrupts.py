"""Ctrl-C in a terminal goes to every process of the group; the vehicle comes home, and what is whole is kept."""

import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

INTERRUPTED = 130


def wait_for(path, seconds=60.0):
    until = time.monotonic() + seconds
    while not path.exists():
        assert time.monotonic() < until, f"{path} did not appear"
        time.sleep(0.1)


@pytest.fixture
def flying(dronepatrol, demo_spec, tmp_path):
    """Start the flight of a planned patrol in a process group of its own; return it and its folder."""
    assert dronepatrol("plan", demo_spec, "--out", "o").returncode == 0
    command = [sys.executable, "-m", "dronepatrol", "fly", "o", "--sim", "--factor", "60"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    yield process, tmp_path / "o"
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()


def test_ctrl_c_in_flight_brings_the_vehicle_home_and_stops_there(flying):
    process, folder = flying
    wait_for(folder / "flight" / "sortie-01.tlog")
    time.sleep(4.0)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, said
    assert "Traceback" not in said
    assert "error: sortie-01: stopped by the operator: returned early" in said
    assert not (folder / "flight" / "sortie-02.tlog").exists()
    track = pd.read_parquet(folder / "flight" / "sortie-01.parquet")
    assert track[track["event"] == "position"]["height_m"].iloc[-1] < 1.0  # it landed under supervision


def test_a_second_ctrl_c_leaves_and_says_that_nobody_watches(flying):
    process, folder = flying
    wait_for(folder / "flight" / "sortie-01.tlog")
    time.sleep(4.0)
    os.killpg(process.pid, signal.SIGINT)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED, said
    assert "unsupervised" in said
    assert "Traceback" not in said
