"""Messages of ArduPilot's dialect, which PX4's are part of, to our own events. Knows message fields, not pymavlink."""

import math
import struct
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from dronepatrol.fly.link import (
    AttitudeReport,
    BatteryReport,
    CameraEvent,
    ClockReport,
    EstimatorReport,
    FenceReport,
    Firmware,
    FixReport,
    Heartbeat,
    HomeReport,
    IdentityReport,
    ItemReached,
    LandedReport,
    MissionProgress,
    ParameterReport,
    PositionReport,
    ReadyReport,
    StatusText,
    TrackReport,
    VehicleEvent,
    WindReport,
)
from dronepatrol.fly.mavlink.modes import is_multirotor, mode_name

_NO_AUTOPILOT = 8  # MAV_AUTOPILOT_INVALID
_FIRMWARES = {3: Firmware.ARDUPILOT, 12: Firmware.PX4}  # MAV_AUTOPILOT
_ARMED_FLAG = 128  # MAV_MODE_FLAG_SAFETY_ARMED
_PRE_ARM_SENSOR = 0x10000000  # MAV_SYS_STATUS_PREARM_CHECK
_FIX_3D = 3  # GPS_FIX_TYPE_3D_FIX
_ON_GROUND, _LANDING = 1, 4  # MAV_LANDED_STATE
_MISSION_COMPLETE = 5  # MISSION_STATE_COMPLETE
_PARAMETERS_BYTEWISE = 1 << 4  # MAV_PROTOCOL_CAPABILITY_PARAM_ENCODE_BYTEWISE
INTEGER_FORMATS = {1: "<B", 2: "<b", 3: "<H", 4: "<h", 5: "<I", 6: "<i"}
"""MAV_PARAM_TYPE to how an integer lies in the bytes of a parameter's value, where it travels bytewise."""
_HEADER_BYTES = {0xFE: 6, 0xFD: 10}  # MAVLink 1 and 2, by the first byte of a packet
_ATTITUDE, _VELOCITY, _POSITION, _CONSTANT_POSITION = 1 << 0, 1 << 1, 1 << 4, 1 << 7
_UNSURE = _CONSTANT_POSITION | 1 << 10 | 1 << 11 | 1 << 15
"""Flags of either estimator message that forbid trust: no position aiding; not initialised (EKF_STATUS_REPORT) or GPS
glitch (ESTIMATOR_STATUS); accelerometer error; GPS glitch (EKF_STATUS_REPORT)."""
_EARLIEST_UTC_US = 946_684_800_000_000  # 2000-01-01: a smaller "UTC" is a clock since boot


class Decoder:
    """Turns messages of one vehicle into events; remembers its kind of autopilot and half-received sentences."""

    def __init__(self) -> None:
        self.identity: IdentityReport | None = None
        """What flies; None before its first HEARTBEAT."""
        self._firmware, self._type, self._version = Firmware.OTHER, -1, (0, 0, 0)
        self._bytewise = False
        self._sentences: dict[int, dict[int, str]] = {}
        self._decoders: dict[str, Callable[[Any], Iterable[VehicleEvent]]] = {
            "HEARTBEAT": self._heartbeat,
            "SYSTEM_TIME": _system_time,
            "GLOBAL_POSITION_INT": _global_position_int,
            "ATTITUDE": _attitude,
            "SYS_STATUS": _sys_status,
            "GPS_RAW_INT": _gps_raw_int,
            "HOME_POSITION": _home_position,
            "CAMERA_FEEDBACK": _camera_feedback,
            "MISSION_CURRENT": _mission_current,
            "MISSION_ITEM_REACHED": _mission_item_reached,
            "EXTENDED_SYS_STATE": _extended_sys_state,
            "STATUSTEXT": self._statustext,
            "AUTOPILOT_VERSION": self._autopilot_version,
            "CAMERA_IMAGE_CAPTURED": self._camera_image_captured,
            "PARAM_VALUE": self._param_value,
            "EKF_STATUS_REPORT": _ekf_status_report,
            "ESTIMATOR_STATUS": _estimator_status,
            "FENCE_STATUS": _fence_status,
            "NAV_CONTROLLER_OUTPUT": _nav_controller_output,
            "WIND": _wind,
            "WIND_COV": _wind_cov,
        }

    @property
    def firmware(self) -> Firmware:
        """The family of the autopilot, OTHER before it is known."""
        return self._firmware

    @property
    def home_items(self) -> int:
        """How many items at the start of a mission stand for home: 1 on ArduPilot."""
        return int(self._firmware is Firmware.ARDUPILOT)

    @property
    def version_known(self) -> bool:
        """Whether the vehicle has told its version."""
        return self._version != (0, 0, 0)

    @property
    def bytewise(self) -> bool:
        """Whether parameters that are integers travel as their bytes, as PX4 sends them, not as a float's value."""
        return self._bytewise or self._firmware is Firmware.PX4

    def events(self, message: Any) -> Iterable[VehicleEvent]:
        """Return what the message says, nothing for kinds that nobody here needs."""
        decoder = self._decoders.get(message.get_type())
        return decoder(message) if decoder else ()

    def _heartbeat(self, m: Any) -> Iterable[VehicleEvent]:
        if m.autopilot == _NO_AUTOPILOT:  # a camera or gimbal under the vehicle's id
            return ()
        self._firmware, self._type = _FIRMWARES.get(m.autopilot, Firmware.OTHER), m.type
        mode = mode_name(self._firmware, m.type, m.custom_mode)
        return (*self._identify(), Heartbeat(mode, bool(m.base_mode & _ARMED_FLAG)))

    def _autopilot_version(self, m: Any) -> Iterable[VehicleEvent]:
        number = m.flight_sw_version
        self._version = number >> 24 & 0xFF, number >> 16 & 0xFF, number >> 8 & 0xFF
        self._bytewise = bool(m.capabilities & _PARAMETERS_BYTEWISE)
        return self._identify()

    def _identify(self) -> Iterable[VehicleEvent]:
        """Return who the vehicle is whenever that is news."""
        known = IdentityReport(self._firmware, self._version, is_multirotor(self._type))
        if self._type < 0 or known == self.identity:
            return ()
        self.identity = known
        return (known,)

    def _param_value(self, m: Any) -> Iterable[VehicleEvent]:
        return (ParameterReport(m.param_id, self.parameter(m)),)

    def parameter(self, m: Any) -> float:
        """Return the value of a PARAM_VALUE in the parameter's own unit."""
        form = INTEGER_FORMATS.get(m.param_type)
        if form is None or not self.bytewise:
            return float(m.param_value)
        packet = bytes(m.get_msgbuf())  # the float itself may have lost bits that made it no number
        payload = packet[_HEADER_BYTES[packet[0]] : -2].ljust(4, b"\0")  # MAVLink 2 cuts zeros at the end
        return float(struct.unpack_from(form, payload)[0])

    def _camera_image_captured(self, m: Any) -> Iterable[VehicleEvent]:
        if self._firmware is Firmware.ARDUPILOT or m.capture_result != 1:  # ArduPilot says it in CAMERA_FEEDBACK
            return ()
        place = m.lon / 1e7, m.lat / 1e7, m.alt / 1e3, m.relative_alt / 1e3
        return (CameraEvent(m.image_index + 1, _utc(m.time_utc), *place, math.nan, math.nan, math.nan),)

    def _statustext(self, m: Any) -> Iterable[VehicleEvent]:
        text = m.text.split("\0")[0]
        if m.id == 0:
            return (StatusText(m.severity, text),)
        parts = self._sentences.setdefault(m.id, {})
        parts[m.chunk_seq] = text
        whole = len(m.text) < 50  # the last part is the one that does not fill its field
        if not whole:
            return ()
        del self._sentences[m.id]
        return (StatusText(m.severity, "".join(parts[i] for i in sorted(parts))),)


def _utc(time_us: int) -> datetime | None:
    return datetime.fromtimestamp(time_us / 1e6, UTC) if time_us > _EARLIEST_UTC_US else None


def _system_time(m: Any) -> Iterable[VehicleEvent]:
    return (ClockReport(m.time_boot_ms / 1e3, _utc(m.time_unix_usec)),)


def _global_position_int(m: Any) -> Iterable[VehicleEvent]:
    if m.lat == 0 and m.lon == 0:  # not known yet
        return ()
    speed_m_s = math.hypot(m.vx, m.vy) / 100
    return (
        PositionReport(m.time_boot_ms / 1e3, m.lon / 1e7, m.lat / 1e7, m.alt / 1e3, m.relative_alt / 1e3, speed_m_s),
    )


def _attitude(m: Any) -> Iterable[VehicleEvent]:
    yaw, pitch, roll = (math.degrees(angle) for angle in (m.yaw, m.pitch, m.roll))
    return (AttitudeReport(m.time_boot_ms / 1e3, yaw % 360.0, pitch, roll),)


def _sys_status(m: Any) -> Iterable[VehicleEvent]:
    events: list[VehicleEvent] = []
    if m.battery_remaining >= 0:
        events.append(BatteryReport(m.battery_remaining / 100))
    if m.onboard_control_sensors_present & _PRE_ARM_SENSOR:
        events.append(ReadyReport(bool(m.onboard_control_sensors_health & _PRE_ARM_SENSOR)))
    return events


def _gps_raw_int(m: Any) -> Iterable[VehicleEvent]:
    return (FixReport(m.fix_type >= _FIX_3D, m.satellites_visible),)


def _home_position(m: Any) -> Iterable[VehicleEvent]:
    return (HomeReport(m.longitude / 1e7, m.latitude / 1e7, m.altitude / 1e3),)


def _camera_feedback(m: Any) -> Iterable[VehicleEvent]:
    return (
        CameraEvent(
            index=m.img_idx,
            time_utc=_utc(m.time_usec),
            lon_deg=m.lng / 1e7,
            lat_deg=m.lat / 1e7,
            amsl_m=m.alt_msl,
            height_m=m.alt_rel,
            yaw_deg=m.yaw % 360.0,
            pitch_deg=m.pitch,
            roll_deg=m.roll,
        ),
    )


def _mission_current(m: Any) -> Iterable[VehicleEvent]:
    return (MissionProgress(m.seq, m.mission_state == _MISSION_COMPLETE),)


def _mission_item_reached(m: Any) -> Iterable[VehicleEvent]:
    return (ItemReached(m.seq),)


def _extended_sys_state(m: Any) -> Iterable[VehicleEvent]:
    if m.landed_state == 0:  # MAV_LANDED_STATE_UNDEFINED
        return ()
    return (LandedReport(m.landed_state == _ON_GROUND, m.landed_state == _LANDING),)


def _ekf_status_report(m: Any) -> Iterable[VehicleEvent]:
    worst = _worst(m.velocity_variance, m.pos_horiz_variance, m.pos_vert_variance, m.compass_variance)
    return (EstimatorReport(_sure(m.flags), worst),)


def _estimator_status(m: Any) -> Iterable[VehicleEvent]:
    worst = _worst(m.vel_ratio, m.pos_horiz_ratio, m.pos_vert_ratio, m.mag_ratio)
    return (EstimatorReport(_sure(m.flags), worst),)


def _sure(flags: int) -> bool:
    needed = _ATTITUDE | _VELOCITY | _POSITION
    return flags & needed == needed and not flags & _UNSURE


def _worst(*ratios: float) -> float:
    return max((ratio for ratio in ratios if not math.isnan(ratio)), default=math.nan)


def _fence_status(m: Any) -> Iterable[VehicleEvent]:
    return (FenceReport(bool(m.breach_status), m.breach_count),)


def _nav_controller_output(m: Any) -> Iterable[VehicleEvent]:
    return (TrackReport(abs(m.xtrack_error)),)


def _wind(m: Any) -> Iterable[VehicleEvent]:
    return (WindReport(m.speed, m.direction % 360.0),)


def _wind_cov(m: Any) -> Iterable[VehicleEvent]:
    # the vector is where the wind blows to, north and east
    if math.isnan(m.wind_x) or math.isnan(m.wind_y):
        return ()
    from_deg = math.degrees(math.atan2(-m.wind_y, -m.wind_x)) % 360.0
    return (WindReport(math.hypot(m.wind_x, m.wind_y), from_deg),)
