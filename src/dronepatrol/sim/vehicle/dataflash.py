"""A dataflash log as ArduPilot writes it: what the vehicle believed and did, in rows that describe themselves.

The format: every row begins with 0xA3 0x95 and its type; FMT rows (type 128) say what the others hold. The log tells
the estimate, as a vehicle's does; what was true is in no log.
"""

from dataclasses import dataclass
from math import degrees
from struct import Struct

from dronepatrol.sim.vehicle.camera import Photo
from dronepatrol.sim.vehicle.state import State

_HEAD = b"\xa3\x95"
_CODES = {"B": "B", "H": "H", "h": "h", "I": "I", "Q": "Q", "f": "f", "M": "B", "L": "i", "e": "i", "c": "h", "C": "H"}
_CODES |= {"N": "16s", "Z": "64s", "n": "4s", "b": "b"}
_FACTORS = {"L": 1e7, "e": 100.0, "c": 100.0, "C": 100.0}
_GPS_EPOCH_UNIX_S, _LEAP_S, _WEEK_MS = 315964800, 18, 604_800_000


@dataclass(frozen=True, slots=True)
class _Kind:
    number: int
    name: str
    codes: str
    columns: str

    @property
    def struct(self) -> Struct:
        return Struct("<" + "".join(_CODES[code] for code in self.codes))


_KINDS = {
    kind.name: kind
    for kind in (
        _Kind(128, "FMT", "BBnNZ", "Type,Length,Name,Format,Columns"),
        _Kind(32, "PARM", "QNff", "TimeUS,Name,Value,Default"),
        _Kind(59, "MSG", "QZ", "TimeUS,Message"),
        _Kind(120, "MODE", "QMBB", "TimeUS,Mode,ModeNum,Rsn"),
        _Kind(186, "ARM", "QBIBB", "TimeUS,ArmState,ArmChecks,Forced,Method"),
        _Kind(181, "EV", "QB", "TimeUS,Id"),
        _Kind(72, "ATT", "QffffffB", "TimeUS,DesRoll,Roll,DesPitch,Pitch,DesYaw,Yaw,AEKF"),
        _Kind(74, "POS", "QLLfff", "TimeUS,Lat,Lng,Alt,RelHomeAlt,RelOriginAlt"),
        _Kind(81, "CAM", "QBHIHLLeeeccC", "TimeUS,I,Img,GPSTime,GPSWeek,Lat,Lng,Alt,RelAlt,GPSAlt,R,P,Y"),
        _Kind(88, "BAT", "QBfffffcfBBB", "TimeUS,Inst,Volt,VoltR,Curr,CurrTot,EnrgTot,Temp,Res,RemPct,H,SH"),
    )
}
_STRUCTS = {name: kind.struct for name, kind in _KINDS.items()}
_ARMED_EVENT, _DISARMED_EVENT = 10, 11

Value = int | float | str


class DataflashLog:
    """One flight's log, from arming to disarming."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.data = bytearray()
        self.started_unix_s = state.unix_us() // 1_000_000
        for kind in _KINDS.values():
            length = 3 + _STRUCTS[kind.name].size
            self._row("FMT", kind.number, length, kind.name, kind.codes, kind.columns)
        self.message("ArduCopter V4.7.0-dev (embedded simulator)")
        for name in state.parameters:
            value = state.parameters[name]
            self._timed("PARM", name, value, value)
        self.armed(now=True)
        self.mode()

    def _row(self, name: str, *values: Value) -> None:
        kind = _KINDS[name]
        raw: list[int | float | bytes] = []
        for code, value in zip(kind.codes, values, strict=True):
            if isinstance(value, str):
                raw.append(value.encode("ascii", "replace"))
            else:
                raw.append(round(value * _FACTORS[code]) if code in _FACTORS else value)
        self.data += _HEAD + bytes([kind.number]) + _STRUCTS[name].pack(*raw)

    def _timed(self, name: str, *values: Value) -> None:
        self._row(name, self._state.boot_ms * 1000, *values)

    def message(self, words: str) -> None:
        """Log a text."""
        self._timed("MSG", words)

    def mode(self) -> None:
        """Log the flight mode."""
        mode = int(self._state.mode)
        self._timed("MODE", mode, mode, 2)

    def armed(self, *, now: bool) -> None:
        """Log arming or disarming."""
        self._timed("ARM", int(now), int(self._state.parameters["ARMING_CHECK"]), 0, 1)
        self._timed("EV", _ARMED_EVENT if now else _DISARMED_EVENT)

    def sample(self) -> None:
        """Log attitude, position and battery."""
        state, body, battery = self._state, self._state.body, self._state.battery
        roll, pitch, yaw = degrees(body.roll), degrees(body.pitch), degrees(body.yaw)
        self._timed("ATT", roll, roll, pitch, pitch, yaw, yaw, 3)
        if state.has_position:
            lon, lat = state.lonlat_deg
            self._timed("POS", lat, lon, state.amsl_m, state.height_m, state.up_m)
        used_mah = (1 - battery.share) * battery.capacity_mah
        amperes, share = battery.amperes, round(battery.share * 100)
        self._timed("BAT", 0, battery.volts, 0.0, amperes, used_mah, battery.used_wh, 0.0, 0.0, share, 1, 0)

    def photo(self, photo: Photo) -> None:
        """Log a photo, as CAMERA_FEEDBACK tells it."""
        gps_ms = self._state.unix_us() // 1000 - (_GPS_EPOCH_UNIX_S - _LEAP_S) * 1000
        week, of_week_ms = divmod(gps_ms, _WEEK_MS)
        place = (photo.lat_deg, photo.lon_deg, photo.amsl_m, photo.height_m, photo.amsl_m)
        self._timed(
            "CAM", 0, photo.number, of_week_ms, week, *place, photo.roll_deg, photo.pitch_deg, photo.yaw_deg % 360
        )
