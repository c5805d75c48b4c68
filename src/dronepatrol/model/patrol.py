"""What is asked for: the patrol spec, and the areas and registers it speaks of."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from shapely import MultiPolygon, Polygon

from dronepatrol.model.mission import Dock


class RegisterKind(StrEnum):
    """The registers that finds are checked against; each is a layer of polygons with validity and hours."""

    STRICT_PARKING = "strict_parking"  # roads on which no vehicle may stand
    STALL_SITES = "stall_sites"  # sites where stalls are approved, in their hours
    BIKE_BAYS = "bike_bays"  # bays for shared bikes
    BUILDING_SITES = "building_sites"  # registered building sites and approved buildings


@dataclass(frozen=True, slots=True)
class Area:
    """An area to patrol, WGS-84 (lon, lat), checked: valid and not empty."""

    id: str
    name: str
    geometry: Polygon | MultiPolygon


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone that must not be flown over."""

    id: str
    name: str
    geometry: Polygon | MultiPolygon


@dataclass(frozen=True, slots=True)
class RegisterEntry:
    """One approved place, or one place with a rule.

    ``hours`` is local time (Asia/Shanghai), ranges like "06:00-09:00,17:00-21:30", empty for always.
    """

    kind: RegisterKind
    id: str
    name: str
    geometry: Polygon | MultiPolygon
    hours: str = ""
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class PatrolSpec:
    """A patrol as asked for in ``missions/*.toml``; paths are resolved against the file's folder."""

    id: str
    title_zh: str
    title_en: str
    seed: int
    start: datetime
    area_file: Path
    nofly_file: Path | None
    towns_file: Path | None
    register_files: dict[RegisterKind, Path]
    camera: str
    aircraft: str
    dock: Dock
    gsd_m: float
    front_overlap: float
    side_overlap: float
    wind_m_s: float = 0.0
    wind_from_deg: float = 0.0
    crs: str = field(default="EPSG:4326")
