"""The autopilot: modes, arming, failsafes, and one step of vehicle time after the other."""

from collections.abc import Sequence
from math import hypot, inf, isfinite

from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.actions import Actions
from dronepatrol.sim.vehicle.airframe import Airframe
from dronepatrol.sim.vehicle.arming import mode_problem, pre_arm_problems
from dronepatrol.sim.vehicle.auto import Auto
from dronepatrol.sim.vehicle.camera import Camera
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.dynamics import STEP_S
from dronepatrol.sim.vehicle.faults import Phase
from dronepatrol.sim.vehicle.fence import Breach, Fence
from dronepatrol.sim.vehicle.manoeuvres import Cockpit, Follow, Hold, Land, Manoeuvre, Return, TakeOff
from dronepatrol.sim.vehicle.mishaps import Mishaps
from dronepatrol.sim.vehicle.numbers import Landed, MissionState, Mode, Result, Severity
from dronepatrol.sim.vehicle.outbox import Outbox
from dronepatrol.sim.vehicle.state import Home, Rally, State
from dronepatrol.sim.vehicle.track import Leg, Vector
from dronepatrol.sim.vehicle.watch import WATCH_STEPS, Watch

_NEEDS_POSITION = {Mode.GUIDED, Mode.AUTO, Mode.LOITER, Mode.RTL, Mode.BRAKE}
_PRE_ARM_STEPS = round(30 / STEP_S)
_REBOOT_S = 1.0
_LOCK_S = 10.0
_CONTINUE_LANDING = 8  # bit of FS_OPTIONS


class Autopilot:
    """One vehicle's autopilot; every step depends on the steps before and on what was commanded, on no clock.

    ``silent_until_s`` above 0 is the vehicle time until which it says nothing, because it is starting again.
    """

    def __init__(self, config: VehicleConfig) -> None:
        self.state = State(config)
        self.outbox = Outbox()
        self.camera = Camera(self.state, self.outbox)
        self.cockpit = Cockpit(self.state)
        self.actions = Actions(self.cockpit, self.camera)
        self.auto = Auto(self.cockpit, self.actions, self.outbox)
        self.fence = Fence(self.state.parameters)
        self.mishaps = Mishaps(self.state)
        self._watch = Watch(self.state, self.fence, self.outbox, self.fail_safe)
        self._manoeuvre: Manoeuvre | None = None
        self._auto_runs = False
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
                self.auto.pause()
                self._auto_runs = False
            state.mode = mode
            if state.armed and state.flying and not self._airframe.out_of_control:
                self._enter(mode)
        if mode is Mode.AUTO and int(state.parameters["AUTO_OPTIONS"]) & 2 and state.armed:
            self.start_mission()
        return Result.ACCEPTED

    def _enter(self, mode: Mode) -> None:
        """Begin what a mode does in the air."""
        cockpit = self.cockpit
        cockpit.fixed_yaw = None
        if self.state.landed is Landed.LANDING:
            self.state.landed = Landed.IN_AIR
        if mode is Mode.AUTO:
            self.auto.highest_return_m = self.highest_return_m
            self._auto_runs = self.auto.start()
        elif mode is Mode.RTL:
            self._manoeuvre = Return(cockpit, self.highest_return_m)
        elif mode is Mode.LAND:
            self._manoeuvre = Land(cockpit, cockpit.stopping_point())
        else:  # GUIDED, LOITER and BRAKE hold; STABILIZE without a pilot does so too
            self._manoeuvre = Hold(cockpit, cockpit.stopping_point())

    @property
    def highest_return_m(self) -> float:
        """The height above home that a climb before the return must not exceed."""
        ceiling = self.fence.enabled and bool(self.fence.present & Breach.ALT_MAX)
        values = self.state.parameters
        return values["FENCE_ALT_MAX"] - values["FENCE_MARGIN"] if ceiling else inf

    @property
    def manoeuvre(self) -> Manoeuvre | None:
        """What is being done."""
        return self.auto.manoeuvre if self._auto_runs else self._manoeuvre

    @property
    def target(self) -> Vector | None:
        """The place being flown to, or None."""
        if self._auto_runs:
            return self.auto.target
        return self._manoeuvre.target if self._manoeuvre is not None else None

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
            self.auto.reset()
            self._auto_runs, self._manoeuvre = False, None
            self.cockpit.lifting = False
            self.cockpit.cruise_m_s = self.cockpit.value("WPNAV_SPEED")
            self.camera.stop()
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
        self._manoeuvre = TakeOff(self.cockpit, height_m + state.home.amsl_m - state.origin.amsl_m)
        return Result.ACCEPTED

    def go_to(self, place: Vector) -> Result:
        """Fly straight to a place in GUIDED; not to one outside the fence."""
        state, cockpit = self.state, self.cockpit
        if not state.armed or state.mode is not Mode.GUIDED or state.landed is not Landed.IN_AIR:
            return Result.FAILED
        if not all(isfinite(part) for part in place) or self._is_outside(place):
            self.outbox.text(Severity.WARNING, "Target outside fence")
            return Result.FAILED
        track = cockpit.track()
        track.begin(Leg(cockpit.stopping_point(), place, cockpit.limits(cockpit.cruise_m_s)), None)
        self._manoeuvre = Follow(cockpit, track, cockpit.cruise_m_s, looks_ahead=True)
        return Result.ACCEPTED

    def _is_outside(self, place: Vector) -> bool:
        home = self.state.home
        from_home = hypot(place[0] - home.north_m, place[1] - home.east_m)
        height = place[2] + self.state.origin.amsl_m - home.amsl_m
        return self.fence.enabled and bool(self.fence.outside(place[:2], from_home, height))

    def start_mission(self) -> Result:
        """Fly the mission, from the ground or where it was paused."""
        state = self.state
        if not state.armed or self.auto.state is MissionState.NO_MISSION:
            return Result.FAILED
        if state.mode is not Mode.AUTO and self.set_mode(Mode.AUTO) is not Result.ACCEPTED:
            return Result.FAILED
        if not self._auto_runs:
            if not state.flying:
                if not self.auto.begins_with_takeoff:
                    self.outbox.text(Severity.WARNING, "Auto: Missing Takeoff Cmd")
                    return Result.FAILED
                self._lift_off()
            self.auto.highest_return_m = self.highest_return_m
            self._auto_runs = self.auto.start()
        return Result.ACCEPTED if self._auto_runs else Result.FAILED

    def _lift_off(self) -> None:
        self.state.landed = Landed.TAKEOFF
        self.cockpit.cruise_m_s = self.cockpit.value("WPNAV_SPEED")

    # time

    def step(self) -> None:
        """Let one step of vehicle time pass."""
        state = self.state
        state.steps += 1
        if self.mishaps.step():
            self.reboot()
        if 0.0 < self.silent_until_s <= state.time_s:
            self.silent_until_s = 0.0
            self.outbox.take()
            self.outbox.text(Severity.CRITICAL, "WDG: restarted")
        if not state.estimator.sound:
            state.estimator.step()
        if state.steps % WATCH_STEPS == 0:
            self._watch.look()
        if not state.armed:
            if state.body.fall() and state.flying:
                self._stand()
            if state.steps % _PRE_ARM_STEPS == 0:
                self.say_pre_arm()
        elif not state.flying:
            self._idle_s += STEP_S
            if 0 < state.parameters["DISARM_DELAY"] < self._idle_s:
                self.disarm()
        elif self._airframe.step(self._steer, motors=self.silent_until_s == 0.0):
            self.disarm()

    def reboot(self) -> None:
        """Start again, as after the watchdog: armed as before, without position, mission progress and home.

        In the air the motors stand still for a second, then the vehicle lands where it is: without a position and a
        pilot that is what ArduCopter's failsafes leave.
        """
        state = self.state
        self.auto.reset()
        self._auto_runs, self._manoeuvre = False, None
        self.camera.stop()
        self.cockpit.fixed_yaw = None
        state.booted_step = state.steps
        state.position_from_s = state.time_s + _LOCK_S
        self.silent_until_s = state.time_s + _REBOOT_S
        if state.armed and state.flying:
            self.set_mode(Mode.LAND)
            self._manoeuvre = Land(self.cockpit, self.cockpit.here())
        else:
            self.disarm()
            state.mode = Mode.STABILIZE

    def _steer(self) -> bool:
        """Step what is being done; return whether it is over."""
        if not self._auto_runs:
            return self._manoeuvre is not None and self._manoeuvre.step() and not isinstance(self._manoeuvre, TakeOff)
        done = self.auto.step()
        if self.auto.terrain_missing and self._auto_runs:
            self.outbox.text(Severity.CRITICAL, "Failsafe: Terrain data missing")
            self.fail_safe("", Mode.RTL)
            return False
        if done and not self.state.body.on_ground:  # a mission that ends in the air is held where it ends
            self._auto_runs = False
            self._manoeuvre = Hold(self.cockpit, self.cockpit.stopping_point())
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
