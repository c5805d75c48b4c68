"""The telemetry that a vehicle is asked for. What it does not know it does without; the controller needs less."""

from collections.abc import Callable

from dronepatrol.fly.mavlink.commands import post_command_long
from dronepatrol.fly.mavlink.exchange import Exchange

_SET_INTERVAL, _REQUEST = 511, 512  # MAV_CMD
_INTERVALS_MS = {
    1: 1000,  # SYS_STATUS
    2: 1000,  # SYSTEM_TIME
    24: 1000,  # GPS_RAW_INT
    30: 200,  # ATTITUDE
    33: 200,  # GLOBAL_POSITION_INT
    42: 500,  # MISSION_CURRENT
    62: 500,  # NAV_CONTROLLER_OUTPUT
    162: 1000,  # FENCE_STATUS
    168: 1000,  # WIND
    193: 500,  # EKF_STATUS_REPORT
    230: 500,  # ESTIMATOR_STATUS
    231: 1000,  # WIND_COV
    245: 500,  # EXTENDED_SYS_STATE
}
_ON_DEMAND = {"AUTOPILOT_VERSION": 148, "HOME_POSITION": 242}
_ROUNDS = 3


def ask_for_telemetry(link: Exchange, has_heard: Callable[[str], bool]) -> None:
    """Ask thrice without insisting: each request is repeated whether or not it was answered, which costs less."""
    for _ in range(_ROUNDS):
        for message_id, interval_ms in _INTERVALS_MS.items():
            post_command_long(link, _SET_INTERVAL, 0, float(message_id), interval_ms * 1e3)
        ask_on_demand(link, has_heard)
        link.await_any(frozenset(), 0.1)


def ask_on_demand(link: Exchange, has_heard: Callable[[str], bool]) -> None:
    """Ask for the messages that come on demand and have not come."""
    for name, message_id in _ON_DEMAND.items():
        if not has_heard(name):
            post_command_long(link, _REQUEST, 0, float(message_id))
