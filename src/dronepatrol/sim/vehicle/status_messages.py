"""What the vehicle tells about its state: health, battery, mission, fence; one method per message."""

from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.missions import Missions
from dronepatrol.sim.vehicle.motion_messages import Build, Fields
from dronepatrol.sim.vehicle.numbers import Landed, MissionState, MissionType, Mode

_CUSTOM_MODE = 1
_GUIDED, _STABILIZED, _ARMED, _MANUAL = 8, 16, 128, 64
_BOOT, _STANDBY, _ACTIVE, _CRITICAL = 1, 3, 4, 5
_VERSION = 4 << 24 | 7 << 16
_CAPABILITIES = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 13 | 1 << 14 | 1 << 15
"""MAV_PROTOCOL_CAPABILITY: parameters as floats, mission and command with integers, MAVLink 2, fence, rally points."""

_GPS, _HEIGHT, _PLACE, _FENCE, _AHRS, _TERRAIN, _LOG, _PREARM, _MOTORS = (
    1 << bit for bit in (5, 13, 14, 20, 21, 22, 24, 28, 30)
)
_PRESENT = 0x5371FC2F
"""MAV_SYS_STATUS_SENSOR: what the recorded vehicle has, the nine above among them."""
_SURE, _SURE_WITHOUT_PLACE = 831, 167
"""EKF_STATUS_FLAGS as recorded: with a GPS in use, and before."""
_UNINITIALISED = 1024
_STARTING_S = 3.0

_MISSION_STATE = {MissionState.PAUSED: MissionState.NOT_STARTED}
"""ArduCopter calls a mission that was left "not started"."""


class StatusMessages:
    """Builds the messages of health, power, mission and fence."""

    def __init__(self, autopilot: Autopilot, missions: Missions) -> None:
        self._autopilot, self._missions, self._state = autopilot, missions, autopilot.state
        self.build: dict[str, Build] = {
            "heartbeat": self._heartbeat,
            "autopilot_version": self._autopilot_version,
            "home_position": self._home_position,
            "gps_global_origin": self._gps_global_origin,
            "sys_status": self._sys_status,
            "power_status": lambda: {"Vcc": 5000, "Vservo": 0, "flags": 0},
            "meminfo": lambda: {"brkval": 0, "freemem": 65535},
            "battery_status": self._battery_status,
            "extended_sys_state": lambda: {"vtol_state": 0, "landed_state": int(self._state.landed)},
            "ekf_status_report": self._ekf_status_report,
            "fence_status": self._fence_status,
            "mission_current": self._mission_current,
            "rc_channels": self._rc_channels,
            "servo_output_raw": self._servo_output_raw,
            "system_time": self._system_time,
            "terrain_report": self._terrain_report,
            "esc_telemetry_1_to_4": self._esc_telemetry,
        }

    def _heartbeat(self) -> Fields:
        state = self._state
        base = _CUSTOM_MODE | _STABILIZED | _MANUAL
        base |= _GUIDED if state.mode is not Mode.STABILIZE else 0
        base |= _ARMED if state.armed else 0
        status = _ACTIVE if state.armed else _STANDBY if state.has_position else _BOOT
        return {
            "type": 2,
            "autopilot": 3,
            "base_mode": base,
            "custom_mode": int(state.mode),
            "system_status": _CRITICAL if self._autopilot.in_failsafe else status,
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
        return dict(self._state.home_fields())

    def _gps_global_origin(self) -> Fields:
        origin = self._state.origin
        return {
            "latitude": round(origin.lat_deg * 1e7),
            "longitude": round(origin.lon_deg * 1e7),
            "altitude": round(origin.amsl_m * 1000),
            "time_usec": self._state.unix_us(),
        }

    def _sys_status(self) -> Fields:
        state, battery, fence = self._state, self._state.battery, self._autopilot.fence
        bad = 0 if state.has_position else _GPS | _PLACE | _HEIGHT | _AHRS
        bad |= _FENCE if fence.breached else 0
        bad |= _PREARM if not state.armed and self._autopilot.pre_arm_problems() else 0
        bad |= _MOTORS if int(state.parameters["SIM_ENGINE_FAIL"]) else 0
        bad |= _TERRAIN if self._autopilot.auto.needs_terrain else 0
        present = _PRESENT if fence.present else _PRESENT & ~_FENCE
        off = 0 if state.has_position else _GPS | _PLACE | _HEIGHT | _AHRS
        off |= 0 if fence.enabled else _FENCE
        return {
            "onboard_control_sensors_present": present,
            "onboard_control_sensors_enabled": present & ~off,
            "onboard_control_sensors_health": present & ~bad,
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
            "charge_state": 1,
        }

    def _ekf_status_report(self) -> Fields:
        state = self._state
        flags = _SURE if state.has_position else _SURE_WITHOUT_PLACE
        quiet = ("velocity_variance", "pos_vert_variance", "compass_variance", "terrain_alt_variance")
        return {
            "flags": flags if state.boot_ms >= _STARTING_S * 1000 or state.has_position else _UNINITIALISED,
            **dict.fromkeys(quiet, 0.01),
            "pos_horiz_variance": state.estimator.position_variance,
        }

    def _fence_status(self) -> Fields | None:
        fence = self._autopilot.fence
        if not fence.enabled:
            return None
        return {
            "breach_status": int(bool(fence.breached)),
            "breach_count": fence.count,
            "breach_type": fence.breached.mavlink,
            "breach_time": fence.breach_ms,
            "breach_mitigation": 1,
        }

    def _mission_current(self) -> Fields:
        auto = self._autopilot.auto
        return {
            "seq": auto.current,
            "total": max(len(self._missions.items(MissionType.MISSION)) - 1, 0),
            "mission_state": int(_MISSION_STATE.get(auto.state, auto.state)),
            "mission_mode": int(self._state.mode is Mode.AUTO),
        }

    def _rc_channels(self) -> Fields:
        sticks = {1: 1500, 2: 1500, 3: 1000, 4: 1500, 5: 1800, 6: 1000, 7: 1000, 8: 1800}
        channels = {f"chan{number}_raw": sticks.get(number, 0) for number in range(1, 19)}
        return {"time_boot_ms": self._state.boot_ms, "chancount": 8, **channels, "rssi": 255}

    def _servo_output_raw(self) -> Fields:
        pwm = 1000 if self._state.landed is Landed.ON_GROUND else round(1150 + 40 * self._state.body.thrust)
        outputs: Fields = {f"servo{number}_raw": min(pwm, 2000) if number <= 4 else 0 for number in range(1, 17)}
        return {"time_usec": self._state.boot_ms * 1000, "port": 0, **outputs}

    def _system_time(self) -> Fields:
        return {"time_unix_usec": self._state.unix_us(), "time_boot_ms": self._state.boot_ms}

    def _terrain_report(self) -> Fields:
        lon, lat = self._state.lonlat_deg
        place = {"lat": round(lat * 1e7), "lon": round(lon * 1e7), "spacing": 0}
        return {**place, "terrain_height": 0.0, "current_height": self._state.amsl_m, "pending": 504, "loaded": 0}

    def _esc_telemetry(self) -> Fields:
        battery = self._state.battery
        each = {"temperature": 32, "voltage": round(battery.volts * 100), "current": round(battery.amperes * 25)}
        return {name: [value] * 4 for name, value in (each | {"totalcurrent": 0, "rpm": 0, "count": 0}).items()}
