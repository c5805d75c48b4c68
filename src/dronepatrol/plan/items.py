"""Sorties and fences in an autopilot's terms."""

import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import MultiLineString, Point, Polygon

from dronepatrol.geo.local import LocalFrame
from dronepatrol.model.mission import Command, Frame, Mission, MissionItem, Ring, Sortie, Waypoint
from dronepatrol.plan.fence import fence, without_holes
from dronepatrol.plan.stretch import PHOTO_STAND_S, TURN_STAND_S

_GROUND_SPEED = 1.0
_KEEP_THROTTLE = -1.0
_NADIR_DEG = -90.0
_MAV_MOUNT_MODE_MAVLINK_TARGETING = 2.0


def sortie_items(sortie: Sortie, autopilot: str) -> tuple[MissionItem, ...]:
    """Return a self-contained mission: take-off, speed, gimbal, flight line with its photos, return.

    Gimbal and heading are set on the way to where they are needed; where a photo leg begins right behind another with a
    different view, the aircraft turns on the spot first. On ways without photos the view is free.

    Parameters
    ----------
    sortie
        One flight; waypoint heights are above its dock.
    autopilot
        ``ardupilot``, whose item 0 is home (above mean sea level), or ``px4``, which has no home item.
    """
    items = [_home(sortie)] if autopilot == "ardupilot" else []
    views = _views(sortie.waypoints)
    items += [
        MissionItem(
            Command.NAV_TAKEOFF,
            Frame.GLOBAL_RELATIVE_ALT,
            (0.0, 0.0, 0.0, math.nan if autopilot == "px4" else 0.0),
            sortie.dock.lat_deg,
            sortie.dock.lon_deg,
            sortie.waypoints[0].height_m,
        ),
        MissionItem(Command.DO_CHANGE_SPEED, Frame.MISSION, (_GROUND_SPEED, sortie.speed_m_s, _KEEP_THROTTLE, 0.0)),
        _mount(views[0].pitch_deg),
    ]
    writer = _Writer(items, autopilot, views[0].pitch_deg)
    before = Waypoint(0.0, 0.0, 0.0)
    kept = views[0]
    for waypoint, view in zip(sortie.waypoints, views, strict=True):
        kept = kept if before.photo_step_m > 0 else view
        writer.fly_to(waypoint, kept, PHOTO_STAND_S if waypoint.photo_here else 0.0)
        if _takes_photos(waypoint) and kept != view:
            writer.trigger(0.0)
            writer.fly_to(waypoint, view, TURN_STAND_S)
        writer.trigger(waypoint.photo_step_m)
        if waypoint.photo_here and waypoint.photo_step_m <= 0:
            items.append(_photo(autopilot))
        before, kept = waypoint, view
    writer.trigger(0.0)
    items.append(MissionItem(Command.NAV_RETURN_TO_LAUNCH, Frame.MISSION))
    return tuple(items)


def rally_items(sortie: Sortie) -> tuple[MissionItem, ...]:
    """Return the sortie's rally points; heights are above home."""
    return tuple(
        MissionItem(
            Command.NAV_RALLY_POINT,
            Frame.GLOBAL_RELATIVE_ALT,
            lat_deg=point.lat_deg,
            lon_deg=point.lon_deg,
            altitude_m=point.height_m,
        )
        for point in sortie.rally
    )


def fence_items(mission: Mission) -> tuple[MissionItem, ...]:
    """Return the fence: one inclusion polygon around area and docks, one exclusion polygon per no-fly zone.

    A no-fly zone with holes is cut through them into several polygons, as fences know no holes.
    """
    areas = shapely.union_all([Polygon(rings[0], rings[1:]) for rings in mission.areas])  # they may overlap
    frame = LocalFrame.around(areas)
    docks = {(sortie.dock.lon_deg, sortie.dock.lat_deg) for sortie in mission.sorties}
    lines = [frame.to_metres(line_lonlat(sortie)) for sortie in mission.sorties]
    around = fence(
        frame.geometry_to_metres(areas),
        [Point(frame.to_metres(dock)) for dock in sorted(docks)],
        MultiLineString(lines),
    )
    outline = tuple((float(x), float(y)) for x, y in frame.to_lonlat(np.asarray(around.exterior.coords)))
    items = _vertices(Command.NAV_FENCE_POLYGON_VERTEX_INCLUSION, outline)
    for rings in mission.nofly:
        for part in without_holes(Polygon(rings[0], rings[1:])):
            ring = tuple((float(x), float(y)) for x, y in part.exterior.coords)
            items += _vertices(Command.NAV_FENCE_POLYGON_VERTEX_EXCLUSION, ring)
    return tuple(items)


def line_lonlat(sortie: Sortie) -> list[tuple[float, float]]:
    """Return where a sortie flies, from its dock to its dock."""
    home = (sortie.dock.lon_deg, sortie.dock.lat_deg)
    return [home, *((waypoint.lon_deg, waypoint.lat_deg) for waypoint in sortie.waypoints), home]


def _home(sortie: Sortie) -> MissionItem:
    dock = sortie.dock
    return MissionItem(
        Command.NAV_WAYPOINT,
        Frame.GLOBAL,
        lat_deg=dock.lat_deg,
        lon_deg=dock.lon_deg,
        altitude_m=dock.ground_amsl_m,
    )


@dataclass(frozen=True, slots=True)
class _View:
    """Where the camera looks; a yaw of None is along the flight."""

    pitch_deg: float
    yaw_deg: float | None


def _takes_photos(waypoint: Waypoint) -> bool:
    return waypoint.photo_here or waypoint.photo_step_m > 0


def _views(waypoints: tuple[Waypoint, ...]) -> list[_View]:
    """Return what each waypoint wants: its own view where photos are taken, else what the next photo needs."""
    taking = [waypoint for waypoint in waypoints if _takes_photos(waypoint)]
    view = _View(taking[-1].gimbal_pitch_deg if taking else _NADIR_DEG, None)
    views = []
    for waypoint in reversed(waypoints):
        if _takes_photos(waypoint):
            view = _View(waypoint.gimbal_pitch_deg, waypoint.yaw_deg)
        views.append(view)
    return views[::-1]


@dataclass
class _Writer:
    """Appends items and remembers what was last set.

    ArduPilot forgets a heading at every waypoint and so is told on every leg; PX4 has it in the waypoint. A mount that
    cannot pan turns an ArduPilot vehicle when it is pitched: this happens only on legs without photos.
    """

    items: list[MissionItem]
    autopilot: str
    pitch_deg: float
    step_m: float = 0.0

    def fly_to(self, waypoint: Waypoint, view: _View, hold_s: float) -> None:
        """Fly to a waypoint with this view on the way, and hold there."""
        if view.pitch_deg != self.pitch_deg:
            self.items.append(_mount(view.pitch_deg))
            self.pitch_deg = view.pitch_deg
        if view.yaw_deg is not None and self.autopilot == "ardupilot":
            self.items.append(MissionItem(Command.CONDITION_YAW, Frame.MISSION, (view.yaw_deg, 0.0, 0.0, 0.0)))
        self.items.append(_waypoint(waypoint, self.autopilot, view.yaw_deg, hold_s))

    def trigger(self, step_m: float) -> None:
        """Switch the trigger by distance on, with a photo at once, or off (0), without one; nothing if it is so."""
        if step_m != self.step_m:
            self.items.append(_trigger(step_m))
            self.step_m = step_m


def _mount(pitch_deg: float) -> MissionItem:
    return MissionItem(
        Command.DO_MOUNT_CONTROL,
        Frame.MISSION,
        (pitch_deg, 0.0, 0.0, 0.0),
        altitude_m=_MAV_MOUNT_MODE_MAVLINK_TARGETING,  # parameter 7
    )


def _photo(autopilot: str) -> MissionItem:
    """One photo: by the command that all ArduPilot versions know, or by the one that PX4's MAVLink cameras need."""
    if autopilot == "px4":
        return MissionItem(Command.IMAGE_START_CAPTURE, Frame.MISSION, (0.0, 0.0, 1.0, 0.0))
    return MissionItem(Command.DO_DIGICAM_CONTROL, Frame.MISSION, lat_deg=1.0)  # parameter 5: shoot


def _waypoint(waypoint: Waypoint, autopilot: str, yaw_deg: float | None, hold_s: float) -> MissionItem:
    yaw = (math.nan if yaw_deg is None else yaw_deg) if autopilot == "px4" else 0.0
    return MissionItem(
        Command.NAV_WAYPOINT,
        Frame.GLOBAL_RELATIVE_ALT,
        (hold_s, 0.0, 0.0, yaw),
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
