"""A flight as places to fly to and what is done there: what formats other than MAVLink's own can say.

:func:`route_of` and :func:`items_of` are inverse to each other for routes, and for the items of every sortie that this
program plans; of other missions the route is the normal form, and what it cannot say is named.
"""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

from dronepatrol.errors import InputError
from dronepatrol.formats.check import distance_m, has_place
from dronepatrol.formats.flight import Flight, Home
from dronepatrol.model.mission import Command, Frame, LonLat, MissionItem

_RELATIVE_FRAMES = (Frame.GLOBAL_RELATIVE_ALT, 6)
_AMSL_FRAMES = (Frame.GLOBAL, 5)
_TERRAIN_FRAMES = (10, 11)
_DO_SET_CAM_TRIGG_INTERVAL = 214
_DO_GIMBAL_MANAGER_PITCHYAW = 1000
_IMAGE_STOP_CAPTURE = 2001
_LAND_ELSEWHERE_M = 1.0
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


def route_of(flight: Flight) -> tuple[Route, list[str]]:
    """Return a flight as a route, and what a route cannot say.

    Raises
    ------
    InputError
        When a height cannot be said above home.
    """
    reader = _Reader(flight)
    for number, item in enumerate(flight.items, start=1):
        reader.take(number, item)
    return reader.route(), [f"{what} ({count})" for what, count in reader.losses.items()]


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
    acts = tuple(_effective(acts, before))
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


def _effective(acts: tuple[Act, ...], before: "State") -> Iterator[Act]:
    """Yield acts without those that end photos by time while photos by distance are taken, or the other way round."""
    step = before.step
    for act in acts:
        if act.kind is Kind.STEP:
            if not act.value and step.value and act.by_time != step.by_time:
                continue
            step = act
        yield act


def _both_at_once(acts: tuple[Act, ...], before: "State") -> bool:
    step = before.step
    for act in _effective(acts, before):
        if act.kind is Kind.STEP:
            if act.value and step.value and act.by_time != step.by_time:
                return True
            step = act
    return False


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


@dataclass
class _Reader:
    """Reads items one by one; ``acts`` are those since the last place."""

    flight: Flight
    acts: list[Act] = field(default_factory=list)
    start: tuple[Act, ...] = ()
    stops: list[Stop] = field(default_factory=list)
    losses: Counter[str] = field(default_factory=Counter)
    takeoff_m: float | None = None
    end: str = "stay"

    def take(self, number: int, item: MissionItem) -> None:
        if not item.autocontinue:
            self.losses["waiting for the pilot behind an item"] += 1
        if self.end != "stay":
            self.losses["items behind the end of the flight"] += 1
        elif item.command == Command.NAV_TAKEOFF and not self.stops:
            self.takeoff_m = self._height(number, item)
        elif item.command == Command.NAV_WAYPOINT and has_place(item):
            self._fly_to(number, item)
        elif item.command == Command.NAV_RETURN_TO_LAUNCH:
            self.end = "home"
        elif item.command == Command.NAV_LAND:
            self._land(item)
        elif (act := self._act(item)) is not None:
            self.acts.append(act)
        else:
            self.losses[f"command {item.command}"] += 1

    def route(self) -> Route:
        self._keep_acts()
        start = normal_acts(tuple(act for act in self.start if act.kind is not Kind.STEP), State())
        if any(act.kind is Kind.STEP for act in self.start):
            self.losses["repeated photos before the first waypoint"] += 1
        state = State().after(start)
        start, yaw = self._parted(start)
        stops: list[Stop] = []
        for number, stop in enumerate(self.stops, start=1):
            last = number == len(self.stops)
            if _both_at_once(stop.acts, state):
                self.losses["photos by distance and by time at once"] += 1
            ended = (Act(Kind.STEP), Act(Kind.STEP, by_time=True)) if last else ()
            acts = normal_acts((*stop.acts, *ended), state)
            state = state.after(acts)
            heading = stop.yaw_deg if yaw is None else yaw
            acts, yaw = (acts, None) if last else self._parted(acts)
            stops.append(replace(stop, acts=acts, yaw_deg=heading))
        return Route(self.takeoff_m, start, tuple(stops), self.end)

    def _parted(self, acts: tuple[Act, ...]) -> tuple[tuple[Act, ...], float | None]:
        """Return acts and the heading on the way onward, which ArduPilot's missions say as the last act."""
        if self.flight.autopilot != "px4" and self.stops and acts and acts[-1].kind is Kind.YAW:
            return acts[:-1], acts[-1].value
        return acts, None

    def _fly_to(self, number: int, item: MissionItem) -> None:
        yaw = None
        if self.flight.autopilot == "px4" and math.isfinite(item.params[3]):
            yaw = round(item.params[3] % 360.0, 9) % 360.0
        self._keep_acts()
        if any(item.params[1:3]):
            self.losses["acceptance and pass radius"] += 1
        hold = item.params[0] if math.isfinite(item.params[0]) else 0.0
        height = self._height(number, item)
        self.stops.append(Stop(item.lon_deg, item.lat_deg, height, max(0.0, hold), yaw))

    def _land(self, item: MissionItem) -> None:
        self.end = "land"
        if has_place(item) and self.stops:
            last = self.stops[-1]
            if distance_m(last.lonlat, (item.lon_deg, item.lat_deg)) > _LAND_ELSEWHERE_M:
                self._keep_acts()
                self.stops.append(Stop(item.lon_deg, item.lat_deg, last.height_m))

    def _keep_acts(self) -> None:
        if self.stops:
            self.stops[-1] = replace(self.stops[-1], acts=(*self.stops[-1].acts, *self.acts))
        else:
            self.start = (*self.start, *self.acts)
        self.acts = []

    def _height(self, number: int, item: MissionItem) -> float:
        if item.frame in _RELATIVE_FRAMES and math.isfinite(item.altitude_m):
            return item.altitude_m
        home = self.flight.home
        if item.frame in _AMSL_FRAMES and home is not None and math.isfinite(item.altitude_m):
            self.losses["heights above sea level became heights above home"] += 1
            return item.altitude_m - home.amsl_m
        what = "above terrain" if item.frame in _TERRAIN_FRAMES else "above sea level without home's height"
        msg = f"item {number}: a height {what} (frame {item.frame}); this format has heights above home"
        raise InputError(msg, hint="plan the flight with heights above home, or write a .plan")

    def _act(self, item: MissionItem) -> Act | None:
        """Return an item as an act, None where there is none for it."""
        p1, p2, p3, p4 = item.params
        angle = round(p1 % 360.0, 9) % 360.0 if math.isfinite(p1) else 0.0
        shoots = item.command == Command.DO_DIGICAM_CONTROL and item.lat_deg == 1.0
        if item.command == Command.CONDITION_YAW and (p2 or p3):
            self.losses["rate and direction of a turn"] += 1
        if item.command == Command.DO_SET_CAM_TRIGG_DIST and p1 > 0.0 and (p2 or p3 != 1.0):
            self.losses["shutter time, and whether a photo is taken when photos by distance are switched on"] += 1
        acts = {
            Command.DO_CHANGE_SPEED: (p1 in {0.0, 1.0} and p2 > 0.0, Act(Kind.SPEED, p2)),
            Command.DO_MOUNT_CONTROL: (not (p2 or p3) and math.isfinite(p1), Act(Kind.PITCH, p1)),
            _DO_GIMBAL_MANAGER_PITCHYAW: (math.isfinite(p1), Act(Kind.PITCH, p1)),
            Command.DO_SET_CAM_TRIGG_DIST: (p1 >= 0.0, Act(Kind.STEP, p1)),
            Command.CONDITION_YAW: (math.isfinite(p1) and p4 == 0.0, Act(Kind.YAW, angle)),
            Command.DO_DIGICAM_CONTROL: (shoots, Act(Kind.PHOTO)),
            Command.IMAGE_START_CAPTURE: (
                p3 == 1.0 or (p3 == 0.0 and p2 > 0.0),
                Act(Kind.PHOTO) if p3 else Act(Kind.STEP, p2, by_time=True),
            ),
            _DO_SET_CAM_TRIGG_INTERVAL: (
                math.isfinite(p1),
                Act(Kind.STEP, max(0.0, p1 / 1000.0), by_time=True),
            ),
            _IMAGE_STOP_CAPTURE: (True, Act(Kind.STEP, by_time=True)),
        }
        known, act = acts.get(item.command, (False, Act(Kind.PHOTO)))
        return act if known else None


def _act_item(act: Act, px4: bool) -> MissionItem:
    value = act.value
    if act.kind is Kind.PHOTO and px4:
        return MissionItem(Command.IMAGE_START_CAPTURE, Frame.MISSION, (0.0, 0.0, 1.0, 0.0))
    if act.by_time:
        command = Command.IMAGE_START_CAPTURE if value else _IMAGE_STOP_CAPTURE
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
