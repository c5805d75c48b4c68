"""What the vehicle tells without being asked, how often, and the messages that can be asked for."""

from collections.abc import Callable
from math import cos, degrees, hypot, nan, radians, sin

from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.missions import Missions
from dronepatrol.sim.vehicle.numbers import MissionType, Mode
from dronepatrol.sim.vehicle.outbox import Field

_FULL_FACTOR = 10.0
"""Up to this time factor streams keep their rate on vehicle time; above, what a real second brings stays the same."""
_STREAMS_HZ: dict[str, float] = {
    "global_position_int": 4.0,
    "attitude": 2.0,
    "vfr_hud": 2.0,
    "gps_raw_int": 1.0,
    "gimbal_device_attitude_status": 1.0,
    "sys_status": 1.0,
    "battery_status": 1.0,
    "extended_sys_state": 1.0,
    "mission_current": 1.0,
    "system_time": 0.5,
    "wind": 0.5,
}
_CUSTOM_MODE = 1
_GUIDED, _STABILIZED, _ARMED, _MANUAL = 8, 16, 128, 64
_STANDBY, _ACTIVE, _BOOT = 3, 4, 1
_SENSORS = 0b1111 | 1 << 5 | 1 << 25 | 1 << 21  # gyro, accelerometer, compass, barometer; GPS; battery; AHRS
_CAPABILITIES = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 13 | 1 << 14 | 1 << 15
"""MAV_PROTOCOL_CAPABILITY: parameters as floats, mission and command with integers, MAVLink 2, fence, rally points."""
_VERSION = 4 << 24 | 7 << 16
_FIX_3D = 3

Fields = dict[str, Field]


class Telemetry:
    """Builds messages from the vehicle's state, and knows which are due."""

    def __init__(self, autopilot: Autopilot, missions: Missions) -> None:
        self._autopilot, self._missions = autopilot, missions
        self._state = autopilot.state
        self._period_s = {name: 1 / rate for name, rate in _STREAMS_HZ.items()}
        self._due_s = dict.fromkeys(_STREAMS_HZ, 0.0)
        self.next_s = 0.0
        self._build: dict[str, Callable[[], Fields]] = {
            "heartbeat": self._heartbeat,
            "autopilot_version": self._autopilot_version,
            "home_position": self._home_position,
            "global_position_int": self._global_position_int,
            "attitude": self._attitude,
            "vfr_hud": self._vfr_hud,
            "gps_raw_int": self._gps_raw_int,
            "gimbal_device_attitude_status": self._gimbal,
            "sys_status": self._sys_status,
            "battery_status": self._battery_status,
            "extended_sys_state": self._extended_sys_state,
            "mission_current": self._mission_current,
            "system_time": self._system_time,
            "wind": self._wind,
        }

    @property
    def names(self) -> tuple[str, ...]:
        """The messages that can be asked for."""
        return tuple(self._build)

    def tell(self, name: str) -> None:
        """Say one message now."""
        self._autopilot.outbox.put(name, **self._build[name]())

    def set_interval(self, name: str, interval_us: float) -> None:
        """Change how often a message comes on vehicle time: -1 never, 0 as by default."""
        if interval_us == 0 and name in _STREAMS_HZ:
            self._period_s[name] = 1 / _STREAMS_HZ[name]
        elif interval_us > 0:
            self._period_s[name] = interval_us / 1e6
        else:
            self._period_s.pop(name, None)
            self._due_s.pop(name, None)
            return
        self._due_s[name] = self.next_s = self._state.time_s

    def stream(self, factor: float) -> None:
        """Say what is due; called whenever vehicle time has passed ``next_s``."""
        now = self._state.time_s
        thinning = max(1.0, factor / _FULL_FACTOR)
        for name, due in self._due_s.items():
            if due <= now:
                self.tell(name)
                self._due_s[name] = now + self._period_s[name] * thinning
        self.next_s = min(self._due_s.values(), default=now + 1.0)

    # one method per message

    def _heartbeat(self) -> Fields:
        state = self._state
        base = _CUSTOM_MODE | _STABILIZED | _MANUAL
        base |= _GUIDED if state.mode in {Mode.AUTO, Mode.GUIDED, Mode.RTL, Mode.LOITER, Mode.LAND} else 0
        base |= _ARMED if state.armed else 0
        status = _ACTIVE if state.armed else _STANDBY if state.has_position else _BOOT
        return {
            "type": 2,
            "autopilot": 3,
            "base_mode": base,
            "custom_mode": int(state.mode),
            "system_status": status,
            "mavlink_version": 3,
        }

    def _autopilot_version(self) -> Fields:
        return {
            "capabilities": _CAPABILITIES,
            "flight_sw_version": _VERSION,
            "middleware_sw_version": 0,
            "os_sw_version": 0,
            "board_version": 0,
            "flight_custom_version": [0] * 8,
            "middleware_custom_version": [0] * 8,
            "os_custom_version": [0] * 8,
            "vendor_id": 0,
            "product_id": 0,
            "uid": self._state.config.system_id,
        }

    def _home_position(self) -> Fields:
        home = self._state.home
        lon, lat = self._state.origin.to_lonlat(home.north_m, home.east_m)
        return dict(self._autopilot.home_fields(lon, lat, home.amsl_m))

    def _global_position_int(self) -> Fields:
        state, body = self._state, self._state.body
        lon, lat = state.lonlat_deg if state.has_position else (0.0, 0.0)
        return {
            "time_boot_ms": self._boot_ms(),
            "lat": round(lat * 1e7),
            "lon": round(lon * 1e7),
            "alt": round(state.amsl_m * 1000),
            "relative_alt": round(state.height_m * 1000),
            "vx": round(body.vn * 100),
            "vy": round(body.ve * 100),
            "vz": round(-body.vup * 100),
            "hdg": round(degrees(body.yaw) * 100) % 36000,
        }

    def _attitude(self) -> Fields:
        body = self._state.body
        yaw = radians((degrees(body.yaw) + 180) % 360 - 180)
        return {
            "time_boot_ms": self._boot_ms(),
            "roll": body.roll,
            "pitch": body.pitch,
            "yaw": yaw,
            "rollspeed": 0.0,
            "pitchspeed": 0.0,
            "yawspeed": body.yaw_rate,
        }

    def _vfr_hud(self) -> Fields:
        body = self._state.body
        return {
            "airspeed": body.airspeed,
            "groundspeed": body.ground_speed,
            "heading": round(degrees(body.yaw)) % 360,
            "throttle": min(round(40 * body.thrust / 9.80665), 100),
            "alt": self._state.amsl_m,
            "climb": body.vup,
        }

    def _gps_raw_int(self) -> Fields:
        state, body = self._state, self._state.body
        fixed = state.has_position
        lon, lat = state.lonlat_deg if fixed else (0.0, 0.0)
        return {
            "time_usec": state.unix_us(),
            "fix_type": _FIX_3D if fixed else 1,
            "lat": round(lat * 1e7),
            "lon": round(lon * 1e7),
            "alt": round(state.amsl_m * 1000) if fixed else 0,
            "eph": 121 if fixed else 9999,
            "epv": 200 if fixed else 9999,
            "vel": round(body.ground_speed * 100),
            "cog": 65535,
            "satellites_visible": 10 if fixed else 0,
        }

    def _gimbal(self) -> Fields:
        half = radians(self._autopilot.camera.gimbal_pitch_deg) / 2
        return {
            "target_system": 0,
            "target_component": 0,
            "time_boot_ms": self._boot_ms(),
            "flags": 44,  # roll and pitch locked to the horizon, yaw as the vehicle's
            "q": [cos(half), 0.0, sin(half), 0.0],
            "angular_velocity_x": nan,
            "angular_velocity_y": nan,
            "angular_velocity_z": nan,
            "failure_flags": 0,
        }

    def _sys_status(self) -> Fields:
        battery = self._state.battery
        health = _SENSORS if self._state.has_position else _SENSORS & ~(1 << 5)
        return {
            "onboard_control_sensors_present": _SENSORS,
            "onboard_control_sensors_enabled": _SENSORS,
            "onboard_control_sensors_health": health,
            "load": 0,
            "voltage_battery": round(battery.volts * 1000),
            "current_battery": round(battery.amperes * 100),
            "battery_remaining": round(battery.share * 100),
            "drop_rate_comm": 0,
            "errors_comm": 0,
            **dict.fromkeys(("errors_count1", "errors_count2", "errors_count3", "errors_count4"), 0),
        }

    def _battery_status(self) -> Fields:
        battery = self._state.battery
        return {
            "id": 0,
            "battery_function": 0,
            "type": 0,
            "temperature": 32767,
            "voltages": [round(battery.volts * 1000)] + [65535] * 9,
            "current_battery": round(battery.amperes * 100),
            "current_consumed": round((1 - battery.share) * battery.capacity_mah),
            "energy_consumed": round(battery.used_wh * 36),  # hectojoules
            "battery_remaining": round(battery.share * 100),
        }

    def _extended_sys_state(self) -> Fields:
        return {"vtol_state": 0, "landed_state": int(self._state.landed)}

    def _mission_current(self) -> Fields:
        auto = self._autopilot.auto
        return {
            "seq": auto.current,
            "total": max(len(self._missions.items(MissionType.MISSION)) - 1, 0),
            "mission_state": int(auto.state),
            "mission_mode": int(self._state.mode is Mode.AUTO),
        }

    def _system_time(self) -> Fields:
        return {"time_unix_usec": self._state.unix_us(), "time_boot_ms": self._boot_ms()}

    def _wind(self) -> Fields:
        wind = self._state.body.wind
        return {"direction": wind.from_deg, "speed": hypot(*wind.at(self._state.body.up)), "speed_z": 0.0}

    def _boot_ms(self) -> int:
        return round(self._state.time_s * 1000)
