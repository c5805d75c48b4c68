"""AUTO: the mission, item by item, the way ArduCopter runs it."""

from dataclasses import dataclass
from math import radians

from dronepatrol.model.mission import Command, Frame, MissionItem
from dronepatrol.sim.vehicle.camera import Camera
from dronepatrol.sim.vehicle.manoeuvres import Cockpit, Follow, Hold, Land, Manoeuvre, Return, TakeOff
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
}
_DO: dict[int, str] = {
    Command.CONDITION_YAW: "SetYaw",
    Command.DO_CHANGE_SPEED: "ChangeSpeed",
    Command.DO_MOUNT_CONTROL: "MountControl",
    Command.DO_SET_CAM_TRIGG_DIST: "SetCamTrigDst",
    Command.DO_DIGICAM_CONTROL: "DigiCamCtrl",
    Command.IMAGE_START_CAPTURE: "ImageStartCapture",
    Cmd.DO_GIMBAL_MANAGER_PITCHYAW: "GimbalPitchYaw",
}


@dataclass(slots=True)
class _Step:
    """The navigation item being flown."""

    index: int
    manoeuvre: Manoeuvre
    hold_s: float = 0.0
    holding: bool = False


class Auto:
    """Runs a mission; ``items[0]`` is home and never flown."""

    def __init__(self, cockpit: Cockpit, camera: Camera, outbox: Outbox) -> None:
        self._cockpit, self._camera, self._outbox = cockpit, camera, outbox
        self._items: tuple[MissionItem, ...] = ()
        self.state = MissionState.NO_MISSION
        self.current = 0
        self._step: _Step | None = None
        self._destination: Vector | None = None

    def load(self, items: tuple[MissionItem, ...]) -> None:
        """Take a mission that was uploaded; it starts at its beginning."""
        self._items = items
        self.current, self._step = 0, None
        self.state = MissionState.NOT_STARTED if len(items) > 1 else MissionState.NO_MISSION

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
        first = self._next_nav(max(self.current, 1) if self.state is not MissionState.COMPLETE else 1)
        return first is not None and self._items[first].command == Command.NAV_TAKEOFF

    def reset(self) -> None:
        """Go back to the beginning, as disarming does."""
        self.current, self._step = 0, None
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
        if self._items[index].command == Command.NAV_WAYPOINT:
            self._outbox.text(Severity.INFO, f"Reached command #{index}")
            self._destination = self._place(index)

    def _begin(self, index: int, joined: Follow | None = None) -> None:
        """Do the items up to the next one that is flown, and start that one."""
        nav = self._next_nav(index)
        waiting = range(index, len(self._items) if nav is None else nav)
        after = []
        for position, item in enumerate(waiting):  # the first before the flying starts, the others after
            command = self._items[item].command
            if (position == 0 and command != Command.CONDITION_YAW) or command == Command.DO_CHANGE_SPEED:
                self._do(item)  # a heading is held on: ArduCopter sets it again until it is reached
            else:
                after.append(item)
        if nav is None:
            self._step, self.current, self.state = None, 0, MissionState.COMPLETE
        else:
            self._outbox.text(Severity.INFO, f"Mission: {nav} {_NAV[self._items[nav].command]}")
            self._cockpit.fixed_yaw = None
            self.current, self.state = nav, MissionState.ACTIVE
            self._step = self._fly(nav, joined)
        for item in after:
            self._do(item)

    def _next_nav(self, index: int) -> int | None:
        return next((i for i in range(index, len(self._items)) if self._items[i].command in _NAV), None)

    def _fly(self, index: int, joined: Follow | None) -> _Step:
        item, cockpit = self._items[index], self._cockpit
        command = item.command
        if command == Command.NAV_WAYPOINT:
            return self._fly_waypoint(index, joined)
        if command == Command.NAV_TAKEOFF:
            takeoff = TakeOff(cockpit, max(self._place(index)[2], cockpit.state.up_m))
            self._destination = takeoff.goal
            return _Step(index, takeoff)
        if command == Command.NAV_RETURN_TO_LAUNCH:
            return _Step(index, Return(cockpit))
        here = cockpit.stopping_point()
        there = self._place(index)
        if command == Command.NAV_LAND:
            return _Step(index, Land(cockpit, (*there[:2], here[2])))
        return _Step(index, Hold(cockpit, here, item.params[0] if command == Cmd.NAV_LOITER_TIME else 1e9))

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
        following = self._next_nav(index + 1)
        if following is None or self._items[index].params[0] > 0.0:
            return None
        if self._items[following].command != Command.NAV_WAYPOINT:
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
        p1, p2, p3, _ = item.params
        if item.command not in _DO:
            self._outbox.text(Severity.NOTICE, f"Skipping invalid cmd #{index}")
            return
        self._outbox.text(Severity.INFO, f"Mission: {index} {_DO[item.command]}")
        if item.command == Command.DO_CHANGE_SPEED and p1 in {0.0, 1.0} and p2 > 0.0:
            self._cockpit.cruise_m_s = p2
        elif item.command == Command.DO_MOUNT_CONTROL:
            self._camera.point(p1)
            self._cockpit.fixed_yaw = radians(p3)  # the mount cannot turn: the vehicle does, up to the next waypoint
        elif item.command == Command.CONDITION_YAW and item.params[3] == 0.0:  # absolute
            self._cockpit.fixed_yaw = radians(p1)
        elif item.command == Cmd.DO_GIMBAL_MANAGER_PITCHYAW:
            self._camera.point(p1)
        elif item.command == Command.DO_SET_CAM_TRIGG_DIST:
            self._camera.trigger_every(p1, at_once=p3 == 1.0)
        elif item.command == Command.IMAGE_START_CAPTURE or (
            item.command == Command.DO_DIGICAM_CONTROL and item.lat_deg == 1.0  # parameter 5: shoot
        ):
            self._camera.take()
