"""Camera and aircraft profiles that come with the package."""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Literal, TypeVar

from pydantic import TypeAdapter, ValidationError

from dronepatrol.errors import InputError, StorageError
from dronepatrol.model.aircraft import AircraftProfile
from dronepatrol.model.camera import CameraProfile

_CAMERA = TypeAdapter(CameraProfile)
_AIRCRAFT = TypeAdapter(AircraftProfile)
P = TypeVar("P")
Shelf = Literal["cameras", "aircraft"]


def camera(profile_id: str) -> CameraProfile:
    """Return a camera profile.

    Raises
    ------
    InputError
        When no camera has this id; the message lists those there are.
    """
    return _checked(_CAMERA, "cameras", profile_id)


def aircraft(profile_id: str) -> AircraftProfile:
    """Return an aircraft profile.

    Raises
    ------
    InputError
        When no aircraft has this id; the message lists those there are.
    """
    return _checked(_AIRCRAFT, "aircraft", profile_id)


def versions(camera_id: str, aircraft_id: str) -> dict[str, str]:
    """Return the versions of the profiles that a plan is made with, by kind of profile."""
    return {"camera": _table("cameras", camera_id)["version"], "aircraft": _table("aircraft", aircraft_id)["version"]}


def known(shelf: Shelf) -> tuple[str, ...]:
    """Return the ids of the profiles there are, sorted."""
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in _shelf(shelf).iterdir() if _is_profile(entry)))


def _shelf(shelf: Shelf) -> Traversable:
    return files("dronepatrol.data") / shelf


def _is_profile(entry: Traversable) -> bool:
    return entry.name.endswith(".toml")


def _table(shelf: Shelf, profile_id: str) -> dict[str, Any]:
    ids = known(shelf)
    if profile_id not in ids:
        thing = {"cameras": "camera", "aircraft": "aircraft"}[shelf]
        msg = f"there is no {thing} profile {profile_id!r}; there are {', '.join(ids)}"
        raise InputError(msg, hint=f"set {thing} in the patrol spec to one of them")
    return tomllib.loads((_shelf(shelf) / f"{profile_id}.toml").read_text(encoding="utf-8"))


def _checked(adapter: TypeAdapter[P], shelf: Shelf, profile_id: str) -> P:
    table = _table(shelf, profile_id)
    try:
        return adapter.validate_python({key: value for key, value in table.items() if key != "version"})
    except ValidationError as error:
        msg = f"the profile {profile_id!r} of this installation is damaged: {error.errors()[0]['msg']}"
        raise StorageError(msg, hint="install dronepatrol again") from error
