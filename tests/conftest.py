"""Fixtures that every room's tests share."""

import os
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest

hypothesis.settings.register_profile("house", deadline=None, derandomize=True)
hypothesis.settings.load_profile("house")

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def testdata() -> Callable[[str], Path]:
    """Return a function that finds a recording, or skips the test where the recordings are absent."""
    root = Path(os.environ.get("DRONEPATROL_TESTDATA", REPOSITORY.parent / "shared" / "data"))

    def find(name: str) -> Path:
        path = root / name
        if not path.exists():
            pytest.skip(f"needs the recording {name}; set DRONEPATROL_TESTDATA to the folder that has it")
        return path

    return find
