"""AUTO: the mission, item by item, the way ArduCopter runs it."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import degrees, hypot, inf

from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.sim.vehicle.actions import Actions
from dronepatrol.sim.vehicle.manoeuvres import Cockpit, Follow, Hold, LandAt, Manoeuvre, Return, TakeOff
from dronepatrol.sim.vehicle.numbers import Cmd, MissionState, Severity
from dronepatrol.sim.vehicle.outbox import Outbox
from dronepatrol.sim.vehicle.track import Leg, Vector

_NAV: dict[int, str] = {
    Command.NAV_WAYPOINT: "WP",
    Command.NAV_TAKEOFF: "Takeoff",
    Command.NAV_RETURN_TO_LAUNCH: "RTL",
    Command.NAV_LAND: "Land",
    Cmd.NAV_LOITER_UNLIMITED: "LoitUnlim",
    Cmd.NAV_LOITER_TIME: "LoitTime",
    Cmd.NAV_SPLINE_WAYPOINT: "SplineWP",
    Cmd.NAV_DELAY: "NavDelay",
}
_WAYPOINTS = {Command.NAV_WAYPOINT, Cmd.NAV_SPLINE_WAYPOINT}  # a spline is flown straight: a simplification
_TERRAIN_FRAMES = {10, 11}
_CONDITIONS = {Command.CONDITION_YAW, Cmd.CONDITION_DELAY, Cmd.CONDITION_DISTANCE}
_WAITS: dict[int, str] = {Cmd.CONDITION_DELAY: "Delay", Cmd.CONDITION_DISTANCE: "Distance"}
_MOST_JUMPS = 100  # without anything flown between them
_TURNED_DEG = 2.0


@dataclass(slots=True)
class _Step:
    """The navigation item being flown."""

    index: int
    manoeuvre: Manoeuvre
    hold_s: float = 0.0
    holding: bool = False


class Auto:
    """Runs a mission; ``items[0]`` is home and never flown."""

    def __init__(self, cockpit: Cockpit, actions: Actions, outbox: Outbox) -> None:
        self._cockpit, self._actions, self._outbox = cockpit, actions, outbox
        self._waiting: list[int] = []
        self._wait_until_s = 0.0
        self._jumps: dict[int, int] = {}
        self.terrain_missing = False
        self.highest_return_m = inf
        self._items: tuple[MissionItem, ...] = ()
        self.state = MissionState.NO_MISSION
        self.current = 0
        self._step: _Step | None = None
        self._destination: Vector | None = None

    def load(self, items: tuple[MissionItem, ...]) -> None:
        """Take a mission that was uploaded; it starts at its beginning."""
        self._items = items
        self.current, self._step = 0, None
        self._jumps.clear()
        self.state = MissionState.NOT_STARTED if len(items) > 1 else MissionState.NO_MISSION

    @property
    def needs_terrain(self) -> bool:
        """Whether the mission has heights above the ground, which this vehicle has no data for."""
        return any(item.frame in _TERRAIN_FRAMES and item.command in _NAV for item in self._items[1:])

    @property
    def manoeuvre(self) -> Manoeuvre | None:
        """What is being done."""
        return None if self._step is None else self._step.manoeuvre

    @property
    def target(self) -> Vector | None:
        """The place being flown to."""
        if self._step is None:
            return None
        return self._step.manoeuvre.target

    def set_current(self, index: int) -> bool:
        """Fly on at an item; return whether the mission has it."""
        if not 0 <= index < max(len(self._items), 1):
            return False
        running = self.state is MissionState.ACTIVE and self._step is not None
        self.current, self._step, self._destination = index, None, None
        if running:
            self._begin(max(index, 1))
        elif self.state is MissionState.COMPLETE:
            self.state = MissionState.NOT_STARTED
        return True

    @property
    def begins_with_takeoff(self) -> bool:
        """Whether the next item that is flown takes off."""
        first = self._ahead(max(self.current, 1) if self.state is not MissionState.COMPLETE else 1)
        return first is not None and self._items[first].command == Command.NAV_TAKEOFF

    def reset(self) -> None:
        """Go back to the beginning, as disarming does."""
        self.current, self._step = 0, None
        self._jumps.clear()
        if self.state in {MissionState.ACTIVE, MissionState.PAUSED}:
            self.state = MissionState.NOT_STARTED

    def start(self) -> bool:
        """Begin, or go on where it was paused; return whether there is anything to fly."""
        if len(self._items) < 2:
            return False
        if self.state is MissionState.COMPLETE:
            self.current = 0
        self._destination = None
        self._begin(max(self.current, 1))
        return self._step is not None

    def pause(self) -> None:
        """Leave the mission where it is."""
        if self.state is MissionState.ACTIVE:
            self.state = MissionState.PAUSED
        self._step = None

    def step(self) -> bool:
        """Fly one step; return whether the mission is over."""
        step = self._step
        if step is None:
            return True
        if self._waiting:
            self._do_waiting(step)
        if not step.manoeuvre.step():
            return False
        if step.hold_s > 0.0 and not step.holding:
            step.manoeuvre, step.holding = Hold(self._cockpit, self._place(step.index), step.hold_s), True
            return False
        self._reached(step.index)
        follow = step.manoeuvre
        self._begin(step.index + 1, follow if isinstance(follow, Follow) and follow.track.has_next else None)
        return self._step is None

    def _reached(self, index: int) -> None:
        self._outbox.put("mission_item_reached", seq=index)
        if self._items[index].command in _WAYPOINTS:
            self._outbox.text(Severity.INFO, f"Reached command #{index}")
            self._destination = self._place(index)

    def _begin(self, index: int, joined: Follow | None = None) -> None:
        """Do the items up to the next one that is flown, and start that one."""
        on_the_way = list(self._walk(index, self._jumps))
        nav = on_the_way.pop() if on_the_way and self._items[on_the_way[-1]].command in _NAV else None
        self._waiting = []
        for position, item in enumerate(on_the_way):  # the first before the flying starts, the others after
            command = self._items[item].command
            if (position == 0 and command not in _CONDITIONS) or command == Command.DO_CHANGE_SPEED:
                self._do(item)  # a heading is held on: ArduCopter sets it again until it is reached
            else:
                self._waiting.append(item)
        if nav is None:
            self._step, self.current, self.state = None, 0, MissionState.COMPLETE
            for item in self._waiting:
                self._do(item)
            self._waiting = []
            return
        self._outbox.text(Severity.INFO, f"Mission: {nav} {_NAV[self._items[nav].command]}")
        self._cockpit.fixed_yaw = None
        self.current, self.state = nav, MissionState.ACTIVE
        self._wait_until_s = 0.0
        self._step = self._fly(nav, joined)
        self._do_waiting(self._step)

    def _walk(self, index: int, jumps: dict[int, int]) -> Iterator[int]:
        """Return the items from one on up to the next that is flown, jumps followed and counted."""
        jumped = 0
        while 0 < index < len(self._items) and jumped < _MOST_JUMPS:
            item = self._items[index]
            if item.command == Cmd.DO_JUMP:
                target, times = int(item.params[0]), int(item.params[1])
                if (times < 0 or jumps.get(index, 0) < times) and 0 < target < len(self._items):
                    jumps[index] = jumps.get(index, 0) + 1
                    jumped, index = jumped + 1, target
                    continue
            else:
                yield index
                if item.command in _NAV:
                    return
            index += 1

    def _ahead(self, index: int) -> int | None:
        """Return the next item that is flown, without counting jumps."""
        on_the_way = list(self._walk(index, dict(self._jumps)))
        return on_the_way[-1] if on_the_way and self._items[on_the_way[-1]].command in _NAV else None

    def _do_waiting(self, step: _Step) -> None:
        """Do what follows the item being flown, up to a condition that does not hold yet."""
        state = self._cockpit.state
        while self._waiting:
            item = self._items[self._waiting[0]]
            if self._wait_until_s == 0.0:
                self._do(self._waiting[0])
                delay = item.params[0] if item.command == Cmd.CONDITION_DELAY else 0.0
                self._wait_until_s = state.time_s + delay
            if item.command in _CONDITIONS and not self._holds(item, step):
                return
            self._waiting.pop(0)
            self._wait_until_s = 0.0

    def _holds(self, item: MissionItem, step: _Step) -> bool:
        state = self._cockpit.state
        if item.command == Cmd.CONDITION_DELAY:
            return state.time_s >= self._wait_until_s
        if item.command == Cmd.CONDITION_DISTANCE:
            n, e, _ = self._place(step.index)
            return hypot(n - state.north_m, e - state.east_m) <= item.params[0]
        wanted = self._cockpit.fixed_yaw
        return wanted is None or abs((degrees(wanted - state.body.yaw) + 180) % 360 - 180) <= _TURNED_DEG

    def _fly(self, index: int, joined: Follow | None) -> _Step:
        item, cockpit = self._items[index], self._cockpit
        command = item.command
        self.terrain_missing = item.frame in _TERRAIN_FRAMES
        if self.terrain_missing:
            return _Step(index, Hold(cockpit, cockpit.stopping_point()))
        if command in _WAYPOINTS:
            return self._fly_waypoint(index, joined)
        if command == Command.NAV_TAKEOFF:
            takeoff = TakeOff(cockpit, max(self._place(index)[2], cockpit.state.up_m))
            self._destination = takeoff.target
            return _Step(index, takeoff)
        if command == Command.NAV_RETURN_TO_LAUNCH:
            return _Step(index, Return(cockpit, self.highest_return_m))
        if command == Command.NAV_LAND:
            return _Step(index, LandAt(cockpit, (*self._place(index)[:2], cockpit.here()[2])))
        return self._stay(index)

    def _stay(self, index: int) -> _Step:
        """Stay where the vehicle is, or at the item's place, for the item's time or without end."""
        item, cockpit = self._items[index], self._cockpit
        seconds = inf if item.command == Cmd.NAV_LOITER_UNLIMITED else max(item.params[0], 0.0)
        if item.command == Cmd.NAV_DELAY or (item.lat_deg == 0.0 and item.lon_deg == 0.0):
            return _Step(index, Hold(cockpit, cockpit.stopping_point(), seconds))
        step = self._fly_waypoint(index, None)
        step.hold_s = seconds
        return step

    def _fly_waypoint(self, index: int, joined: Follow | None) -> _Step:
        hold_s = max(self._items[index].params[0], 0.0)
        if joined is not None:
            joined.track.go_on(self._leg_after(index))
            return _Step(index, joined, hold_s)
        cockpit = self._cockpit
        start = self._destination or cockpit.stopping_point()
        track = cockpit.track()
        track.begin(Leg(start, self._place(index), cockpit.limits(cockpit.cruise_m_s)), self._leg_after(index))
        return _Step(index, Follow(cockpit, track, cockpit.cruise_m_s, looks_ahead=self._looks_ahead()), hold_s)

    def _looks_ahead(self) -> bool:
        return self._cockpit.state.parameters["WP_YAW_BEHAVIOR"] in {1, 2}

    def _leg_after(self, index: int) -> Leg | None:
        """Return the leg that follows a waypoint without a stop, or None."""
        item = self._items[index]
        following = self._ahead(index + 1)
        if following is None or item.command not in _WAYPOINTS or item.params[0] > 0.0:
            return None
        if self._items[following].command not in _WAYPOINTS or self._items[following].frame in _TERRAIN_FRAMES:
            return None
        cockpit = self._cockpit
        return Leg(self._place(index), self._place(following), cockpit.limits(cockpit.cruise_m_s))

    def _place(self, index: int) -> Vector:
        """Return where an item is; one without a position is where the last one was."""
        item, state = self._items[index], self._cockpit.state
        home_up = state.home.amsl_m - state.origin.amsl_m
        up = item.altitude_m - state.origin.amsl_m if item.frame in {Frame.GLOBAL, 5} else item.altitude_m + home_up
        if item.lat_deg == 0.0 and item.lon_deg == 0.0:
            north, east, _ = self._destination or self._cockpit.stopping_point()
            return north, east, up
        return (*state.origin.to_metres(item.lon_deg, item.lat_deg), up)

    def _do(self, index: int) -> None:
        item = self._items[index]
        if item.command in {Cmd.CONDITION_DELAY, Cmd.CONDITION_DISTANCE}:
            self._outbox.text(Severity.INFO, f"Mission: {index} {_WAITS[item.command]}")
        elif item.command in self._actions.commands:
            self._outbox.text(Severity.INFO, f"Mission: {index} {self._actions.name(item.command)}")
            self._actions.do(item.command, (*item.params, item.lat_deg, item.lon_deg, item.altitude_m))
        else:
            self._outbox.text(Severity.NOTICE, f"Skipping invalid cmd #{index}")
