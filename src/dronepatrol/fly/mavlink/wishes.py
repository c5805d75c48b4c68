"""The telemetry that a vehicle is asked for. What it does not know it does without; the controller needs less."""

import time
from collections.abc import Callable, Mapping

from dronepatrol.fly.link import Firmware
from dronepatrol.fly.mavlink.commands import post_command_long
from dronepatrol.fly.mavlink.exchange import Exchange

_SET_INTERVAL, _REQUEST = 511, 512  # MAV_CMD
_STREAMS: dict[str, tuple[int, int]] = {  # message id, milliseconds between two
    "SYS_STATUS": (1, 1000),
    "SYSTEM_TIME": (2, 1000),
    "GPS_RAW_INT": (24, 1000),
    "ATTITUDE": (30, 200),
    "GLOBAL_POSITION_INT": (33, 200),
    "MISSION_CURRENT": (42, 500),
    "NAV_CONTROLLER_OUTPUT": (62, 500),
    "EXTENDED_SYS_STATE": (245, 500),
}
_STREAMS_OF: Mapping[Firmware, dict[str, tuple[int, int]]] = {
    Firmware.ARDUPILOT: {"FENCE_STATUS": (162, 1000), "WIND": (168, 1000), "EKF_STATUS_REPORT": (193, 500)},
    Firmware.PX4: {"ESTIMATOR_STATUS": (230, 500), "WIND_COV": (231, 1000)},
}
_ON_DEMAND = {"AUTOPILOT_VERSION": 148, "HOME_POSITION": 242}
_STALE_S = 3.0
_OFTEN, _OFTEN_S, _SELDOM_S = 10, 0.5, 5.0


class Wishes:
    """Asks without insisting: answers are not waited for, but what is not heard is asked for again.

    A vehicle may hear nothing while it starts, forgets when it restarts, and has some messages only later (a wind) or
    never (a fence). It is asked often at first, then seldom, as long as the link is open.
    """

    def __init__(self) -> None:
        self._asked, self._next_s = 0, 0.0

    def ask(self, link: Exchange, heard_s: Callable[[str], float]) -> None:
        """Ask for what is missing, if it is time to; ``heard_s`` says how long ago a message came, or infinity."""
        now_s = time.monotonic()
        if now_s < self._next_s:
            return
        self._asked += 1
        self._next_s = now_s + (_OFTEN_S if self._asked < _OFTEN else _SELDOM_S)
        for name, (message_id, interval_ms) in (_STREAMS | _STREAMS_OF.get(link.decoder.firmware, {})).items():
            if self._asked == 1 or heard_s(name) > _STALE_S:  # the first time for its rate, which may be another
                post_command_long(link, _SET_INTERVAL, 0, float(message_id), interval_ms * 1e3)
        for name, message_id in _ON_DEMAND.items():
            if heard_s(name) == float("inf"):
                post_command_long(link, _REQUEST, 0, float(message_id))
