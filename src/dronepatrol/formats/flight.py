"""What a mission file carries: one flight in an autopilot's terms, whatever program wrote it."""

import math
from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from dronepatrol.model.mission import Command, Frame, LonLat, Mission, MissionItem, Ring, Rings, Sortie

QUADROTOR = 2  # MAV_TYPE_QUADROTOR
MAX_ITEMS = 65_535  # MAVLink counts items in 16 bits
NAV_FENCE_RETURN_POINT = 5000
NAV_FENCE_CIRCLE_INCLUSION = 5003
NAV_FENCE_CIRCLE_EXCLUSION = 5004
FENCE_POLYGONS = (Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION, Command.NAV_FENCE_POLYGON_VERTEX_EXCLUSION)
FENCE = (NAV_FENCE_RETURN_POINT, *FENCE_POLYGONS, NAV_FENCE_CIRCLE_INCLUSION, NAV_FENCE_CIRCLE_EXCLUSION)


@dataclass(frozen=True, slots=True)
class Home:
    """Where the vehicle starts from; ``amsl_m`` is the height above mean sea level."""

    lon_deg: float
    lat_deg: float
    amsl_m: float


@dataclass(frozen=True, slots=True)
class Flight:
    """One flight.

    ``items`` is what is flown, without home; ``fence`` and ``rally`` are MAVLink's items of these kinds. ``autopilot``
    is "ardupilot", "px4" or empty where a file does not say. ``vehicle`` is a MAV_TYPE, ``aircraft`` one of
    :data:`dronepatrol.formats.dji_models.MODELS` or empty. A speed or height of None is not given.
    """

    items: tuple[MissionItem, ...] = ()
    home: Home | None = None
    fence: tuple[MissionItem, ...] = ()
    rally: tuple[MissionItem, ...] = ()
    name: str = ""
    autopilot: str = ""
    speed_m_s: float | None = None
    return_height_m: float | None = None
    vehicle: int = QUADROTOR
    aircraft: str = ""


@dataclass(frozen=True, slots=True)
class ReadMission:
    """What a file held.

    ``format`` and ``version`` say what it was. ``areas`` and ``lines`` are shapes of a file that holds no mission,
    lon and lat in degrees. ``warnings`` name what was in the file and has no equivalent here, or looks wrong.
    """

    flight: Flight
    format: str
    version: str = ""
    areas: tuple[Rings, ...] = ()
    lines: tuple[tuple[LonLat, ...], ...] = ()
    warnings: tuple[str, ...] = field(default=())


def flight_of(mission: Mission, sortie: Sortie, items: Sequence[MissionItem], aircraft: str = "") -> Flight:
    """Return a sortie as a flight.

    Parameters
    ----------
    mission
        What the sortie is part of.
    sortie
        One flight.
    items
        Its mission items (for ArduPilot with home as item 0) and, in any place, fence vertices and rally points.
    aircraft
        The DJI aircraft that shall fly it, or empty.
    """
    flown, fence, rally = parted(items)
    dock = sortie.dock
    return Flight(
        items=flown[1:] if mission.autopilot == "ardupilot" else flown,
        home=Home(dock.lon_deg, dock.lat_deg, dock.ground_amsl_m),
        fence=fence,
        rally=rally,
        name=sortie.id,
        autopilot=mission.autopilot,
        speed_m_s=sortie.speed_m_s,
        return_height_m=sortie.return_height_m,
        aircraft=aircraft,
    )


def unsaid(flight: Flight, said: Container[str] = ()) -> list[str]:
    """Return the names of what a flight has and a format does not say.

    Parameters
    ----------
    flight
        What is written.
    said
        What the format says.
    """
    speed = flight.speed_m_s is not None and all(item.command != Command.DO_CHANGE_SPEED for item in flight.items)
    parts = {
        "home": flight.home is not None,
        "speed": speed,
        "fence": bool(flight.fence),
        "rally points": bool(flight.rally),
        "name": bool(flight.name),
        "return height": flight.return_height_m is not None,
        "kind of vehicle": flight.vehicle != QUADROTOR,
        "DJI aircraft": bool(flight.aircraft),
    }
    return [name for name, there in parts.items() if there and name not in said]


def parted(
    items: Sequence[MissionItem],
) -> tuple[tuple[MissionItem, ...], tuple[MissionItem, ...], tuple[MissionItem, ...]]:
    """Return what is flown, the fence and the rally points."""
    fence = tuple(item for item in items if item.command in FENCE)
    rally = tuple(item for item in items if item.command == Command.NAV_RALLY_POINT)
    aside = (*FENCE, Command.NAV_RALLY_POINT)
    return tuple(item for item in items if item.command not in aside), fence, rally


def home_item(home: Home | None) -> MissionItem:
    """Return ArduPilot's item 0; without a home its place is zero, and the vehicle puts its own there."""
    place = home or Home(0.0, 0.0, 0.0)
    return MissionItem(
        Command.NAV_WAYPOINT, Frame.GLOBAL, lat_deg=place.lat_deg, lon_deg=place.lon_deg, altitude_m=place.amsl_m
    )


def home_of(item: MissionItem) -> Home | None:
    """Return the home of an item 0, None where it is a placeholder."""
    return None if item.lat_deg == item.lon_deg == 0.0 else Home(item.lon_deg, item.lat_deg, item.altitude_m)


def polygons(fence: Sequence[MissionItem]) -> list[tuple[MissionItem, ...]]:
    """Return the fence's polygons, each as its vertices in order."""
    vertices = [item for item in fence if item.command in FENCE_POLYGONS]
    found = []
    while vertices:
        count = vertices[0].params[0]
        count = max(int(count), 1) if math.isfinite(count) else len(vertices)
        found.append(tuple(vertices[:count]))
        vertices = vertices[count:]
    return found


def vertices(command: int, ring: Sequence[LonLat]) -> list[MissionItem]:
    """Return the fence items of one polygon; ``ring`` is open."""
    count = (float(len(ring)), 0.0, 0.0, 0.0)
    return [MissionItem(command, Frame.GLOBAL, count, lat_deg=lat, lon_deg=lon) for lon, lat in ring]


def closed(ring: Sequence[LonLat]) -> Ring:
    """Return a ring whose last place is its first; nothing where it has fewer than three corners."""
    whole = tuple(ring) if ring and ring[0] == ring[-1] else (*ring, *ring[:1])
    return whole if len(whole) > 3 else ()
