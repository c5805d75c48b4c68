"""What the tests of this room share."""

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def benchmark_of(monkeypatch):
    """Return a function that imports a benchmark by its name."""

    def load(name: str) -> ModuleType:
        monkeypatch.syspath_prepend(str(REPOSITORY))
        known = sys.modules.get("benchmarks")
        if known is not None and REPOSITORY / "benchmarks" not in map(Path, known.__path__):
            monkeypatch.delitem(sys.modules, "benchmarks")
        return importlib.import_module(f"benchmarks.{name}")

    return load
