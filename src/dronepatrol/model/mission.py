"""Missions: what is to be flown, first as a patrol thinks of it, then as an autopilot does."""

from dataclasses import dataclass, field
from enum import IntEnum

LonLat = tuple[float, float]
Ring = tuple[LonLat, ...]
Rings = tuple[Ring, ...]
"""A polygon as (outer ring, hole, hole, …); every ring is closed, its last position equals its first."""


@dataclass(frozen=True, slots=True)
class Dock:
    """A place to start from and to come back to. ``ground_amsl_m`` is the ground's height above the geoid."""

    id: str
    name: str
    lon_deg: float
    lat_deg: float
    ground_amsl_m: float


@dataclass(frozen=True, slots=True)
class Waypoint:
    """A corner of the flight line, with what the camera does on the leg that starts here.

    ``height_m`` is above the take-off point; ``photo_step_m`` is the distance between photos on the next leg, 0 for
    none; ``photo_here`` asks for one photo at this place. The camera looks ``gimbal_pitch_deg`` (-90 is nadir) towards
    ``yaw_deg``, clockwise from true north, None for along the flight.
    """

    lon_deg: float
    lat_deg: float
    height_m: float
    photo_step_m: float = 0.0
    gimbal_pitch_deg: float = -90.0
    yaw_deg: float | None = None
    photo_here: bool = False


@dataclass(frozen=True, slots=True)
class RallyPoint:
    """A place to return to in an emergency instead of home; ``height_m`` is above the take-off point."""

    lon_deg: float
    lat_deg: float
    height_m: float


@dataclass(frozen=True, slots=True)
class Sortie:
    """One flight on one battery: take-off at the dock, the waypoints in order, return to the dock.

    ``drone`` flies it, from ``start_s`` after the patrol's start on. One that came home early has ``rest_from_photo``:
    the first photo, counted from 1, that another sortie takes instead; it is not flown again. 0 for none.
    """

    id: str
    dock: Dock
    waypoints: tuple[Waypoint, ...]
    speed_m_s: float
    return_height_m: float
    planned_length_m: float
    planned_time_s: float
    planned_energy_wh: float
    planned_photos: int
    drone: str = ""
    start_s: float = 0.0
    rally: tuple[RallyPoint, ...] = ()
    rest_from_photo: int = 0

    @property
    def due(self) -> int:
        """How many of its photos are due: all, or those before its rest."""
        return min(self.rest_from_photo - 1, self.planned_photos) if self.rest_from_photo else self.planned_photos


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a check of the plan found; ``severity`` is "info", "warning" or "blocker".

    :mod:`dronepatrol.model.wording` makes one that speaks both languages.
    """

    rule: str
    severity: str
    message: str
    what_to_do: str = ""
    lonlat: LonLat | None = None
    message_zh: str = ""
    what_to_do_zh: str = ""

    def said(self, lang: str) -> tuple[str, str]:
        """Return what was found and what to do, in "zh" or "en"; in English where there is no Chinese."""
        if lang == "zh":
            return self.message_zh or self.message, self.what_to_do_zh or self.what_to_do
        return self.message, self.what_to_do


@dataclass(frozen=True, slots=True)
class Mission:
    """The whole patrol as planned: all sorties and what they were planned for."""

    patrol_id: str
    seed: int
    camera_id: str
    aircraft_id: str
    autopilot: str
    height_m: float
    gsd_m: float
    lane_spacing_m: float
    photo_step_m: float
    areas: tuple[Rings, ...]
    nofly: tuple[Rings, ...]
    sorties: tuple[Sortie, ...]
    findings: tuple[Finding, ...] = field(default=())

    @property
    def to_fly(self) -> tuple[Sortie, ...]:
        """The sorties that are still to be flown: not those whose rest another one flies."""
        return tuple(sortie for sortie in self.sorties if not sortie.rest_from_photo)


class Command(IntEnum):
    """The MAV_CMD numbers that our missions use (mavlink.io, common message set)."""

    NAV_WAYPOINT = 16
    NAV_RETURN_TO_LAUNCH = 20
    NAV_LAND = 21
    NAV_TAKEOFF = 22
    CONDITION_YAW = 115
    DO_CHANGE_SPEED = 178
    DO_DIGICAM_CONTROL = 203
    DO_MOUNT_CONTROL = 205
    DO_SET_CAM_TRIGG_DIST = 206
    IMAGE_START_CAPTURE = 2000
    NAV_FENCE_POLYGON_VERTEX_INCLUSION = 5001
    NAV_FENCE_POLYGON_VERTEX_EXCLUSION = 5002
    NAV_RALLY_POINT = 5100


class Frame(IntEnum):
    """The MAV_FRAME numbers that our missions use."""

    GLOBAL = 0  # altitude above mean sea level
    MISSION = 2  # no position
    GLOBAL_RELATIVE_ALT = 3  # altitude above home


@dataclass(frozen=True, slots=True)
class MissionItem:
    """One item of an autopilot's mission, in MAVLink's terms; NaN means "not given".

    Without a position (``Frame.MISSION``) latitude, longitude and altitude carry the parameters 5, 6 and 7 as they are.
    """

    command: int
    frame: int
    params: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    lat_deg: float = 0.0
    lon_deg: float = 0.0
    altitude_m: float = 0.0
    autocontinue: bool = True
