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
    OUTDOOR_ADVERTS = "outdoor_adverts"  # places where outdoor advertising is approved


class Datum(StrEnum):
    """What the positions of a file are counted from; CGCS2000 counts as WGS-84."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"  # maps of AMap and Tencent
    BD09 = "bd09"  # maps of Baidu


@dataclass(frozen=True, slots=True)
class Area:
    """An area to patrol, WGS-84 (lon, lat), checked: valid and not empty."""

    id: str
    name: str
    geometry: Polygon | MultiPolygon


class ZoneKind(StrEnum):
    """What a zone forbids or asks for."""

    NO_FLY = "no_fly"  # must not be flown over
    HEIGHT_LIMIT = "height_limit"  # may be flown over below a height
    SENSITIVE = "sensitive"  # must not be seen by the camera
    ADVISORY = "advisory"  # a site near which the law asks for care, without a distance


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone of the airspace; ``max_height_m`` is above ground, for height limits alone. Open times mean always."""

    id: str
    name: str
    geometry: Polygon | MultiPolygon
    kind: ZoneKind = ZoneKind.NO_FLY
    max_height_m: float | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Building:
    """Something that stands up; ``height_m`` is above the ground around it."""

    geometry: Polygon | MultiPolygon
    height_m: float


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


class Pattern(StrEnum):
    """How an area, a network or a list of places is flown."""

    COVERAGE = "coverage"
    CROSSHATCH = "crosshatch"  # coverage twice, at right angles
    OBLIQUE = "oblique"  # five directions: nadir and four looking ahead, back, left, right
    CORRIDOR = "corridor"  # along every edge of a network: roads, canals
    POINTS = "points"  # an orbit around each place
    PERIMETER = "perimeter"  # along the border, looking in
    RECHECK = "recheck"  # nadir photos of given places


@dataclass(frozen=True, slots=True)
class Layout:
    """What patterns may be told beyond height and overlap; each pattern takes its own and leaves the others.

    Lengths in metres on the ground; pitches in degrees, -90 is nadir.
    """

    corridor_width_m: float = 0.0  # 0: what one lane shows
    tolerance_m: float = 3.0  # a corridor's curves become straight legs within this
    orbit_radius_m: float = 40.0
    orbit_photos: int = 8
    oblique_pitch_deg: float = -45.0
    perimeter_offset_m: float = 0.0  # outside the border; negative inside
    recheck_photos: int = 1  # 1, or 5 for a cross


class Objective(StrEnum):
    """What a fleet's timetable makes small."""

    MAKESPAN = "makespan"
    SORTIES = "sorties"


@dataclass(frozen=True, slots=True)
class Fleet:
    """What may fly: docks, drones at each, and how long a drone stands between two sorties."""

    docks: tuple[Dock, ...]
    drones_per_dock: int = 1
    charge_s: float = 2400.0
    objective: Objective = Objective.MAKESPAN


APPROVABLE = ("ALT120", "CROWD", "DROP", "RELAY", "SWARM")
"""Rules that a written approval lifts for the whole patrol."""
APPROVABLE_BY_ZONE = ("NFZ_POLY",)
"""Rules that a written approval lifts for the zone that it names."""


@dataclass(frozen=True, slots=True)
class PatrolSpec:
    """A patrol as asked for in ``missions/*.toml``; paths are resolved against the file's folder.

    One of ``gsd_m`` and ``height_m`` (above ground) decides how high is flown. ``datum`` holds for the positions in all
    the vector files that the spec names, and for no others: docks are WGS-84. ``approvals`` are the references of
    written approvals by rule, "SWARM", or by rule and zone, "NFZ_POLY.<the zone's id>"; ``operator`` says who flies,
    for the filing dossier.
    """

    id: str
    title_zh: str
    title_en: str
    seed: int
    start: datetime
    area_files: tuple[Path, ...]
    nofly_file: Path | None
    towns_file: Path | None
    register_files: dict[RegisterKind, Path]
    camera: str
    aircraft: str
    fleet: Fleet
    gsd_m: float | None
    front_overlap: float
    side_overlap: float
    wind_m_s: float = 0.0
    wind_from_deg: float = 0.0
    pattern: Pattern = Pattern.COVERAGE
    layout: Layout = field(default_factory=Layout)
    height_m: float | None = None
    places_file: Path | None = None  # lines of a corridor's network, or points
    buildings_file: Path | None = None
    dem_file: Path | None = None
    approvals: dict[str, str] = field(default_factory=dict)
    operator: dict[str, str] = field(default_factory=dict)
    datum: Datum = Datum.WGS84

    def approval(self, rule: str, zone_id: str = "") -> str:
        """Return the reference of the written approval that lifts a rule, for a zone where one is named; or nothing."""
        return self.approvals.get(f"{rule}.{zone_id}" if zone_id else rule, "")
