"""What the vehicle tells without being asked, and how often: ArduCopter's streams, thinned when time runs fast.

The messages of a stream come at the rate of its parameter (MAV1_EXTRA1 and its like; 10 a second as recorded), or as
SET_MESSAGE_INTERVAL asked, on vehicle time. When time runs fast, position, attitude, progress and what was asked for
come at most ten times as often in real time as at factor 1, the rest as often as at factor 1.
"""

from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.missions import Missions
from dronepatrol.sim.vehicle.motion_messages import MotionMessages
from dronepatrol.sim.vehicle.status_messages import StatusMessages

_FULL_FACTOR = 10.0
_STREAMS = {
    "MAV1_EXT_STAT": "sys_status power_status meminfo mission_current gps_raw_int nav_controller_output fence_status"
    " position_target_global_int",
    "MAV1_EXTRA1": "attitude simstate ahrs2",
    "MAV1_EXTRA2": "vfr_hud",
    "MAV1_EXTRA3": "ahrs system_time wind terrain_report ekf_status_report vibration battery_status"
    " gimbal_device_attitude_status esc_telemetry_1_to_4",
    "MAV1_POSITION": "global_position_int local_position_ned",
    "MAV1_RAW_CTRL": "servo_output_raw",
    "MAV1_RAW_SENS": "raw_imu scaled_imu2 scaled_imu3 scaled_pressure scaled_pressure2",
    "MAV1_RC_CHAN": "rc_channels",
}
"""Parameter of a stream, and its messages."""
_STREAM_OF = {name: parameter for parameter, names in _STREAMS.items() for name in names.split()}
_KEPT = {"global_position_int", "attitude", "mission_current"}
"""What a track needs: thinned less than the rest, as what was asked for is."""


class Telemetry:
    """Says the messages that are due, and those that are asked for."""

    def __init__(self, autopilot: Autopilot, missions: Missions) -> None:
        self._autopilot, self._state = autopilot, autopilot.state
        self._build = MotionMessages(autopilot).build | StatusMessages(autopilot, missions).build
        self._asked_s: dict[str, float] = {}  # by SET_MESSAGE_INTERVAL; 0 for never
        self._due_s = dict.fromkeys(_STREAM_OF, 0.0)
        self.next_s = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """The messages that can be asked for."""
        return tuple(self._build)

    def tell(self, name: str) -> bool:
        """Say one message now; return whether there was anything to say."""
        fields = self._build[name]()
        if fields is not None:
            self._autopilot.outbox.put(name, **fields)
        return fields is not None

    def interval_s(self, name: str) -> float:
        """Return the vehicle seconds between two of a message, 0 where it does not come."""
        if name in self._asked_s:
            return self._asked_s[name]
        parameter = _STREAM_OF.get(name)
        rate = self._state.parameters[parameter] if parameter else 0.0
        return 1 / rate if rate > 0 else 0.0

    def set_interval(self, name: str, interval_us: float) -> None:
        """Change how often a message comes on vehicle time: -1 never, 0 as by default."""
        if interval_us == 0:
            self._asked_s.pop(name, None)
        else:
            self._asked_s[name] = max(interval_us, 0.0) / 1e6
        self._due_s[name] = self.next_s = self._state.time_s

    def streams_changed(self) -> None:
        """Take the streams' rates from the parameters again."""
        now = self._state.time_s
        self._due_s = dict.fromkeys(self._due_s, now)
        self.next_s = now

    def stream(self, factor: float) -> None:
        """Say what is due; called whenever vehicle time has passed ``next_s``. ``factor`` is the present one."""
        now = self._state.time_s
        kept, thinned = max(1.0, factor / _FULL_FACTOR), max(1.0, factor)
        for name, due in self._due_s.items():
            if due > now:
                continue
            interval = self.interval_s(name)
            if interval <= 0.0:
                self._due_s[name] = now + 3600.0
                continue
            self.tell(name)
            self._due_s[name] = now + interval * (kept if name in _KEPT or name in self._asked_s else thinned)
        self.next_s = min(self._due_s.values())
