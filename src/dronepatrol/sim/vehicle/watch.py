"""The failsafes, looked at ten times a second: battery, position, fence, terrain. In ArduCopter's words and order."""

from collections.abc import Callable
from math import hypot

from dronepatrol.sim.vehicle.dynamics import STEP_S
from dronepatrol.sim.vehicle.fence import Breach, Fence
from dronepatrol.sim.vehicle.numbers import Landed, Mode, Severity
from dronepatrol.sim.vehicle.outbox import Outbox
from dronepatrol.sim.vehicle.state import State

WATCH_STEPS = 5
_WATCH_S = WATCH_STEPS * STEP_S
_GIVE_UP_M = 100.0
_EKF_BAD_S = 1.0

GCS_MODES = {1: Mode.RTL, 2: Mode.RTL, 3: Mode.RTL, 4: Mode.LAND, 5: Mode.LAND, 6: Mode.RTL, 7: Mode.BRAKE}
"""What FS_GCS_ENABLE asks for; this vehicle has no SmartRTL and takes what ArduCopter falls back to."""
_BATTERY_MODES = {1: Mode.LAND, 2: Mode.RTL, 3: Mode.RTL, 4: Mode.LAND, 5: Mode.LAND, 6: Mode.RTL, 7: Mode.BRAKE}
_FENCE_MODES = {1: Mode.RTL, 2: Mode.LAND, 3: Mode.RTL, 4: Mode.BRAKE, 5: Mode.LAND}

FailSafe = Callable[[str, Mode], None]


class Watch:
    """Looks after an armed vehicle; ``fail_safe`` is called with the reason and the mode to change to."""

    def __init__(self, state: State, fence: Fence, outbox: Outbox, fail_safe: FailSafe) -> None:
        self._state, self._fence, self._outbox, self._fail_safe = state, fence, outbox, fail_safe
        self._battery_said: set[str] = set()
        self._low_s = {"CRT": 0.0, "LOW": 0.0}
        self._ekf_bad_s = 0.0
        self._glitching = False

    def begin(self) -> None:
        """Forget what was before arming."""
        self._battery_said.clear()
        self._low_s = {"CRT": 0.0, "LOW": 0.0}
        self._ekf_bad_s = 0.0

    def look(self) -> None:
        """Check everything once."""
        if self._state.has_position:
            self._check_fence()
        self._check_position()
        if self._state.armed:
            self._check_battery()

    def _check_battery(self) -> None:
        state = self._state
        values, battery = state.parameters, state.battery
        remaining_mah = battery.share * values["BATT_CAPACITY"]
        for level, word in (("CRT", "critical"), ("LOW", "low")):
            under = battery.volts < values[f"BATT_{level}_VOLT"]
            self._low_s[level] = self._low_s[level] + _WATCH_S if under else 0.0
            low = remaining_mah < values[f"BATT_{level}_MAH"] or self._low_s[level] > values["BATT_LOW_TIMER"]
            if low and level not in self._battery_said:
                self._battery_said |= {"LOW", level}
                used = (1 - battery.share) * values["BATT_CAPACITY"]
                self._outbox.text(Severity.WARNING, f"Battery 1 is {word} {battery.volts:.2f}V used {used:.0f} mAh")
                mode = _BATTERY_MODES.get(int(values[f"BATT_FS_{level}_ACT"]))
                if mode is not None:
                    self._fail_safe("Battery Failsafe", mode)
                return

    def _check_position(self) -> None:
        state = self._state
        glitching = state.estimator.glitching
        if glitching is not self._glitching:
            self._glitching = glitching
            if glitching:
                self._outbox.text(Severity.CRITICAL, "GPS Glitch or Compass error")
            else:
                self._outbox.text(Severity.CRITICAL, "Glitch cleared")
        bad = state.armed and not state.has_position and state.parameters["FS_EKF_THRESH"] > 0
        before, self._ekf_bad_s = self._ekf_bad_s, self._ekf_bad_s + _WATCH_S if bad else 0.0
        if before < _EKF_BAD_S <= self._ekf_bad_s:
            self._outbox.text(Severity.CRITICAL, "EKF variance: position lost")
            action = int(state.parameters["FS_EKF_ACTION"])
            if action and (state.mode is not Mode.STABILIZE or action == 3):
                self._fail_safe("EKF Failsafe: changed to LAND Mode", Mode.LAND)

    def _check_fence(self) -> None:
        state, fence = self._state, self._fence
        from_home = hypot(state.north_m - state.home.north_m, state.east_m - state.home.east_m)
        place = state.north_m, state.east_m
        new, cleared = fence.check(place, from_home, state.height_m, state.boot_ms)
        if new:
            self._breach(new, from_home)
        elif cleared:
            self._outbox.text(Severity.NOTICE, "Fence breach cleared")

    def _breach(self, new: Breach, from_home_m: float) -> None:
        state, values = self._state, self._state.parameters
        if not state.armed:
            return
        self._outbox.text(Severity.NOTICE, f"{new.words} breached")
        mode = _FENCE_MODES.get(int(values["FENCE_ACTION"]))
        if mode is None:
            return
        beyond = max(
            from_home_m - values["FENCE_RADIUS"] if new & Breach.CIRCLE else 0.0,
            state.height_m - values["FENCE_ALT_MAX"] if new & Breach.ALT_MAX else 0.0,
        )
        if mode is not state.mode and state.landed is not Landed.ON_GROUND:
            self._outbox.text(Severity.INFO, "Manual recovery started")
        self._fail_safe("", Mode.LAND if beyond > _GIVE_UP_M else mode)
