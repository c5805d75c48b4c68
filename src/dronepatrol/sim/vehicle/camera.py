"""The camera below its gimbal, triggered by distance, time or command; a photo is kept as it was and as it seemed."""

from dataclasses import dataclass
from math import atan2, degrees, hypot, inf
from random import Random

from dronepatrol.sim.noise import PhotoError, photo_error
from dronepatrol.sim.vehicle.dynamics import STEP_S
from dronepatrol.sim.vehicle.numbers import Mode
from dronepatrol.sim.vehicle.outbox import Outbox
from dronepatrol.sim.vehicle.state import State

_GIMBAL_DEG_S = 60.0


@dataclass(frozen=True, slots=True)
class Photo:
    """One photo: what was true and what was sensed; angles in degrees, heights in metres."""

    number: int
    time_s: float  # since boot
    true_lon_deg: float
    true_lat_deg: float
    true_height_m: float  # above the ground at the take-off point
    error: PhotoError
    lon_deg: float
    lat_deg: float
    amsl_m: float
    height_m: float  # above home
    gimbal_pitch_deg: float
    yaw_deg: float
    pitch_deg: float
    roll_deg: float


class Camera:
    """A camera on a two-axis gimbal: level, pitched as told, heading as the vehicle does."""

    def __init__(self, state: State, outbox: Outbox) -> None:
        self._state, self._outbox = state, outbox
        self._dice = Random(f"camera {state.config.seed}")  # not secret
        self._every_s, self._left = 0.0, 0
        self._pending = False
        self._looking_at: tuple[float, float, float] | None = None
        self._taken_s = -inf
        self.missed = 0
        self._last: tuple[float, float] | None = None
        self._pitch_wanted = 0.0
        self.gimbal_pitch_deg = 0.0
        self.photos: list[Photo] = []

    def point(self, pitch_deg: float) -> None:
        """Tilt the camera to a pitch; -90 looks down."""
        self._looking_at = None
        self._tilt(pitch_deg)

    def look_at(self, place: tuple[float, float, float] | None) -> None:
        """Keep the camera on a place (north, east, up); None: stay as it is."""
        self._looking_at = place

    def _tilt(self, pitch_deg: float) -> None:
        low, high = self._state.parameters["MNT1_PITCH_MIN"], self._state.parameters["MNT1_PITCH_MAX"]
        self._pitch_wanted = min(max(pitch_deg, low), high)

    def trigger_every(self, metres: float, *, at_once: bool) -> None:
        """Take a photo after every so many metres of level way, 0 for none; it is the parameter CAM1_TRIGG_DIST."""
        self._state.parameters["CAM1_TRIGG_DIST"] = max(metres, 0.0)
        if at_once:
            self.take()

    def capture(self, every_s: float, count: int = 0) -> None:
        """Take a photo after every so many seconds of vehicle time, ``count`` in all, 0 for no end."""
        self._every_s, self._left = every_s, count if count > 0 else -1

    def stop_capture(self) -> None:
        """Take no more photos by time."""
        self._left = 0

    def restart(self) -> None:
        """Forget what is under way, as the autopilot's restart does."""
        self._state.parameters["CAM1_TRIGG_DIST"] = 0.0
        self._left, self._pending, self._looking_at = 0, False, None

    def step(self) -> None:
        """Move the gimbal, and take a photo where one is due: by time if asked for, otherwise by distance."""
        state = self._state
        if self._looking_at is not None:
            n, e, u = self._looking_at
            self._tilt(degrees(atan2(u - state.up_m, hypot(n - state.north_m, e - state.east_m))))
        most = _GIMBAL_DEG_S * STEP_S
        self.gimbal_pitch_deg += min(max(self._pitch_wanted - self.gimbal_pitch_deg, -most), most)
        if self._pending:
            self.take()
        if self._left != 0:
            if state.time_s - self._taken_s > self._every_s and self.take():
                self._left -= self._left > 0
            return
        every_m = state.parameters["CAM1_TRIGG_DIST"]
        if every_m <= 0.0:
            self._last = None
        elif state.has_position and not (int(state.parameters["CAM_AUTO_ONLY"]) and state.mode is not Mode.AUTO):
            if self._last is None:
                self._last = state.north_m, state.east_m
            elif hypot(state.north_m - self._last[0], state.east_m - self._last[1]) >= every_m:
                self.take()

    def take(self) -> bool:
        """Take a photo; where the last one is too fresh (CAM1_INTRVAL_MIN) as soon as may be. Return whether taken."""
        state, body = self._state, self._state.body
        values = state.parameters
        self._pending = state.time_s - self._taken_s < values["CAM1_INTRVAL_MIN"]
        if self._pending:
            return False
        self._taken_s = state.time_s
        self._last = state.north_m, state.east_m
        if values["SIM_CAM_MISS"] > 0.0 and self._dice.uniform(0.0, 100.0) < values["SIM_CAM_MISS"]:
            self.missed += 1
            return True
        number = len(self.photos) + 1
        error = photo_error(state.noise, state.config.seed, state.config.flight_id, number)
        true_lon, true_lat = state.origin.to_lonlat(body.n, body.e)
        lon, lat = state.origin.to_lonlat(state.north_m + error.north_m, state.east_m + error.east_m)
        photo = Photo(
            number=number,
            time_s=state.time_s,
            true_lon_deg=true_lon,
            true_lat_deg=true_lat,
            true_height_m=body.up,
            error=error,
            lon_deg=lon,
            lat_deg=lat,
            amsl_m=state.amsl_m + error.height_m,
            height_m=state.height_m + error.height_m,
            gimbal_pitch_deg=self.gimbal_pitch_deg,
            yaw_deg=degrees(body.yaw) % 360.0,
            pitch_deg=degrees(body.pitch),
            roll_deg=degrees(body.roll),
        )
        self.photos.append(photo)
        self._tell(photo)
        return True

    def _tell(self, photo: Photo) -> None:
        self._outbox.put(
            "camera_feedback",
            time_usec=self._state.unix_us(),
            target_system=0,
            cam_idx=0,
            img_idx=photo.number,
            lat=round(photo.lat_deg * 1e7),
            lng=round(photo.lon_deg * 1e7),
            alt_msl=photo.amsl_m,
            alt_rel=photo.height_m,
            roll=photo.roll_deg,
            pitch=photo.pitch_deg,
            yaw=photo.yaw_deg,
            foc_len=0.0,
            flags=0,
            completed_captures=0,
        )
