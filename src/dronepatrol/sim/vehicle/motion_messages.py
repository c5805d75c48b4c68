"""What the vehicle tells about where it is and how it moves; one method per message, in MAVLink's units.

A method that returns None has nothing to tell now, as ArduCopter then says nothing.
"""

from collections.abc import Callable
from math import atan2, cos, degrees, hypot, nan, radians, sin
from random import Random

from dronepatrol.sim.vehicle.autopilot import Autopilot
from dronepatrol.sim.vehicle.manoeuvres import Follow
from dronepatrol.sim.vehicle.numbers import Landed
from dronepatrol.sim.vehicle.outbox import Field

Fields = dict[str, Field]
Build = Callable[[], Fields | None]

_G_M_S2 = 9.80665
_GPS_NOISE_M = 0.3
_FIX_BEST, _FIX_NONE = 6, 1  # GPS_FIX_TYPE: RTK fixed is what the recorded receiver says
_TARGET_MASK = 65016  # POSITION_TARGET_TYPEMASK: position only


class MotionMessages:
    """Builds the messages of position, attitude and sensors."""

    def __init__(self, autopilot: Autopilot) -> None:
        self._autopilot, self._state = autopilot, autopilot.state
        self._dice = Random(f"gps {autopilot.state.config.seed}")  # not secret
        self._noise_m = 0.0 if autopilot.state.config.perfect_sensors else _GPS_NOISE_M
        self._known_lonlat = 0.0, 0.0
        self.build: dict[str, Build] = {
            "global_position_int": self._global_position_int,
            "local_position_ned": self._local_position_ned,
            "attitude": self._attitude,
            "ahrs": self._ahrs,
            "ahrs2": self._ahrs2,
            "simstate": self._simstate,
            "vfr_hud": self._vfr_hud,
            "gps_raw_int": self._gps_raw_int,
            "raw_imu": lambda: self._imu(with_clock=True),
            "scaled_imu2": lambda: self._imu(with_clock=False),
            "scaled_imu3": lambda: self._imu(with_clock=False),
            "scaled_pressure": self._scaled_pressure,
            "scaled_pressure2": self._scaled_pressure,
            "vibration": self._vibration,
            "nav_controller_output": self._nav_controller_output,
            "position_target_global_int": self._position_target_global_int,
            "gimbal_device_attitude_status": self._gimbal,
            "wind": self._wind,
        }

    def _global_position_int(self) -> Fields:
        state, body = self._state, self._state.body
        if state.has_position:
            self._known_lonlat = state.lonlat_deg
        elif state.time_s < state.position_from_s:
            self._known_lonlat = 0.0, 0.0
        lon, lat = self._known_lonlat  # a lost position stays where it was, as ArduPilot sends it; the height goes on
        return {
            "time_boot_ms": state.boot_ms,
            "lat": round(lat * 1e7),
            "lon": round(lon * 1e7),
            "alt": round(state.amsl_m * 1000),
            "relative_alt": round(state.height_m * 1000),
            "vx": round(body.vn * 100),
            "vy": round(body.ve * 100),
            "vz": round(-body.vup * 100),
            "hdg": round(degrees(body.yaw) * 100) % 36000,
        }

    def _local_position_ned(self) -> Fields | None:
        state, body = self._state, self._state.body
        if not state.has_position:
            return None
        return {
            "time_boot_ms": state.boot_ms,
            "x": state.north_m,
            "y": state.east_m,
            "z": -state.up_m,
            "vx": body.vn,
            "vy": body.ve,
            "vz": -body.vup,
        }

    def _yaw(self) -> float:
        return radians((degrees(self._state.body.yaw) + 180) % 360 - 180)

    def _attitude(self) -> Fields:
        body = self._state.body
        return {
            "time_boot_ms": self._state.boot_ms,
            "roll": body.roll,
            "pitch": body.pitch,
            "yaw": self._yaw(),
            "rollspeed": 0.0,
            "pitchspeed": 0.0,
            "yawspeed": body.yaw_rate,
        }

    def _ahrs(self) -> Fields:
        names = ("omegaIx", "omegaIy", "omegaIz", "accel_weight", "renorm_val", "error_rp", "error_yaw")
        return dict.fromkeys(names, 0.0)

    def _ahrs2(self) -> Fields:
        state, body = self._state, self._state.body
        lon, lat = state.lonlat_deg if state.has_position else (0.0, 0.0)
        place = {"lat": round(lat * 1e7), "lng": round(lon * 1e7), "altitude": state.amsl_m}
        return {"roll": body.roll, "pitch": body.pitch, "yaw": self._yaw(), **place}

    def _simstate(self) -> Fields:
        """Attitude and forces; the place is the estimate: this vehicle's truth is in no message."""
        body = self._state.body
        lon, lat = self._state.lonlat_deg
        forces = {"xacc": body.thrust * sin(body.pitch), "yacc": 0.0, "zacc": -body.thrust}
        gyros = {"xgyro": 0.0, "ygyro": 0.0, "zgyro": body.yaw_rate}
        place = {"lat": round(lat * 1e7), "lng": round(lon * 1e7)}
        return {"roll": body.roll, "pitch": body.pitch, "yaw": self._yaw(), **forces, **gyros, **place}

    def _vfr_hud(self) -> Fields:
        body = self._state.body
        return {
            "airspeed": body.airspeed,
            "groundspeed": body.ground_speed,
            "heading": round(degrees(body.yaw)) % 360,
            "throttle": min(round(40 * body.thrust / _G_M_S2), 100),
            "alt": self._state.amsl_m,
            "climb": body.vup,
        }

    def _gps_raw_int(self) -> Fields:
        state, body = self._state, self._state.body
        there = state.estimator.gps_there and state.time_s >= state.position_from_s
        lon, lat = 0.0, 0.0
        if there:
            north, east = state.estimator.gps_offset
            noise = self._dice.gauss(0.0, self._noise_m), self._dice.gauss(0.0, self._noise_m)
            lon, lat = state.origin.to_lonlat(body.n + north + noise[0], body.e + east + noise[1])
        return {
            "time_usec": state.unix_us(),
            "fix_type": _FIX_BEST if there else _FIX_NONE,
            "lat": round(lat * 1e7),
            "lon": round(lon * 1e7),
            "alt": round(state.amsl_m * 1000) if there else 0,
            "eph": 121 if there else 65535,
            "epv": 200 if there else 65535,
            "vel": round(body.ground_speed * 100),
            "cog": round(degrees(atan2(body.ve, body.vn)) * 100) % 36000,
            "satellites_visible": 10 if there else 0,
            "h_acc": 300 if there else 0,
            "v_acc": 300 if there else 0,
        }

    def _imu(self, *, with_clock: bool) -> Fields:
        state, body = self._state, self._state.body
        milli_g = 1000 / _G_M_S2
        clock = {"time_usec": state.boot_ms * 1000} if with_clock else {"time_boot_ms": state.boot_ms}
        forward = -body.drag
        return {
            **clock,
            "xacc": max(round(forward * milli_g), -32768),
            "yacc": 0,
            "zacc": -round(min(body.thrust if not body.on_ground else _G_M_S2, 32 * _G_M_S2) * milli_g),
            "xgyro": 0,
            "ygyro": 0,
            "zgyro": round(body.yaw_rate * 1000),
            "xmag": round(350 * cos(body.yaw)),
            "ymag": round(-350 * sin(body.yaw)),
            "zmag": 350,
        }

    def _scaled_pressure(self) -> Fields:
        hectopascal = 1013.25 * (1 - 2.25577e-5 * self._state.amsl_m) ** 5.25588  # standard atmosphere
        return {
            "time_boot_ms": self._state.boot_ms,
            "press_abs": hectopascal,
            "press_diff": 0.0,
            "temperature": 3500,
        }

    def _vibration(self) -> Fields:
        shaken = dict.fromkeys(("vibration_x", "vibration_y", "vibration_z"), 0.003)
        return {"time_usec": self._state.boot_ms * 1000, **shaken, "clipping_0": 0, "clipping_1": 0, "clipping_2": 0}

    def _nav_controller_output(self) -> Fields:
        state, body, target = self._state, self._state.body, self._autopilot.steering.target
        if target is None:
            return {
                **dict.fromkeys(("nav_roll", "nav_pitch", "alt_error", "aspd_error", "xtrack_error"), 0.0),
                "nav_bearing": round(degrees(self._yaw())),
                "target_bearing": 0,
                "wp_dist": 0,
            }
        north, east = target[0] - state.north_m, target[1] - state.east_m
        return {
            "nav_roll": degrees(body.roll),
            "nav_pitch": degrees(body.pitch),
            "nav_bearing": round(degrees(self._yaw())),
            "target_bearing": round(degrees(atan2(east, north)) % 360),
            "wp_dist": min(round(hypot(north, east)), 65535),
            "alt_error": target[2] - state.up_m,
            "aspd_error": 0.0,
            "xtrack_error": self._cross_track_m(),
        }

    def _cross_track_m(self) -> float:
        manoeuvre = self._autopilot.steering.manoeuvre
        if isinstance(manoeuvre, Follow):
            return manoeuvre.track.cross_track_m(self._state.north_m, self._state.east_m)
        return 0.0

    def _position_target_global_int(self) -> Fields | None:
        state, target = self._state, self._autopilot.steering.target
        if target is None or state.landed is Landed.ON_GROUND:
            return None
        lon, lat = state.origin.to_lonlat(target[0], target[1])
        still = dict.fromkeys(("vx", "vy", "vz", "afx", "afy", "afz", "yaw", "yaw_rate"), 0.0)
        return {
            "time_boot_ms": state.boot_ms,
            "coordinate_frame": 0,
            "type_mask": _TARGET_MASK,
            "lat_int": round(lat * 1e7),
            "lon_int": round(lon * 1e7),
            "alt": target[2] + state.origin.amsl_m,
            **still,
        }

    def _gimbal(self) -> Fields:
        half = radians(self._autopilot.camera.gimbal_pitch_deg) / 2
        return {
            "target_system": 0,
            "target_component": 0,
            "time_boot_ms": self._state.boot_ms,
            "flags": 44,  # roll and pitch locked to the horizon, yaw as the vehicle's
            "q": [cos(half), 0.0, sin(half), 0.0],
            **dict.fromkeys(("angular_velocity_x", "angular_velocity_y", "angular_velocity_z"), nan),
            "failure_flags": 0,
        }

    def _wind(self) -> Fields | None:
        """Estimate the wind: what blows at this height without the gusts."""
        wind = self._state.body.wind
        if not self._state.has_position:
            return None
        direction = (wind.from_deg + 180) % 360 - 180
        return {"direction": direction, "speed": hypot(*wind.at(self._state.body.up)), "speed_z": 0.0}
