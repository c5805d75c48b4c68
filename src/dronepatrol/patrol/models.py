"""The networks that there are, one by one: what each is, or what is wrong with it."""

from collections.abc import Iterable
from pathlib import Path

from dronepatrol.detect.describe import Description, add, describe
from dronepatrol.detect.models import find_model, models
from dronepatrol.errors import DronePatrolError, InputError
from dronepatrol.issues.taxonomy import load_taxonomy
from dronepatrol.model.batch import Skipped


def list_models() -> tuple[list[Description], list[Skipped]]:
    """Return all shipped and added networks, and those that cannot be used."""
    found: list[Description] = []
    broken: list[Skipped] = []
    for name, path in models().items():
        try:
            found.append(describe(path))
        except DronePatrolError as error:
            broken.append(Skipped(name, error.message, error.hint))
    return found, broken


def check_model(name_or_path: str) -> Description:
    """Return what a network is.

    Raises
    ------
    InputError
        When there is none of that name or path, or it is not understood.
    """
    path = find_model(name_or_path)
    if path is None:
        msg = f"no model {name_or_path!r}: neither a file nor one of {', '.join(models()) or 'no names'}"
        raise InputError(msg, hint="give the path of a .onnx file")
    return describe(path)


def add_model(path: Path, name: str) -> Description:
    """Make a network known by name on this machine; return what it is.

    Raises
    ------
    InputError
        When it is no network that is understood, or the name cannot be used.
    """
    return describe(add(path, name or path.stem))


def without_problem(kinds: Iterable[str]) -> list[str]:
    """Return the kinds of thing that the taxonomy makes no problem of: they are detected, and become no issue."""
    known = load_taxonomy().problem_of
    return sorted({kind for kind in kinds if kind and kind not in known})
