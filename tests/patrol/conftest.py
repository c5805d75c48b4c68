"""One demo patrol, flown once for all tests of a process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Return the folder and the printed summary of a whole demo patrol."""
    out = tmp_path_factory.mktemp("demo") / "patrol"
    command = [sys.executable, "-m", "dronepatrol", "demo", "--out", str(out), "--seed", "5", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return Path(out), json.loads(done.stdout), done.stderr


@pytest.fixture
def run_notebook(monkeypatch):
    """Return a function that runs a notebook's code in its folder and returns its names."""
    monkeypatch.chdir(NOTEBOOKS)

    def names_of(name):
        cells = json.loads((NOTEBOOKS / name).read_text(encoding="utf-8"))["cells"]
        names = {"__name__": name}
        for cell in cells:
            if cell["cell_type"] == "code":
                assert cell["outputs"] == [], "notebooks are kept without outputs"
                exec(compile("".join(cell["source"]), f"{name}/{cell['id']}", "exec"), names)
        return names

    return names_of
