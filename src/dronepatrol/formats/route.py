"""A flight as places to fly to and what is done there: what formats other than MAVLink's own can say.

``route_read.route_of`` and :func:`items_of` are inverse to each other for routes, and for the items of every sortie
that this program plans; of other missions the route is the normal form, and what it cannot say is named.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from dronepatrol.formats.flight import Home
from dronepatrol.model.mission import Command, Frame, LonLat, MissionItem

IMAGE_STOP_CAPTURE = 2001
_MOUNT_MODE_TARGETING = 2.0
_KEEP_THROTTLE = -1.0


class Kind(StrEnum):
    """What can be done at a place: a photo, repeated photos (m or s, 0 off), a view, a heading, a speed (m/s)."""

    PHOTO = "photo"
    STEP = "step"
    PITCH = "pitch"
    YAW = "yaw"
    SPEED = "speed"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that is done; angles in degrees, pitch -90 is nadir, yaw 0 to 360 clockwise from north.

    Repeated photos are taken by distance, in metres, or ``by_time``, in seconds.
    """

    kind: Kind
    value: float = 0.0
    by_time: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """A place; ``height_m`` is above home, ``yaw_deg`` the heading on the way here, None along the flight."""

    lon_deg: float
    lat_deg: float
    height_m: float
    hold_s: float = 0.0
    yaw_deg: float | None = None
    acts: tuple[Act, ...] = ()

    @property
    def lonlat(self) -> LonLat:
        """The place."""
        return self.lon_deg, self.lat_deg


@dataclass(frozen=True, slots=True)
class Route:
    """Take-off height above home (None: not part of it), what is done at first, stops, the end.

    ``end`` is "home", "land" or "stay".
    """

    takeoff_m: float | None
    start: tuple[Act, ...]
    stops: tuple[Stop, ...]
    end: str


def items_of(route: Route, autopilot: str, home: Home | None) -> tuple[MissionItem, ...]:
    """Return a route in an autopilot's terms; anything but "px4" is ArduPilot's."""
    px4 = autopilot == "px4"
    items = []
    if route.takeoff_m is not None:
        params = (0.0, 0.0, 0.0, math.nan if px4 else 0.0)
        lat, lon = (home.lat_deg, home.lon_deg) if home else (0.0, 0.0)
        items.append(MissionItem(Command.NAV_TAKEOFF, Frame.GLOBAL_RELATIVE_ALT, params, lat, lon, route.takeoff_m))
    items += [_act_item(act, px4) for act in route.start]
    for stop in route.stops:
        if stop.yaw_deg is not None and not px4:
            items.append(_act_item(Act(Kind.YAW, stop.yaw_deg), px4))
        heading = (math.nan if stop.yaw_deg is None else stop.yaw_deg) if px4 else 0.0
        params = (stop.hold_s, 0.0, 0.0, heading)
        place = (stop.lat_deg, stop.lon_deg, stop.height_m)
        items.append(MissionItem(Command.NAV_WAYPOINT, Frame.GLOBAL_RELATIVE_ALT, params, *place))
        items += [_act_item(act, px4) for act in stop.acts]
    if route.end == "home":
        items.append(MissionItem(Command.NAV_RETURN_TO_LAUNCH, Frame.MISSION))
    elif route.end == "land":
        items.append(MissionItem(Command.NAV_LAND, Frame.GLOBAL_RELATIVE_ALT))
    return tuple(items)


def normal_acts(acts: tuple[Act, ...], before: "State") -> tuple[Act, ...]:
    """Return acts at one stop with speed and repeated photos switched in one way only.

    What changes nothing is left out; "off" comes first, or right behind an "on" at the same stop; the speed comes next.

    Parameters
    ----------
    acts
        What is done.
    before
        What holds when the stop is reached.
    """
    acts = tuple(effective(acts, before))
    others = [act for act in acts if act.kind not in {Kind.STEP, Kind.SPEED}]
    after = before.after(acts)
    on, place = _switched_on(acts, before)
    if on is not None:
        others[place:place] = [on] if after.step.value else [on, off(on)]
    other_way = on is not None and (place > 0 or on.by_time != before.step.by_time)
    if before.step.value and (other_way if on is not None else not after.step.value):
        others.insert(0, off(before.step))
    if after.speed_m_s is not None and after.speed_m_s != before.speed_m_s:
        others.insert(
            int(before.step.value > 0.0 and others[:1] == [off(before.step)]), Act(Kind.SPEED, after.speed_m_s)
        )
    return tuple(others)


def off(step: Act) -> Act:
    """Return the end of repeated photos."""
    return replace(step, value=0.0)


def effective(acts: tuple[Act, ...], before: "State") -> Iterator[Act]:
    """Yield acts without those that end photos by time while photos by distance are taken, or the other way round."""
    step = before.step
    for act in acts:
        if act.kind is Kind.STEP:
            if not act.value and step.value and act.by_time != step.by_time:
                continue
            step = act
        yield act


def _switched_on(acts: tuple[Act, ...], before: "State") -> tuple[Act | None, int]:
    """Return the last switch to repeated photos that changes something, and how much else is done before it."""
    place = 0
    found: tuple[Act | None, int] = (None, 0)
    was_off = before.step.value == 0.0
    for act in acts:
        if act.kind is Kind.STEP:
            was_off = was_off or act.value == 0.0
            new = act != before.step or (was_off and place > 0)
            if act.value:
                found = (act, place) if new else (None, 0)
        elif act.kind is not Kind.SPEED:
            place += 1
    return found


@dataclass(frozen=True, slots=True)
class State:
    """What holds on from act to act: how photos are repeated, and the speed, None where not said."""

    step: Act = Act(Kind.STEP)
    speed_m_s: float | None = None

    def after(self, acts: tuple[Act, ...]) -> "State":
        """Return what holds after acts."""
        step = next((act for act in reversed(acts) if act.kind is Kind.STEP), self.step)
        speed = next((act.value for act in reversed(acts) if act.kind is Kind.SPEED), self.speed_m_s)
        return State(step if step.value else Act(Kind.STEP), speed)


def _act_item(act: Act, px4: bool) -> MissionItem:
    value = act.value
    if act.kind is Kind.PHOTO and px4:
        return MissionItem(Command.IMAGE_START_CAPTURE, Frame.MISSION, (0.0, 0.0, 1.0, 0.0))
    if act.by_time:
        command = Command.IMAGE_START_CAPTURE if value else IMAGE_STOP_CAPTURE
        return MissionItem(command, Frame.MISSION, (0.0, value, 0.0, 0.0))
    items = {
        Kind.PHOTO: MissionItem(Command.DO_DIGICAM_CONTROL, Frame.MISSION, lat_deg=1.0),
        Kind.STEP: MissionItem(Command.DO_SET_CAM_TRIGG_DIST, Frame.MISSION, (value, 0.0, float(value > 0.0), 0.0)),
        Kind.PITCH: MissionItem(
            Command.DO_MOUNT_CONTROL, Frame.MISSION, (value, 0.0, 0.0, 0.0), altitude_m=_MOUNT_MODE_TARGETING
        ),
        Kind.YAW: MissionItem(Command.CONDITION_YAW, Frame.MISSION, (value, 0.0, 0.0, 0.0)),
        Kind.SPEED: MissionItem(Command.DO_CHANGE_SPEED, Frame.MISSION, (1.0, value, _KEEP_THROTTLE, 0.0)),
    }
    return items[act.kind]
