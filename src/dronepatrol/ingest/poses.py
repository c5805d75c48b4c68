"""From a photo's metadata to where its camera was, how it looked, and how well both are known."""

import math
from dataclasses import dataclass
from datetime import timedelta, timezone

from dronepatrol.ingest import accuracy
from dronepatrol.ingest.accuracy import PositionSigma
from dronepatrol.ingest.makers import Angles
from dronepatrol.ingest.metadata import PhotoMetadata
from dronepatrol.model.altitude import AltitudeReference

ASSUMED_ZONE = timezone(timedelta(hours=8))
"""Where a photo does not say which zone its clock keeps, the clock is taken to keep China's (UTC+8); flagged then."""

RTK_SINGLE, RTK_FLOAT, RTK_FIXED = 16, 34, 50
"""DJI's RtkFlag."""
NADIR_WITHIN_DEG = 20.0
"""A gimbal that states roll 180 this close to straight down hangs upside down in its angles, not in the air."""
YAW_APART_DEG = 20.0
"""A mapping flight's gimbal looks where the vehicle heads; a yaw of exactly 0 further off was not measured."""
MAX_HEIGHT_M = 1500.0
"""A height above take-off beyond this is taken for a fault of the file: such a footprint would be kilometres wide."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where the camera was; ``height_m`` is above the take-off point, NaN where unknown."""

    lon_deg: float
    lat_deg: float
    altitude_m: float
    altitude_reference: AltitudeReference
    height_m: float
    sigma: PositionSigma
    source: str


@dataclass(frozen=True, slots=True)
class Attitude:
    """How the camera looked, NaN where unknown, and 1 sigma of each angle."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float
    yaw_sigma_deg: float
    pitch_sigma_deg: float
    roll_sigma_deg: float
    source: str

    @property
    def is_known(self) -> bool:
        """Whether all three angles are known."""
        return not any(math.isnan(angle) for angle in (self.yaw_deg, self.pitch_deg, self.roll_deg))


def has_absurd_height(meta: PhotoMetadata) -> bool:
    """Return whether the height above take-off is one that no patrol drone reaches."""
    return meta.relative_altitude_m is not None and abs(meta.relative_altitude_m) > MAX_HEIGHT_M


def _or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def position_of(meta: PhotoMetadata) -> Position | None:
    """Return where the camera was; None where the file has no position, or only (0, 0).

    EXIF's position counts before XMP's: both are the same fix, and every reader agrees on EXIF's.
    """
    for lon_deg, lat_deg in ((meta.lon_deg, meta.lat_deg), (meta.xmp_lon_deg, meta.xmp_lat_deg)):
        if lon_deg is not None and lat_deg is not None and (lon_deg or lat_deg):
            return _at(meta, lon_deg, lat_deg)
    return None


def nowhere(meta: PhotoMetadata) -> Position:
    """Return the heights of a photo whose place is not known."""
    return _at(meta, math.nan, math.nan)


def _at(meta: PhotoMetadata, lon_deg: float, lat_deg: float) -> Position:
    altitude_m, reference = _altitude(meta)
    height_m = math.nan if has_absurd_height(meta) else _or_nan(meta.relative_altitude_m)
    sigma, source = _position_sigma(meta)
    return Position(lon_deg, lat_deg, altitude_m, reference, height_m, sigma, source)


def _altitude(meta: PhotoMetadata) -> tuple[float, AltitudeReference]:
    """Return the altitude and what it is counted from.

    DJI's AbsoluteAltitude is ellipsoidal with RTK (fixed or float), else a mix of barometer and GNSS that is meant as
    above sea level. EXIF's is above sea level, or the ellipsoid where its reference says so (Exif 3.0).
    """
    if meta.absolute_altitude_m is not None:
        with_rtk = meta.rtk.flag in {RTK_FIXED, RTK_FLOAT}
        return meta.absolute_altitude_m, AltitudeReference.ELLIPSOID if with_rtk else AltitudeReference.AMSL
    if meta.gps_altitude_m is not None:
        on_ellipsoid = meta.gps_altitude_reference in {2, 3}
        return meta.gps_altitude_m, AltitudeReference.ELLIPSOID if on_ellipsoid else AltitudeReference.AMSL
    if meta.relative_altitude_m is not None:
        return meta.relative_altitude_m, AltitudeReference.HOME
    return math.nan, AltitudeReference.AMSL


def _position_sigma(meta: PhotoMetadata) -> tuple[PositionSigma, str]:
    stated = [value for value in (meta.rtk.std_lon_m, meta.rtk.std_lat_m) if value is not None]
    stated_m = max(stated) if stated else None
    if meta.rtk.flag == RTK_FIXED:
        return accuracy.rtk(stated_m, fixed=True), "RTK fixed"
    if meta.rtk.flag == RTK_FLOAT:
        return accuracy.rtk(stated_m, fixed=False), "RTK float"
    if meta.accuracy_m is not None:
        return accuracy.stated_gnss(meta.accuracy_m), "GNSS with stated accuracy"
    return accuracy.single_gnss(), "GNSS, RTK without corrections" if meta.rtk.flag == RTK_SINGLE else "GNSS"


def attitude_of(meta: PhotoMetadata, *, turned: bool) -> Attitude:
    """Return how the camera looked, by its gimbal; angles that nobody states stay unknown.

    A gimbal that states its pitch but no yaw follows the vehicle's heading; one that states no roll holds the horizon.

    Parameters
    ----------
    meta
        The photo's header.
    turned
        Whether the picture may have been turned after it was taken, so that its heading may be any.
    """
    gimbal = _upright(_with_yaw(meta))
    if gimbal.pitch_deg is None:
        return Attitude(*(math.nan,) * 6, "")
    sources = ["gimbal"]
    is_autel = meta.make.lower().startswith("autel")
    yaw_deg, yaw_sigma_deg = gimbal.yaw_deg, accuracy.YAW_AUTEL_DEG if is_autel else accuracy.YAW_DEG
    if meta.rtk.flag == RTK_FIXED:
        yaw_sigma_deg = accuracy.YAW_RTK_DEG
    tilt_sigma_deg = accuracy.TILT_AUTEL_DEG if is_autel else accuracy.TILT_DEG
    if yaw_deg is None:
        yaw_deg, yaw_sigma_deg = meta.flight.yaw_deg, accuracy.YAW_OF_VEHICLE_DEG
        sources.append("vehicle's yaw")
    roll_deg, roll_sigma_deg = gimbal.roll_deg, tilt_sigma_deg
    if roll_deg is None:
        roll_deg, roll_sigma_deg = 0.0, accuracy.ROLL_ASSUMED_DEG
        sources.append("roll assumed level")
    return Attitude(
        yaw_deg=math.nan if yaw_deg is None else yaw_deg,
        pitch_deg=gimbal.pitch_deg,
        roll_deg=roll_deg,
        yaw_sigma_deg=accuracy.YAW_UNKNOWN_DEG if turned else yaw_sigma_deg,
        pitch_sigma_deg=tilt_sigma_deg,
        roll_sigma_deg=roll_sigma_deg,
        source=", ".join(sources),
    )


def _with_yaw(meta: PhotoMetadata) -> Angles:
    """Return the gimbal's angles without a yaw that says nothing: some models write 0 whichever way they look."""
    gimbal, flight_deg = meta.gimbal, meta.flight.yaw_deg
    if gimbal.yaw_deg == 0.0 and flight_deg is not None and abs(math.remainder(flight_deg, 360.0)) > YAW_APART_DEG:
        return Angles(None, gimbal.pitch_deg, gimbal.roll_deg)
    return gimbal


def _upright(gimbal: Angles) -> Angles:
    """Return the angles with a roll of 180 degrees near straight down read as half a turn of the heading.

    Some DJI firmwares write (yaw, -90, 180) for a camera that hangs as always.
    """
    if gimbal.pitch_deg is None or gimbal.roll_deg is None or abs(gimbal.pitch_deg + 90.0) > NADIR_WITHIN_DEG:
        return gimbal
    if abs(abs(gimbal.roll_deg) - 180.0) > NADIR_WITHIN_DEG:
        return gimbal
    yaw_deg = None if gimbal.yaw_deg is None else (gimbal.yaw_deg + 360.0) % 360.0 - 180.0
    return Angles(yaw_deg, gimbal.pitch_deg, math.remainder(gimbal.roll_deg - 180.0, 360.0))
