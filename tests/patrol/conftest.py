"""One demo patrol, flown once for all tests of a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Return the folder and the printed summary of a whole demo patrol."""
    out = tmp_path_factory.mktemp("demo") / "patrol"
    command = [sys.executable, "-m", "dronepatrol", "demo", "--out", str(out), "--seed", "5", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return Path(out), json.loads(done.stdout), done.stderr
