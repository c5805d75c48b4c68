"""Messages of ArduPilot's dialect to our own events. Knows message fields, not pymavlink."""

import math
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from dronepatrol.fly.link import (
    AttitudeReport,
    BatteryReport,
    CameraEvent,
    ClockReport,
    FixReport,
    Heartbeat,
    HomeReport,
    ItemReached,
    LandedReport,
    MissionProgress,
    PositionReport,
    ReadyReport,
    StatusText,
    VehicleEvent,
)

COPTER_MODES = {
    0: "STABILIZE", 1: "ACRO", 2: "ALT_HOLD", 3: "AUTO", 4: "GUIDED", 5: "LOITER", 6: "RTL", 7: "CIRCLE", 9: "LAND",
    11: "DRIFT", 13: "SPORT", 14: "FLIP", 15: "AUTOTUNE", 16: "POSHOLD", 17: "BRAKE", 18: "THROW", 19: "AVOID_ADSB",
    20: "GUIDED_NOGPS", 21: "SMART_RTL", 22: "FLOWHOLD", 23: "FOLLOW", 24: "ZIGZAG", 25: "SYSTEMID", 26: "AUTOROTATE",
    27: "AUTO_RTL", 28: "TURTLE",
}  # fmt: skip
"""ArduCopter's custom_mode (ArduCopter/mode.h)."""

_ARDUPILOT, _NO_AUTOPILOT = 3, 8  # MAV_AUTOPILOT
_ARMED_FLAG = 128  # MAV_MODE_FLAG_SAFETY_ARMED
_PRE_ARM_SENSOR = 0x10000000  # MAV_SYS_STATUS_PREARM_CHECK
_FIX_3D = 3  # GPS_FIX_TYPE_3D_FIX
_ON_GROUND, _LANDING = 1, 4  # MAV_LANDED_STATE
_MISSION_COMPLETE = 5  # MISSION_STATE_COMPLETE
_EARLIEST_UTC_US = 946_684_800_000_000  # 2000-01-01: a smaller "UTC" is a clock since boot


class Decoder:
    """Turns messages of one vehicle into events; remembers its kind of autopilot and half-received sentences."""

    def __init__(self) -> None:
        self.home_items = 0
        """How many items at the start of a mission stand for home: 1 on ArduPilot."""
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
        }

    def events(self, message: Any) -> Iterable[VehicleEvent]:
        """Return what the message says, nothing for kinds that nobody here needs."""
        decoder = self._decoders.get(message.get_type())
        return decoder(message) if decoder else ()

    def _heartbeat(self, m: Any) -> Iterable[VehicleEvent]:
        if m.autopilot == _NO_AUTOPILOT:  # a camera or gimbal under the vehicle's id
            return ()
        self.home_items = 1 if m.autopilot == _ARDUPILOT else 0
        mode = COPTER_MODES.get(m.custom_mode) if m.autopilot == _ARDUPILOT else None
        return (Heartbeat(mode or f"mode {m.custom_mode}", bool(m.base_mode & _ARMED_FLAG)),)

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
