"""A mission as a route: what of MAVLink's items formats with places and actions can say."""

import math
from collections import Counter
from dataclasses import dataclass, field, replace

from dronepatrol.errors import InputError
from dronepatrol.formats.check import distance_m, has_place
from dronepatrol.formats.flight import Flight
from dronepatrol.formats.route import IMAGE_STOP_CAPTURE, Act, Kind, Route, State, Stop, effective, normal_acts
from dronepatrol.model.mission import Command, Frame, MissionItem

_RELATIVE_FRAMES = (Frame.GLOBAL_RELATIVE_ALT, 6)
_AMSL_FRAMES = (Frame.GLOBAL, 5)
_TERRAIN_FRAMES = (10, 11)
_DO_SET_CAM_TRIGG_INTERVAL = 214
_DO_GIMBAL_MANAGER_PITCHYAW = 1000
_LAND_ELSEWHERE_M = 1.0


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
            IMAGE_STOP_CAPTURE: (True, Act(Kind.STEP, by_time=True)),
        }
        known, act = acts.get(item.command, (False, Act(Kind.PHOTO)))
        return act if known else None


def _both_at_once(acts: tuple[Act, ...], before: "State") -> bool:
    step = before.step
    for act in effective(acts, before):
        if act.kind is Kind.STEP:
            if act.value and step.value and act.by_time != step.by_time:
                return True
            step = act
    return False
