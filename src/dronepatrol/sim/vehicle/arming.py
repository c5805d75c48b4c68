"""What keeps the vehicle from arming, in ArduCopter's words."""

from math import hypot

from dronepatrol.sim.vehicle.auto import Auto
from dronepatrol.sim.vehicle.fence import Fence
from dronepatrol.sim.vehicle.numbers import Mode
from dronepatrol.sim.vehicle.state import State

_ARMABLE = {Mode.STABILIZE, Mode.GUIDED, Mode.LOITER}
_AUTO_MAY = 1  # bit of AUTO_OPTIONS


def mode_problem(state: State) -> str:
    """Return why the flight mode forbids arming, or nothing; this is asked whatever ARMING_CHECK is."""
    may_in_auto = state.mode is Mode.AUTO and int(state.parameters["AUTO_OPTIONS"]) & _AUTO_MAY
    return "" if state.mode in _ARMABLE or may_in_auto else f"{state.mode.name} mode not armable"


def pre_arm_problems(state: State, fence: Fence, auto: Auto) -> list[str]:
    """Return what the pre-arm checks find; nothing where ARMING_CHECK is 0."""
    if not int(state.parameters["ARMING_CHECK"]):
        return []
    problems = [] if state.has_position else ["Need Position Estimate"]
    if state.estimator.glitching:
        problems.append(f"GPS and AHRS differ by {state.estimator.glitched_m:.1f}m")
    problems += [_battery_problem(state), _fence_problem(state, fence), _terrain_problem(state, auto)]
    if int(state.parameters["SIM_ENGINE_FAIL"]):
        problems.append("Motors: Check frame class and type")
    return [problem for problem in problems if problem]


def _battery_problem(state: State) -> str:
    values, battery = state.parameters, state.battery
    remaining_mah = battery.share * values["BATT_CAPACITY"]
    if remaining_mah < values["BATT_ARM_MAH"]:
        return "Battery 1 below minimum arming capacity"
    if remaining_mah < values["BATT_LOW_MAH"]:
        return "Battery 1 low capacity failsafe"
    if battery.volts < values["BATT_LOW_VOLT"]:
        return "Battery 1 low voltage failsafe"
    return ""


def _fence_problem(state: State, fence: Fence) -> str:
    if not fence.enabled:
        return ""
    if not state.has_position:
        return "Fence requires position"
    from_home = hypot(state.north_m - state.home.north_m, state.east_m - state.home.east_m)
    return fence.arming_problem((state.north_m, state.east_m), from_home, state.height_m)


def _terrain_problem(state: State, auto: Auto) -> str:
    if not auto.needs_terrain:
        return ""
    return "waiting for terrain data" if int(state.parameters["TERRAIN_ENABLE"]) else "terrain disabled"
