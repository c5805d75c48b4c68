"""AUTO: the mission, item by item, the way ArduCopter runs it."""

from collections.abc import Iterator
from math import degrees, hypot

from dronepatrol.model.mission import Command, MissionItem
from dronepatrol.sim.vehicle.actions import Actions
from dronepatrol.sim.vehicle.cockpit import Cockpit
from dronepatrol.sim.vehicle.item_kinds import DO_NAMES, FLOWN, NAVIGATION, SILENT, WAITED_FOR
from dronepatrol.sim.vehicle.leg import Vector
from dronepatrol.sim.vehicle.manoeuvres import Follow, Hold, Manoeuvre
from dronepatrol.sim.vehicle.navigation import TERRAIN_FRAMES, Navigation, Step
from dronepatrol.sim.vehicle.numbers import Cmd, MissionState, Severity
from dronepatrol.sim.vehicle.outbox import Outbox

_SAID_WHEN_REACHED = {Command.NAV_WAYPOINT, Cmd.NAV_SPLINE_WAYPOINT, Cmd.NAV_LOITER_TIME}
_MOST_JUMPS = 100  # without anything flown between them
_TURNED_DEG = 2.0


class Auto:
    """Runs a mission; its first item is home and never flown."""

    def __init__(self, cockpit: Cockpit, actions: Actions, outbox: Outbox) -> None:
        self._cockpit, self._actions, self._outbox = cockpit, actions, outbox
        self.navigation = Navigation(cockpit)
        self._waiting: list[int] = []
        self._wait_until_s = 0.0
        self._jumps: dict[int, int] = {}
        self.terrain_missing = False
        self.state = MissionState.NO_MISSION
        self.current = 0
        self._step: Step | None = None

    @property
    def _items(self) -> tuple[MissionItem, ...]:
        return self.navigation.items

    def load(self, items: tuple[MissionItem, ...]) -> None:
        """Take a mission that was uploaded; it starts at its beginning."""
        self.navigation.items = items
        self.current, self._step = 0, None
        self._jumps.clear()
        self.state = MissionState.NOT_STARTED if len(items) > 1 else MissionState.NO_MISSION

    @property
    def needs_terrain(self) -> bool:
        """Whether the mission has heights above the ground, which this vehicle has no data for."""
        return any(item.frame in TERRAIN_FRAMES and item.command in FLOWN for item in self._items[1:])

    @property
    def manoeuvre(self) -> Manoeuvre | None:
        """What is being done."""
        return None if self._step is None else self._step.manoeuvre

    @property
    def target(self) -> Vector | None:
        """The place being flown to."""
        return None if self._step is None else self._step.manoeuvre.target

    def set_current(self, index: int) -> bool:
        """Fly on at an item; return whether the mission has it."""
        if not 0 <= index < max(len(self._items), 1):
            return False
        running = self.state is MissionState.ACTIVE and self._step is not None
        self.current, self._step, self.navigation.destination = index, None, None
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
        self.navigation.destination = None
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
        if step.then is not None:
            step.manoeuvre, step.then = step.then(), None
            return False
        if self._items[step.index].command in _SAID_WHEN_REACHED:
            self._outbox.text(Severity.INFO, f"Reached command #{step.index}")
        follow = step.manoeuvre
        joined = follow if isinstance(follow, Follow) and follow.track.has_next else None
        self._begin(step.index + 1, joined, reached=step.index)
        return self._step is None

    def _begin(self, index: int, joined: Follow | None = None, reached: int | None = None) -> None:
        """Do the items up to the next one that is flown, and start that one."""
        on_the_way = list(self._walk(index, self._jumps))
        nav = on_the_way.pop() if on_the_way and self._items[on_the_way[-1]].command in FLOWN else None
        self._waiting = on_the_way
        if reached is not None and not (self._waiting and self._tells_when_done(self._waiting[0])):
            self._outbox.put("mission_item_reached", seq=reached)  # else the next one's is told in its place
        if nav is None:
            self._step, self.current, self.state = None, 0, MissionState.COMPLETE
            while self._waiting:
                self._do(self._waiting.pop(0))
            return
        self._do_at_once()
        self._outbox.text(Severity.INFO, f"Mission: {nav} {NAVIGATION[self._items[nav].command]}")
        self._cockpit.look_freely()
        self.current, self.state = nav, MissionState.ACTIVE
        self._wait_until_s = 0.0
        self._step = self._fly(nav, joined)
        self._do_waiting(self._step)

    def _do_at_once(self) -> None:
        """Do the first item before the flying starts, and the changes of speed that follow no condition."""
        for position, index in enumerate(list(self._waiting)):
            command = self._items[index].command
            if command in WAITED_FOR:  # a heading is held on: ArduCopter sets it again until it is reached
                return
            if position == 0 or command == Command.DO_CHANGE_SPEED:
                self._do(index)
                self._waiting.remove(index)

    def _tells_when_done(self, index: int) -> bool:
        command = self._items[index].command
        return command in DO_NAMES and command not in SILENT and command not in WAITED_FOR

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
                if item.command in FLOWN:
                    return
            index += 1

    def _ahead(self, index: int, jumps: dict[int, int] | None = None) -> int | None:
        """Return the next item that is flown, counting jumps in ``jumps`` only."""
        on_the_way = list(self._walk(index, dict(self._jumps) if jumps is None else jumps))
        return on_the_way[-1] if on_the_way and self._items[on_the_way[-1]].command in FLOWN else None

    def _do_waiting(self, step: Step) -> None:
        """Do what follows the item being flown, up to a condition that does not hold yet."""
        state = self._cockpit.state
        while self._waiting:
            index = self._waiting[0]
            item = self._items[index]
            if self._wait_until_s == 0.0:
                self._do(index)
                delay = item.params[0] if item.command == Cmd.CONDITION_DELAY else 0.0
                self._wait_until_s = state.time_s + delay
            if item.command in WAITED_FOR:
                if not self._holds(item, step):
                    return
                self._outbox.put("mission_item_reached", seq=index)
            self._waiting.pop(0)
            self._wait_until_s = 0.0

    def _holds(self, item: MissionItem, step: Step) -> bool:
        state = self._cockpit.state
        if item.command == Cmd.CONDITION_DELAY:
            return state.time_s >= self._wait_until_s
        if item.command == Cmd.CONDITION_DISTANCE:
            target = step.manoeuvre.target
            return target is None or hypot(target[0] - state.north_m, target[1] - state.east_m) < item.params[0]
        wanted = self._cockpit.fixed_yaw
        return wanted is None or abs((degrees(wanted - state.body.yaw) + 180) % 360 - 180) <= _TURNED_DEG

    def _fly(self, index: int, joined: Follow | None) -> Step:
        self.terrain_missing = self._items[index].frame in TERRAIN_FRAMES
        if self.terrain_missing:
            return Step(index, Hold(self._cockpit, self._cockpit.stopping_point()))
        jumps = dict(self._jumps)
        after = self._ahead(index + 1, jumps)
        further = self._ahead(after + 1, jumps) if after is not None else None
        return self.navigation.fly(index, (after, further), joined)

    def _do(self, index: int) -> None:
        item = self._items[index]
        name = DO_NAMES.get(item.command) or NAVIGATION.get(item.command)
        self._outbox.text(Severity.INFO, f"Mission: {index} {name or '?'}")
        if item.command in self._actions.commands:
            self._actions.do(item.command, (*item.params, item.lat_deg, item.lon_deg, item.altitude_m))
        elif item.command not in NAVIGATION and item.command not in WAITED_FOR and item.command not in SILENT:
            self._outbox.text(Severity.WARNING, f"Skipping invalid cmd #{item.command}")
        if self._tells_when_done(index):
            self._outbox.put("mission_item_reached", seq=index)
