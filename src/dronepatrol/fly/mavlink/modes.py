"""Flight modes by the number that a HEARTBEAT carries, and the numbers that ask for one.

ArduCopter has one number per mode (ArduCopter/mode.h). PX4 has a main and a sub mode in the third and the fourth byte
(px4_custom_mode.h); its missions, holding, return and landing are sub modes of AUTO, and it has no GUIDED.
"""

from dronepatrol.fly.link import Firmware, Mode

_COPTER = {
    0: "STABILIZE", 1: "ACRO", 2: "ALT_HOLD", 3: "AUTO", 4: "GUIDED", 5: "LOITER", 6: "RTL", 7: "CIRCLE", 9: "LAND",
    11: "DRIFT", 13: "SPORT", 14: "FLIP", 15: "AUTOTUNE", 16: "POSHOLD", 17: "BRAKE", 18: "THROW", 19: "AVOID_ADSB",
    20: "GUIDED_NOGPS", 21: "SMART_RTL", 22: "FLOWHOLD", 23: "FOLLOW", 24: "ZIGZAG", 25: "SYSTEMID", 26: "AUTOROTATE",
    27: "AUTO_RTL", 28: "TURTLE",
}  # fmt: skip
_PX4_MAIN = {1: "MANUAL", 2: "ALTCTL", 3: "POSCTL", 5: "ACRO", 6: "OFFBOARD", 7: "STABILIZED", 10: "TERMINATION"}
_PX4_AUTO = 4
_PX4_AUTO_SUB = {
    1: "READY", 2: "TAKEOFF", 3: "LOITER", 4: "AUTO", 5: "RTL", 6: "LAND", 8: "FOLLOW_TARGET", 9: "PRECLAND",
    10: "VTOL_TAKEOFF",
}  # fmt: skip
_MULTIROTORS = frozenset({2, 13, 14, 15, 29, 35, 43})
"""MAV_TYPE: quadrotor, hexarotor, octorotor, tricopter, dodecarotor, decarotor, other multirotor."""
_COPTERS = _MULTIROTORS | {3, 4}  # coaxial and single-rotor helicopters fly ArduCopter too

_NUMBERS = {name: number for number, name in _COPTER.items()}
_PX4_SUB_NUMBERS = {name: number for number, name in _PX4_AUTO_SUB.items()}


def is_multirotor(vehicle_type: int) -> bool:
    """Say whether a MAV_TYPE is a multirotor."""
    return vehicle_type in _MULTIROTORS


def mode_name(firmware: Firmware, vehicle_type: int, custom_mode: int) -> str:
    """Return the name of a mode: a :class:`Mode`, the vehicle's own word, or its number where we know no word."""
    name = None
    if firmware is Firmware.ARDUPILOT and vehicle_type in _COPTERS:
        name = _COPTER.get(custom_mode)
    elif firmware is Firmware.PX4:
        main, sub = custom_mode >> 16 & 0xFF, custom_mode >> 24 & 0xFF
        name = _PX4_AUTO_SUB.get(sub) if main == _PX4_AUTO else _PX4_MAIN.get(main)
    return name or f"mode {custom_mode}"


def mode_numbers(firmware: Firmware, mode: Mode) -> tuple[float, float] | None:
    """Return parameters 2 and 3 of MAV_CMD_DO_SET_MODE, or None where the firmware has no such mode."""
    if firmware is Firmware.ARDUPILOT:
        return float(_NUMBERS[mode]), 0.0
    if firmware is Firmware.PX4 and mode in _PX4_SUB_NUMBERS:
        return float(_PX4_AUTO), float(_PX4_SUB_NUMBERS[mode])
    return None
