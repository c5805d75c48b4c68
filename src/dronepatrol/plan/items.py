"""Sorties and fences in an autopilot's terms."""

import math

import numpy as np
from shapely import MultiPolygon, Point, Polygon

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Command, Frame, Mission, MissionItem, Ring, Sortie, Waypoint
from dronepatrol.plan.fence import fence

_GROUND_SPEED = 1.0
_KEEP_THROTTLE = -1.0
_NADIR_DEG = -90.0
_MAV_MOUNT_MODE_MAVLINK_TARGETING = 2.0


def sortie_items(sortie: Sortie, autopilot: str) -> tuple[MissionItem, ...]:
    """Return a self-contained mission: take-off, speed, gimbal, lanes with their trigger, return.

    Parameters
    ----------
    sortie
        One flight; waypoint heights are above its dock.
    autopilot
        ``ardupilot``, whose item 0 is home (above mean sea level), or ``px4``, which has no home item.
    """
    items = [_home(sortie)] if autopilot == "ardupilot" else []
    first = sortie.waypoints[0]
    items += [
        MissionItem(
            Command.NAV_TAKEOFF,
            Frame.GLOBAL_RELATIVE_ALT,
            (0.0, 0.0, 0.0, math.nan if autopilot == "px4" else 0.0),
            sortie.dock.lat_deg,
            sortie.dock.lon_deg,
            first.height_m,
        ),
        MissionItem(Command.DO_CHANGE_SPEED, Frame.MISSION, (_GROUND_SPEED, sortie.speed_m_s, _KEEP_THROTTLE, 0.0)),
        MissionItem(
            Command.DO_MOUNT_CONTROL,
            Frame.MISSION,
            (_NADIR_DEG, 0.0, 0.0, 0.0),
            altitude_m=_MAV_MOUNT_MODE_MAVLINK_TARGETING,  # parameter 7
        ),
    ]
    step = 0.0
    for waypoint in sortie.waypoints:
        items.append(_waypoint(waypoint, autopilot))
        if waypoint.photo_step_m != step:
            step = waypoint.photo_step_m
            items.append(_trigger(step))
    if step:
        items.append(_trigger(0.0))
    items.append(MissionItem(Command.NAV_RETURN_TO_LAUNCH, Frame.MISSION))
    return tuple(items)


def fence_items(mission: Mission) -> tuple[MissionItem, ...]:
    """Return the fence: one inclusion polygon around area and docks, one exclusion polygon per no-fly zone.

    Holes of no-fly zones are left out: the exclusion covers them too.
    """
    areas = MultiPolygon([Polygon(rings[0], rings[1:]) for rings in mission.areas])
    frame = LocalFrame.around(areas)
    docks = {(sortie.dock.lon_deg, sortie.dock.lat_deg) for sortie in mission.sorties}
    around = fence(
        frame.geometry_to_metres(areas),
        [Point(frame.to_metres(dock)) for dock in sorted(docks)],
    )
    outline = tuple((float(x), float(y)) for x, y in frame.to_lonlat(np.asarray(around.exterior.coords)))
    items = _vertices(Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION, outline)
    for rings in mission.nofly:
        items += _vertices(Command.NAV_FENCE_POLYGON_VERTEX_EXCLUSION, rings[0])
    return tuple(items)


def _home(sortie: Sortie) -> MissionItem:
    dock = sortie.dock
    return MissionItem(
        Command.NAV_WAYPOINT,
        Frame.GLOBAL,
        lat_deg=dock.lat_deg,
        lon_deg=dock.lon_deg,
        altitude_m=dock.ground_amsl_m,
    )


def _waypoint(waypoint: Waypoint, autopilot: str) -> MissionItem:
    yaw = math.nan if autopilot == "px4" else 0.0
    return MissionItem(
        Command.NAV_WAYPOINT,
        Frame.GLOBAL_RELATIVE_ALT,
        (0.0, 0.0, 0.0, yaw),
        waypoint.lat_deg,
        waypoint.lon_deg,
        waypoint.height_m,
    )


def _trigger(step_m: float) -> MissionItem:
    """Switch the trigger by distance on, with a photo at once, or off (0), without one."""
    return MissionItem(Command.DO_SET_CAM_TRIGG_DIST, Frame.MISSION, (step_m, 0.0, 1.0 if step_m else 0.0, 0.0))


def _vertices(command: Command, ring: Ring) -> list[MissionItem]:
    corners = ring[:-1]
    return [
        MissionItem(command, Frame.GLOBAL, (float(len(corners)), 0.0, 0.0, 0.0), lat_deg=lat, lon_deg=lon)
        for lon, lat in corners
    ]
