"""``mission.json``: the canonical mission, all sorties."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from dronepatrol.errors import StorageError
from dronepatrol.files import write_bytes
from dronepatrol.model.mission import Mission

_MISSION = TypeAdapter(Mission)
_MAX_BYTES = 256 * 1024 * 1024


def write_mission(path: Path, mission: Mission) -> None:
    """Write a mission, whole or not at all; :func:`read_mission` returns exactly what was written."""
    write_bytes(path, _MISSION.dump_json(mission, indent=1) + b"\n")


def read_mission(path: Path) -> Mission:
    """Read a mission that :func:`write_mission` wrote.

    Raises
    ------
    StorageError
        When the file is missing or is no mission.
    """
    hint = "run dronepatrol plan again"
    try:
        if path.stat().st_size > _MAX_BYTES:
            msg = f"{path} has {path.stat().st_size:,} bytes; a mission has at most {_MAX_BYTES:,}"
            raise StorageError(msg, hint=hint)
        return _MISSION.validate_json(path.read_bytes())
    except OSError as error:
        msg = f"cannot read the mission {path}: {error.strerror or error}"
        raise StorageError(msg, hint=hint) from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        msg = f"{path} is no mission: {where}: {first['msg']}"
        raise StorageError(msg, hint=hint) from error
