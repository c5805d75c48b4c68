"""Which models there are by name: those that come with the package, and those that were added on this machine."""

import os
from importlib import resources
from pathlib import Path

from dronepatrol.errors import InputError

DEFAULT = "vehicles"
"""The model that comes with the package."""
SUFFIX = ".onnx"


def shipped_folder() -> Path:
    """Return where the package's own models lie."""
    return Path(str(resources.files("dronepatrol.data").joinpath("models")))


def added_folder() -> Path:
    """Return where added models lie: ``$DRONEPATROL_MODELS``, else the user's data folder (XDG)."""
    named = os.environ.get("DRONEPATROL_MODELS")
    if named:
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "dronepatrol" / "models"


def models() -> dict[str, Path]:
    """Return name to weights; an added model stands before a shipped one of its name."""
    folders = (shipped_folder(), added_folder())
    return {path.stem: path for folder in folders for path in sorted(folder.glob(f"*{SUFFIX}"))}


def find_model(name_or_path: str) -> Path | None:
    """Return the weights that a name stands for, or that lie at a path; None where there are none.

    Raises
    ------
    InputError
        When it is no name, but a file that does not say by its ending that it is a network.
    """
    path = Path(name_or_path)
    if path.suffix.lower() == SUFFIX and path.is_file():
        return path
    known = models().get(name_or_path)
    if known is None and path.is_file():
        ending = f"a file that ends in {path.suffix}" if path.suffix else "a file without an ending"
        msg = f"{path}: {ending}; expected {SUFFIX}"
        raise InputError(msg, hint=f"if it is an ONNX network, rename it to {path.stem}{SUFFIX}")
    return known
