"""The autopilot: modes, arming, failsafes, and one step of vehicle time after the other."""

from collections.abc import Sequence

from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.actions import Actions
from dronepatrol.sim.vehicle.airframe import Airframe
from dronepatrol.sim.vehicle.arming import mode_problem, pre_arm_problems
from dronepatrol.sim.vehicle.auto import Auto
from dronepatrol.sim.vehicle.camera import Camera
from dronepatrol.sim.vehicle.cockpit import Cockpit
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.dynamics import STEP_S
from dronepatrol.sim.vehicle.faults import Phase
from dronepatrol.sim.vehicle.fence import Fence
from dronepatrol.sim.vehicle.leg import Vector
from dronepatrol.sim.vehicle.mishaps import Mishaps
from dronepatrol.sim.vehicle.numbers import Landed, MissionState, Mode, Result, Severity
from dronepatrol.sim.vehicle.outbox import Outbox
from dronepatrol.sim.vehicle.state import Home, Rally, State
from dronepatrol.sim.vehicle.steering import Steering
from dronepatrol.sim.vehicle.watch import WATCH_STEPS, Watch

_NEEDS_POSITION = {Mode.GUIDED, Mode.AUTO, Mode.LOITER, Mode.RTL, Mode.BRAKE}
_PRE_ARM_STEPS = round(30 / STEP_S)
_REBOOT_S = 1.0
_LOCK_S = 10.0
_CONTINUE_LANDING = 8  # bit of FS_OPTIONS
_TAKE_OFF_UNASKED = 2  # bit of AUTO_OPTIONS


class Autopilot:
    """One vehicle's autopilot; every step depends on the steps before and on what was commanded, on no clock.

    ``silent_until_s`` above 0 is the vehicle time until which it says nothing, because it is starting again.
    """

    def __init__(self, config: VehicleConfig) -> None:
        self.state = State(config)
        self.outbox = Outbox()
        self.camera = Camera(self.state, self.outbox)
        self.cockpit = Cockpit(self.state)
        self.actions = Actions(self.cockpit, self.camera, self.set_home)
        self.auto = Auto(self.cockpit, self.actions, self.outbox)
        self.fence = Fence(self.state.parameters)
        self.steering = Steering(self.cockpit, self.auto, self.fence)
        self.mishaps = Mishaps(self.state)
        self._watch = Watch(self.state, self.fence, self.outbox, self.fail_safe)
        self._airframe = Airframe(self.cockpit, self.camera, self.outbox)
        self._idle_s = 0.0
        self.silent_until_s = 0.0
        self.in_failsafe = False
        self.flights = 0

    # commands

    def set_mode(self, number: int) -> Result:
        """Change the flight mode."""
        try:
            mode = Mode(number)
        except ValueError:
            self.outbox.text(Severity.WARNING, f"No such mode {number}")
            return Result.FAILED
        state = self.state
        if mode in _NEEDS_POSITION and not state.has_position:
            self.outbox.text(Severity.WARNING, f"Mode change to {mode.name} failed: requires position")
            return Result.FAILED
        if mode is Mode.AUTO and self.auto.state is MissionState.NO_MISSION:
            self.outbox.text(Severity.WARNING, "Mode change to AUTO failed: init failed")
            return Result.FAILED
        if mode is not state.mode:
            if state.mode is Mode.AUTO:
                self.steering.leave_mission()
            state.mode = mode
            if state.armed and state.flying and not self._airframe.out_of_control:
                self.steering.enter(mode)
        if mode is Mode.AUTO and int(state.parameters["AUTO_OPTIONS"]) & _TAKE_OFF_UNASKED and state.armed:
            self.start_mission()
        return Result.ACCEPTED

    def load_fence(self, items: Sequence[MissionItem]) -> None:
        """Take the fence's polygons and circles."""
        self.fence.load(items, [self.state.origin.to_metres(item.lon_deg, item.lat_deg) for item in items])

    def load_rally(self, items: Sequence[MissionItem]) -> None:
        """Take rally points; their heights are above home."""
        places = ((*self.state.origin.to_metres(item.lon_deg, item.lat_deg), item.altitude_m) for item in items)
        self.state.rally = tuple(Rally(*place) for place in places)

    def arm(self, *, force: bool) -> Result:
        """Arm, where all checks pass."""
        state = self.state
        if state.armed:
            return Result.ACCEPTED
        problems = [] if force else self.arming_problems()
        for problem in problems:
            self.outbox.text(Severity.CRITICAL, f"Arm: {problem}")
        if problems:
            return Result.FAILED
        state.armed, self._idle_s, state.phase = True, 0.0, Phase.TAKEOFF
        state.armed_at_s = state.time_s
        self._watch.begin()
        if state.has_position:
            self.set_home(Home(state.north_m, state.east_m, state.amsl_m))
        self.outbox.text(Severity.INFO, "Arming motors")
        return Result.ACCEPTED

    def arming_problems(self) -> list[str]:
        """Return what keeps the vehicle from arming, in the autopilot's words."""
        problem = mode_problem(self.state)
        return ([problem] if problem else []) + self.pre_arm_problems()

    def pre_arm_problems(self) -> list[str]:
        """Return what the pre-arm checks find."""
        return pre_arm_problems(self.state, self.fence, self.auto)

    def parameters_changed(self) -> None:
        """Let gains, speeds and the simulated world take their parameters."""
        self.cockpit.parameters_changed()
        self.mishaps.world_changed()

    def say_pre_arm(self) -> None:
        """Say what the pre-arm checks find."""
        for problem in self.pre_arm_problems():
            self.outbox.text(Severity.CRITICAL, f"PreArm: {problem}")

    def disarm(self, *, force: bool = False) -> Result:
        """Stop the motors; in the air only when forced, and then the vehicle falls."""
        state = self.state
        if state.armed and not state.body.on_ground and not force:
            self.outbox.text(Severity.WARNING, "Disarm refused: flying")
            return Result.FAILED
        if state.armed:
            state.armed, state.phase = False, Phase.GROUND
            self.in_failsafe = False
            self._airframe.out_of_control = False
            self.outbox.text(Severity.INFO, "Disarming motors")
            self.steering.forget()
            self.cockpit.lifting = False
            self.cockpit.reset_speeds()
            if state.body.on_ground:
                self._stand()
        return Result.ACCEPTED

    def _stand(self) -> None:
        self.state.body.place_on_ground()
        self.state.battery.power_w = 0.0
        if self.state.flying:
            self.flights += 1
        self.state.landed = Landed.ON_GROUND

    def set_home(self, home: Home) -> None:
        """Choose where the vehicle returns to."""
        self.state.home = home
        self.outbox.put("home_position", **self.state.home_fields())

    def take_off(self, height_m: float) -> Result:
        """Climb to a height above home, in GUIDED and from the ground only."""
        state = self.state
        if not state.armed or state.mode is not Mode.GUIDED or state.flying or height_m <= 0.0:
            return Result.FAILED
        self._lift_off()
        self.steering.take_off(height_m)
        return Result.ACCEPTED

    def go_to(self, place: Vector) -> Result:
        """Fly straight to a place in GUIDED; not to one outside the fence."""
        state = self.state
        if not state.armed or state.mode is not Mode.GUIDED or state.landed is not Landed.IN_AIR:
            return Result.FAILED
        if not self.steering.go_to(place):
            self.outbox.text(Severity.WARNING, "Target outside fence")
            return Result.FAILED
        return Result.ACCEPTED

    def start_mission(self) -> Result:
        """Fly the mission, from the ground or where it was paused."""
        state = self.state
        if not state.armed or self.auto.state is MissionState.NO_MISSION:
            return Result.FAILED
        if state.mode is not Mode.AUTO and self.set_mode(Mode.AUTO) is not Result.ACCEPTED:
            return Result.FAILED
        if self.steering.in_auto:
            return Result.ACCEPTED
        if not state.flying:
            if not self.auto.begins_with_takeoff:
                self.outbox.text(Severity.WARNING, "Auto: Missing Takeoff Cmd")
                return Result.FAILED
            self._lift_off()
        return Result.ACCEPTED if self.steering.fly_mission() else Result.FAILED

    def _lift_off(self) -> None:
        self.state.landed = Landed.TAKEOFF
        self.cockpit.reset_speeds()

    # time

    def step(self) -> None:
        """Let one step of vehicle time pass."""
        state = self.state
        state.steps += 1
        if self.mishaps.step():
            self.reboot()
        if 0.0 < self.silent_until_s <= state.time_s:
            self._wake()
        if not state.estimator.sound:
            state.estimator.step()
        if state.steps % WATCH_STEPS == 0:
            self._watch.look()
        if not state.armed:
            self._lie()
        elif not state.flying:
            self._idle_s += STEP_S
            if 0 < state.parameters["DISARM_DELAY"] < self._idle_s:
                self.disarm()
        elif self._airframe.step(self._steer, motors=self.silent_until_s == 0.0):
            self.disarm()

    def _lie(self) -> None:
        """Fall, or lie on the ground, without motors."""
        if self.state.body.fall() and self.state.flying:
            self._stand()
        if self.state.steps % _PRE_ARM_STEPS == 0:
            self.say_pre_arm()

    def _wake(self) -> None:
        """Have started again: what would have been said meanwhile is lost."""
        self.silent_until_s = 0.0
        self.outbox.muted = False
        self.outbox.text(Severity.CRITICAL, "WDG: restarted")

    def reboot(self) -> None:
        """Start again, as after the watchdog: armed as before, without position, mission progress and home.

        In the air the motors stand still for a second, then the vehicle lands where it is: without a position and a
        pilot that is what ArduCopter's failsafes leave.
        """
        state = self.state
        self.steering.forget()
        self.camera.restart()
        self.cockpit.look_freely()
        state.booted_step = state.steps
        state.position_from_s = state.time_s + _LOCK_S
        self.silent_until_s = state.time_s + _REBOOT_S
        self.outbox.muted = True
        if state.armed and state.flying:
            self.set_mode(Mode.LAND)
            self.steering.land_here()
        else:
            self.disarm()
            state.mode = Mode.STABILIZE

    def _steer(self) -> bool:
        done = self.steering.step()
        if self.auto.terrain_missing and self.steering.in_auto:
            self.outbox.text(Severity.CRITICAL, "Failsafe: Terrain data missing")
            self.fail_safe("", Mode.RTL)
            return False
        return done

    def fail_safe(self, words: str, mode: Mode) -> None:
        """Change to the mode that a failsafe asks for, or go on landing; on the ground disarm."""
        state = self.state
        if not state.armed:
            return
        if words:
            self.in_failsafe = True
            self.outbox.text(Severity.WARNING, words)
        if not state.flying:
            self.disarm()
            return
        landing = state.landed is Landed.LANDING
        goes_on = landing and (mode is not Mode.LAND or int(state.parameters["FS_OPTIONS"]) & _CONTINUE_LANDING)
        if not goes_on and state.mode not in {mode, Mode.LAND} and self.set_mode(mode) is not Result.ACCEPTED:
            self.set_mode(Mode.LAND)
