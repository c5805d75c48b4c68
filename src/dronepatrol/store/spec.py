"""The patrol spec: ``missions/*.toml`` as asked, and the ``patrol.toml`` that a patrol's folder keeps."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from dronepatrol.errors import InputError
from dronepatrol.files import write_text
from dronepatrol.model.mission import Dock
from dronepatrol.model.patrol import Datum, Fleet, Layout, Objective, PatrolSpec, Pattern, RegisterKind
from dronepatrol.store.approvals import flat, keys

_MAX_BYTES = 1024 * 1024
_MAX_PROBLEMS = 3
_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Text = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
FileName = Annotated[str, Field(max_length=4096, pattern=r"^[^\x00-\x1f\x7f]+$")]
Overlap = Annotated[float, Field(ge=0.0, le=0.95)]
Approvals = Annotated[dict[Text, Text], BeforeValidator(flat)]


class _Files(BaseModel):
    model_config = _STRICT
    areas: Annotated[list[FileName], Field(min_length=1, max_length=1000)]
    nofly: FileName | None = None
    towns: FileName | None = None
    places: FileName | None = None
    buildings: FileName | None = None
    dem: FileName | None = None
    datum: Literal["wgs84", "gcj02", "bd09"] = "wgs84"


class _Registers(BaseModel):
    model_config = _STRICT
    strict_parking: FileName | None = None
    stall_sites: FileName | None = None
    bike_bays: FileName | None = None
    building_sites: FileName | None = None
    outdoor_adverts: FileName | None = None


class _Dock(BaseModel):
    model_config = _STRICT
    id: Id
    name: Text
    lon_deg: Annotated[float, Field(ge=-180.0, le=180.0)]
    lat_deg: Annotated[float, Field(ge=-90.0, le=90.0)]
    ground_amsl_m: Annotated[float, Field(ge=-500.0, le=9000.0)]


class _Fleet(BaseModel):
    model_config = _STRICT
    drones_per_dock: Annotated[int, Field(ge=1, le=100)] = 1
    charge_min: Annotated[float, Field(ge=0.0, le=1440.0)] = 40.0
    objective: Literal["makespan", "sorties"] = "makespan"


class _Photos(BaseModel):
    model_config = _STRICT
    gsd_cm: Annotated[float, Field(ge=0.1, le=100.0)] | None = None
    height_m: Annotated[float, Field(ge=5.0, le=1000.0)] | None = None
    front_overlap: Overlap
    side_overlap: Overlap

    @model_validator(mode="after")
    def _one_height(self) -> Self:
        if (self.gsd_cm is None) == (self.height_m is None):
            msg = "one of gsd_cm and height_m"
            raise ValueError(msg)
        return self


class _Layout(BaseModel):
    model_config = _STRICT
    corridor_width_m: Annotated[float, Field(ge=0.0, le=2000.0)] = 0.0
    tolerance_m: Annotated[float, Field(ge=0.0, le=50.0)] = 3.0
    orbit_radius_m: Annotated[float, Field(ge=0.0, le=500.0)] = 40.0
    orbit_photos: Annotated[int, Field(ge=1, le=72)] = 8
    oblique_pitch_deg: Annotated[float, Field(ge=-80.0, le=-30.0)] = -45.0
    perimeter_offset_m: Annotated[float, Field(ge=-500.0, le=25.0)] = 0.0
    recheck_photos: Literal[1, 5] = 1


class _Wind(BaseModel):
    model_config = _STRICT
    speed_m_s: Annotated[float, Field(ge=0.0, le=60.0)] = 0.0
    from_deg: Annotated[float, Field(ge=0.0, le=360.0)] = 0.0


class _Profiles(BaseModel):
    model_config = _STRICT
    camera: Text
    aircraft: Text


class _Spec(BaseModel):
    model_config = _STRICT
    id: Id
    title_zh: Text
    title_en: Text
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)]
    start: AwareDatetime
    camera: Id
    aircraft: Id
    pattern: Literal["coverage", "crosshatch", "oblique", "corridor", "points", "perimeter", "recheck"] = "coverage"
    files: _Files
    registers: _Registers = _Registers()
    docks: Annotated[list[_Dock], Field(min_length=1, max_length=1000)]
    fleet: _Fleet = _Fleet()
    photos: _Photos
    layout: _Layout = _Layout()
    wind: _Wind = _Wind()
    approvals: Approvals = {}
    operator: dict[Id, Text] = {}
    profiles: _Profiles | None = None

    @field_validator("docks")
    @classmethod
    def _docks_differ(cls, docks: list[_Dock]) -> list[_Dock]:
        ids = [dock.id for dock in docks]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            msg = f"docks with ids of their own; {', '.join(twice)} stands more than once"
            raise ValueError(msg)
        return docks


def read_spec(path: Path) -> PatrolSpec:
    """Read a patrol spec; relative paths in it are resolved against its folder.

    Raises
    ------
    InputError
        When the file cannot be read, is no TOML, or has missing, unknown or impossible keys; the message names the
        file, the key, what was found and what was expected.
    """
    table = _toml(path)
    try:
        asked = _Spec.model_validate(table)
    except ValidationError as error:
        problems = [_problem(one) for one in error.errors(include_url=False)]
        more = f"; and {len(problems) - _MAX_PROBLEMS} more" if len(problems) > _MAX_PROBLEMS else ""
        msg = f"{path}: {'; '.join(problems[:_MAX_PROBLEMS])}{more}"
        raise InputError(
            msg, hint="correct the patrol spec; missions/pinghu-xindai-demo.toml shows every key"
        ) from error
    return _resolved(asked, path.parent)


def write_spec(path: Path, spec: PatrolSpec, profile_versions: Mapping[str, str]) -> None:
    """Write ``patrol.toml``: what was asked, with absolute paths, the seed and the profiles' versions.

    Parameters
    ----------
    path
        Where to.
    spec
        What was asked.
    profile_versions
        ``camera`` and ``aircraft``, as :func:`dronepatrol.store.profiles.versions` gives them.
    """
    optional = {
        "nofly": spec.nofly_file,
        "towns": spec.towns_file,
        "places": spec.places_file,
        "buildings": spec.buildings_file,
        "dem": spec.dem_file,
    }
    fleet = spec.fleet
    tables: dict[str, Mapping[str, object]] = {
        "files": {
            "areas": [_absolute(file) for file in spec.area_files],
            **{key: _absolute(file) for key, file in optional.items() if file},
            "datum": spec.datum.value,
        },
        "registers": {kind.value: _absolute(file) for kind, file in spec.register_files.items()},
        "fleet": {
            "drones_per_dock": fleet.drones_per_dock,
            "charge_min": fleet.charge_s / 60,
            "objective": fleet.objective.value,
        },
        "photos": {
            **({"gsd_cm": round(spec.gsd_m * 100, 12)} if spec.gsd_m is not None else {"height_m": spec.height_m}),
            "front_overlap": spec.front_overlap,
            "side_overlap": spec.side_overlap,
        },
        "layout": asdict(spec.layout),
        "wind": {"speed_m_s": spec.wind_m_s, "from_deg": spec.wind_from_deg},
        "approvals": keys(spec.approvals),
        "operator": spec.operator,
        "profiles": dict(profile_versions),
    }
    top = {key: getattr(spec, key) for key in ("id", "title_zh", "title_en", "seed", "start", "camera", "aircraft")}
    lines = ["# What was asked of this patrol; [profiles] has the versions of the profiles that it was planned with."]
    lines += _lines(top | {"pattern": spec.pattern.value})
    for dock in fleet.docks:
        lines += ["", "[[docks]]", *_lines(asdict(dock))]
    for name, values in tables.items():
        lines += ["", f"[{name}]", *_lines(values)]
    write_text(path, "\n".join(lines) + "\n")


def _toml(path: Path) -> dict[str, Any]:
    hint = "name a patrol spec such as missions/pinghu-xindai-demo.toml"
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as error:
        msg = f"cannot read the patrol spec {path}: {error.strerror or error}"
        raise InputError(msg, hint=hint) from error
    if len(content) > _MAX_BYTES:
        msg = f"{path} has more than {_MAX_BYTES:,} bytes; a patrol spec is a short TOML file"
        raise InputError(msg, hint=hint)
    try:
        return tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        msg = f"{path} is no TOML: {' '.join(str(error).split()) or 'nested too deeply'}"
        raise InputError(msg, hint=hint) from error


def _problem(error: Any) -> str:
    key = ".".join(map(str, error["loc"])) or "the file"
    if error["type"] == "extra_forbidden":
        return f"unknown key {key} = {_short(error['input'])}; no such key is expected"
    if error["type"] == "missing":
        return f"key {key} is missing"
    return f"{key} = {_short(error['input'])}; expected: {_lower(error['msg'].removeprefix('Value error, '))}"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _resolved(asked: _Spec, folder: Path) -> PatrolSpec:
    def path(name: str | None) -> Path | None:
        return (folder / name).resolve() if name else None

    registers = {kind: path(getattr(asked.registers, kind.value)) for kind in RegisterKind}
    return PatrolSpec(
        id=asked.id,
        title_zh=asked.title_zh,
        title_en=asked.title_en,
        seed=asked.seed,
        start=asked.start,
        area_files=tuple((folder / file).resolve() for file in asked.files.areas),
        nofly_file=path(asked.files.nofly),
        towns_file=path(asked.files.towns),
        register_files={kind: file for kind, file in registers.items() if file is not None},
        camera=asked.camera,
        aircraft=asked.aircraft,
        fleet=Fleet(
            docks=tuple(Dock(**dock.model_dump()) for dock in asked.docks),
            drones_per_dock=asked.fleet.drones_per_dock,
            charge_s=asked.fleet.charge_min * 60,
            objective=Objective(asked.fleet.objective),
        ),
        gsd_m=asked.photos.gsd_cm / 100 if asked.photos.gsd_cm is not None else None,
        front_overlap=asked.photos.front_overlap,
        side_overlap=asked.photos.side_overlap,
        wind_m_s=asked.wind.speed_m_s,
        wind_from_deg=asked.wind.from_deg,
        pattern=Pattern(asked.pattern),
        layout=Layout(**asked.layout.model_dump()),
        height_m=asked.photos.height_m,
        places_file=path(asked.files.places),
        buildings_file=path(asked.files.buildings),
        dem_file=path(asked.files.dem),
        approvals=asked.approvals,
        operator=asked.operator,
        datum=Datum(asked.files.datum),
    )


def _absolute(path: Path) -> str:
    return str(path.resolve())


def _lines(values: Mapping[str, object]) -> list[str]:
    return [f"{key} = {_toml_value(value)}" for key, value in values.items()]


def _toml_value(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, list):
        return f"[{', '.join(map(_toml_value, value))}]"
    if isinstance(value, str):  # without control characters, JSON's strings are TOML's
        return json.dumps(value, ensure_ascii=False)
    return repr(value)
