"""Fixtures that every room's tests share."""

import os
import shutil
from collections.abc import Callable
from ctypes.util import find_library
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


BROWSER_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser():
    """Return Debian's Chromium, driven by Playwright; skips and names the package where one is missing."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs a browser: install the Debian package chromium")
    if find_library("atomic") is None:
        pytest.skip("Playwright's driver needs libatomic: install the Debian package libatomic1")
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs the Python package playwright")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=BROWSER_ARGUMENTS)
        yield opened
        opened.close()
