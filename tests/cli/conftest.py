"""The command line as a user runs it: a process of its own."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def dronepatrol(tmp_path):
    """Return a function that runs ``dronepatrol`` with arguments in a folder of the test's own."""

    def run(*arguments, **options):
        command = [sys.executable, "-m", "dronepatrol", *map(str, arguments)]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, **options
        )

    return run


@pytest.fixture
def demo_spec():
    """Return the shipped demo's patrol spec."""
    return Path(__file__).resolve().parents[2] / "missions" / "pinghu-xindai-demo.toml"
