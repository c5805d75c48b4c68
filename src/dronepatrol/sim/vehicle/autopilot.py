"""The autopilot: modes, arming, failsafes, and one step of vehicle time after the other."""

from collections.abc import Sequence
from math import radians

from dronepatrol.model.mission import MissionItem
from dronepatrol.sim.vehicle.auto import Auto
from dronepatrol.sim.vehicle.camera import Camera
from dronepatrol.sim.vehicle.config import VehicleConfig
from dronepatrol.sim.vehicle.dynamics import STEP_S
from dronepatrol.sim.vehicle.manoeuvres import Cockpit, Hold, Land, Manoeuvre, Return, TakeOff
from dronepatrol.sim.vehicle.numbers import Landed, MissionState, Mode, Result, Severity
from dronepatrol.sim.vehicle.outbox import Outbox
from dronepatrol.sim.vehicle.state import Home, Rally, State

_ARMABLE = {Mode.STABILIZE, Mode.GUIDED, Mode.LOITER}
_NEEDS_POSITION = {Mode.GUIDED, Mode.AUTO, Mode.LOITER, Mode.RTL}
_AIRBORNE_M = 0.5
_FAILSAFE_MODE = {1: Mode.LAND, 2: Mode.RTL, 3: Mode.RTL, 4: Mode.RTL, 5: Mode.LAND}


class Autopilot:
    """One vehicle's autopilot; every step depends on the steps before and on what was commanded, on no clock."""

    def __init__(self, config: VehicleConfig) -> None:
        self.state = State(config)
        self.outbox = Outbox()
        self.camera = Camera(self.state, self.outbox)
        self.cockpit = Cockpit(self.state)
        self.auto = Auto(self.cockpit, self.camera, self.outbox)
        self._manoeuvre: Manoeuvre | None = None
        self._auto_runs = False
        self._battery_said: set[str] = set()
        self._idle_s = 0.0
        self.flights = 0

    # commands

    def set_mode(self, number: int, reason: str = "") -> Result:
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
            if reason:
                self.outbox.text(Severity.WARNING, reason)
            if state.armed and state.flying:
                self._enter(mode)
        if mode is Mode.AUTO and int(state.parameters["AUTO_OPTIONS"]) & 2 and state.armed:
            self.start_mission()
        return Result.ACCEPTED

    def _enter(self, mode: Mode) -> None:
        """Begin what a mode does in the air."""
        cockpit = self.cockpit
        cockpit.fixed_yaw = None
        if mode is Mode.AUTO:
            self._auto_runs = self.auto.start()
        elif mode is Mode.RTL:
            self._manoeuvre = Return(cockpit)
        elif mode is Mode.LAND:
            self._manoeuvre = Land(cockpit, cockpit.stopping_point())
        else:  # GUIDED and LOITER hold; STABILIZE without a pilot does so too
            self._manoeuvre = Hold(cockpit, cockpit.stopping_point())

    def load_rally(self, items: Sequence[MissionItem]) -> None:
        """Take rally points; their heights are above home."""
        places = ((*self.state.origin.to_metres(item.lon_deg, item.lat_deg), item.altitude_m) for item in items)
        self.state.rally = tuple(Rally(*place) for place in places)

    def arm(self, *, force: bool) -> Result:
        """Arm, where all checks pass."""
        state = self.state
        if state.armed:
            return Result.ACCEPTED
        problems = [] if force else self._arming_problems()
        for problem in problems:
            self.outbox.text(Severity.CRITICAL, f"Arm: {problem}")
        if problems:
            return Result.FAILED
        state.armed, self._idle_s = True, 0.0
        self._battery_said.clear()
        if state.has_position:
            self.set_home(Home(state.north_m, state.east_m, state.amsl_m))
        self.outbox.text(Severity.INFO, "Arming motors")
        return Result.ACCEPTED

    def _arming_problems(self) -> list[str]:
        state = self.state
        values = state.parameters
        problems = []
        may_in_auto = state.mode is Mode.AUTO and int(values["AUTO_OPTIONS"]) & 1
        if state.mode not in _ARMABLE and not may_in_auto:
            problems.append(f"{state.mode.name} mode not armable")
        if not int(values["ARMING_CHECK"]):
            return problems
        if not state.has_position:
            problems.append("Need Position Estimate")
        remaining = state.battery.share * values["BATT_CAPACITY"]
        if remaining < max(values["BATT_ARM_MAH"], values["BATT_LOW_MAH"]):
            problems.append("Battery 1 low capacity failsafe")
        if int(values["FENCE_ENABLE"]):
            problems.append("Fence cannot be enforced")
        return problems

    def disarm(self, *, force: bool = False) -> Result:
        """Stop the motors; in the air only when forced, and then the vehicle falls."""
        state = self.state
        if state.armed and not state.body.on_ground and not force:
            self.outbox.text(Severity.WARNING, "Disarm refused: flying")
            return Result.FAILED
        if state.armed:
            state.armed = False
            self.outbox.text(Severity.INFO, "Disarming motors")
            self.auto.reset()
            self._auto_runs, self._manoeuvre = False, None
            self.cockpit.lifting = False
            self.cockpit.cruise_m_s = self.cockpit.value("WPNAV_SPEED")
            self.camera.trigger_every(0.0, at_once=False)
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
        lon, lat = self.state.origin.to_lonlat(home.north_m, home.east_m)
        self.outbox.put("home_position", **self.home_fields(lon, lat, home.amsl_m))

    def home_fields(self, lon_deg: float, lat_deg: float, amsl_m: float) -> dict[str, int | float | list[float]]:
        """Return the fields of HOME_POSITION."""
        nan = float("nan")
        return {
            "latitude": round(lat_deg * 1e7),
            "longitude": round(lon_deg * 1e7),
            "altitude": round(amsl_m * 1000),
            **dict.fromkeys(("x", "y", "z", "approach_x", "approach_y", "approach_z"), 0.0),
            "q": [nan] * 4,
            "time_usec": self.state.unix_us(),
        }

    def take_off(self, height_m: float) -> Result:
        """Climb to a height above home, in GUIDED and from the ground only."""
        state = self.state
        if not state.armed or state.mode is not Mode.GUIDED or state.flying or height_m <= 0.0:
            return Result.FAILED
        self._lift_off()
        self._manoeuvre = TakeOff(self.cockpit, height_m + state.home.amsl_m - state.origin.amsl_m)
        return Result.ACCEPTED

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
        body = state.body
        if not state.armed:
            if body.fall() and state.flying:
                self._stand()
            return
        if not state.flying:
            self._idle_s += STEP_S
            if 0 < state.parameters["DISARM_DELAY"] < self._idle_s:
                self.disarm()
            return
        done = self._steer()
        if not body.on_ground or self.cockpit.lifting:
            slew = radians(self.cockpit.value("ATC_SLEW_YAW"))
            body.fly(self.cockpit.demand, slew, radians(self.cockpit.value("ATC_ACCEL_Y_MAX")))
        if state.landed is Landed.TAKEOFF and body.up > _AIRBORNE_M:
            state.landed = Landed.IN_AIR
        state.battery.draw(state.power.power_w(body.thrust, body.drag, body.airspeed, body.vup), STEP_S)
        self.camera.step()
        if done and body.on_ground:
            self.disarm()
        else:
            self._check_battery()

    def _steer(self) -> bool:
        """Step what is being done; return whether it is over."""
        if not self._auto_runs:
            return self._manoeuvre is not None and self._manoeuvre.step() and not isinstance(self._manoeuvre, TakeOff)
        done = self.auto.step()
        if done and not self.state.body.on_ground:  # a mission that ends in the air is held where it ends
            self._auto_runs = False
            self._manoeuvre = Hold(self.cockpit, self.cockpit.stopping_point())
            return False
        return done

    def _check_battery(self) -> None:
        state = self.state
        remaining = state.battery.share * state.parameters["BATT_CAPACITY"]
        levels = (("CRT", "critical"), ("LOW", "low"))
        for level, word in levels:
            if remaining < state.parameters[f"BATT_{level}_MAH"] and level not in self._battery_said:
                self._battery_said |= {"LOW", level}
                self.outbox.text(Severity.WARNING, f"Battery 1 is {word} {state.battery.volts:.2f}V")
                self.fail_safe("Battery Failsafe", int(state.parameters[f"BATT_FS_{level}_ACT"]))
                return

    def fail_safe(self, name: str, action: int) -> None:
        """Do what a failsafe's parameter says: 0 nothing, 1 land, 2 return."""
        state = self.state
        mode = _FAILSAFE_MODE.get(action)
        if mode is None or not state.armed:
            return
        if not state.flying:
            self.disarm()
        elif state.landed is not Landed.LANDING and state.mode is not mode and state.mode is not Mode.LAND:
            self.set_mode(mode, f"{name}: {mode.name}")
