"""Missions from and for other programs: what a file holds, and the same flight in other formats."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dronepatrol.errors import InputError
from dronepatrol.formats.flight import Flight, ReadMission, flight_of
from dronepatrol.formats.registry import SUFFIXES, read, write
from dronepatrol.model.batch import Skipped
from dronepatrol.model.mission import LonLat, Mission
from dronepatrol.plan.items import fence_items, rally_items, sortie_items
from dronepatrol.store.folder import PatrolFolder
from dronepatrol.store.mission import read_mission


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of the new files: suffixes, where they go (None: beside the source), and what sources do not say.

    ``aircraft`` is the DJI aircraft that shall fly, ``speed_m_s`` the speed of a flight that has none.
    """

    suffixes: tuple[str, ...]
    folder: Path | None = None
    aircraft: str = ""
    speed_m_s: float | None = None


@dataclass(frozen=True, slots=True)
class Converted:
    """A file that was written, and what its format cannot say."""

    path: Path
    losses: tuple[str, ...]


def inspect(path: Path, autopilot: str = "ardupilot", near: LonLat | None = None) -> ReadMission:
    """Return what a mission file holds, checked; parameters and errors as for ``formats.registry.read``."""
    return read(path, autopilot, near)


def convert_file(path: Path, found: ReadMission, wanted: Wanted) -> tuple[list[Converted], list[Skipped]]:
    """Write the flight of a file in other formats.

    Returns the files, and those that could not be written with the reason.

    Raises
    ------
    InputError
        When the file holds no flight, a format is not known, or a file is there already.
    """
    suffixes = _suffixes(wanted)
    flight = found.flight
    if not (flight.items or flight.fence or flight.rally):
        msg = f"{path} holds no mission, but {len(found.areas)} areas and {len(found.lines)} lines"
        raise InputError(msg, hint="name it as the area of a patrol spec and plan a mission over it")
    targets = [(wanted.folder or path.parent) / f"{path.stem}{suffix}" for suffix in suffixes]
    for target in targets:
        if target.exists():
            msg = f"{target} is there already"
            raise InputError(msg, hint="name another folder with --out, or move it away")
    return _written([(target, flight) for target in targets], wanted)


def convert_patrol(folder: PatrolFolder, wanted: Wanted) -> tuple[list[Converted], list[Skipped]]:
    """Write every sortie of a plan that is to be flown in other formats; returns and errors as :func:`convert_file`.

    Raises
    ------
    StorageError
        When the folder holds no plan.
    """
    suffixes = _suffixes(wanted)
    mission = read_mission(folder.mission)
    flights = list(_flights(mission, wanted.aircraft))
    into = wanted.folder or folder.plan
    return _written([(into / f"{flight.name}{suffix}", flight) for flight in flights for suffix in suffixes], wanted)


def _flights(mission: Mission, aircraft: str) -> Iterator[Flight]:
    fence = fence_items(mission)
    for sortie in mission.to_fly:
        items = (*sortie_items(sortie, mission.autopilot), *fence, *rally_items(sortie))
        yield flight_of(mission, sortie, items, aircraft)


def _suffixes(wanted: Wanted) -> list[str]:
    names = [f".{name.lower().removeprefix('.')}" for name in wanted.suffixes]
    for name in names:
        if name not in SUFFIXES:
            msg = f"{name[1:41]!r} is no format that missions are written in"
            raise InputError(msg, hint=f"name one of {', '.join(suffix[1:] for suffix in sorted(SUFFIXES))}")
    return names


def _written(targets: Sequence[tuple[Path, Flight]], wanted: Wanted) -> tuple[list[Converted], list[Skipped]]:
    done: list[Converted] = []
    skipped: list[Skipped] = []
    for target, flight in targets:
        speed = wanted.speed_m_s if flight.speed_m_s is None else flight.speed_m_s
        asked = replace(flight, aircraft=wanted.aircraft or flight.aircraft, speed_m_s=speed)
        try:
            done.append(Converted(target, write(target, asked)))
        except InputError as error:
            skipped.append(Skipped(str(target), error.message, error.hint))
    return done, skipped
