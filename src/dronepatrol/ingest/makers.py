"""What each maker's XMP says of where a camera was and how it looked, brought to one convention.

Attitude is body to NED, intrinsic Z-Y-X, with pitch -90 straight down. DJI, Parrot, Skydio, Teal and newer Autels write
it so. Pix4D's ``Camera`` counts pitch from straight down (0) to the horizon (90); older Autels and senseFly keep to it,
Parrot's drones, which write both, do not.
"""

from dataclasses import dataclass, field

from dronepatrol.ingest import xmp
from dronepatrol.ingest.xmp import LATITUDE, LONGITUDE, Properties, angle, number

_MAX_ALTITUDE_M = 100_000.0
_MAX_ANGLE_DEG = 360.0
_SEQUOIA = "sequoia"


@dataclass(frozen=True, slots=True)
class Angles:
    """Attitude to NED, intrinsic Z-Y-X, as far as the file gives it."""

    yaw_deg: float | None = None
    pitch_deg: float | None = None
    roll_deg: float | None = None


@dataclass(frozen=True, slots=True)
class RtkState:
    """DJI's RTK flag (0 none, 16 single, 34 float, 50 fixed) and its 1-sigma in metres."""

    flag: int | None = None
    std_lon_m: float | None = None
    std_lat_m: float | None = None
    std_height_m: float | None = None


@dataclass(frozen=True, slots=True)
class Calibration:
    """A factory calibration, in pixels of the full-size picture."""

    focal_px: float | None = None
    centre_x_px: float | None = None
    centre_y_px: float | None = None
    dewarp_data: str = ""  # "date;fx,fy,cx,cy,k1,k2,p1,p2,k3", the centre relative to ``centre_*``
    dewarp_flag: int | None = None  # 1: the picture is already free of distortion


@dataclass(frozen=True, slots=True)
class Said:
    """What a packet says; None or empty where it does not. ``by`` is the prefix whose attitude this is."""

    by: str = ""
    lon_deg: float | None = None
    lat_deg: float | None = None
    absolute_altitude_m: float | None = None
    relative_altitude_m: float | None = None
    accuracy_m: float | None = None  # horizontal, stated by the receiver
    gimbal: Angles = field(default_factory=Angles)
    flight: Angles = field(default_factory=Angles)
    rtk: RtkState = field(default_factory=RtkState)
    calibration: Calibration = field(default_factory=Calibration)
    hfov_deg: float | None = None


NOTHING = Said()


def said_in(packet: bytes, make: str, model: str) -> Said:
    """Return what a photo's XMP packet says.

    Parameters
    ----------
    packet
        The packet, b"" where there is none.
    make, model
        Of the camera, as EXIF has them.
    """
    found = xmp.properties(packet) if packet else {}
    for prefix in (xmp.DJI, xmp.AUTEL):
        if prefix in found:
            return _dji(prefix, found[prefix])
    if xmp.SKYDIO in found:
        return _skydio(found[xmp.SKYDIO])
    if xmp.PARROT in found or xmp.PIX4D in found:
        return _camera(found.get(xmp.PARROT, {}), found.get(xmp.PIX4D, {}), make, model)
    return _exif(found[xmp.EXIF]) if xmp.EXIF in found else NOTHING


def _dji(prefix: str, said: Properties) -> Said:
    std_lon_m, std_lat_m, std_height_m = (positive(number(said, f"RtkStd{axis}")) for axis in ("Lon", "Lat", "Hgt"))
    return Said(
        by=prefix,
        lon_deg=within(number(said, *LONGITUDE), 180.0),
        lat_deg=within(number(said, *LATITUDE), 90.0),
        absolute_altitude_m=within(number(said, "AbsoluteAltitude"), _MAX_ALTITUDE_M),
        relative_altitude_m=within(number(said, "RelativeAltitude"), _MAX_ALTITUDE_M),
        gimbal=_angles(said, "Gimbal{}Degree"),
        flight=_angles(said, "Flight{}Degree"),
        rtk=RtkState(whole(number(said, "RtkFlag")), std_lon_m, std_lat_m, std_height_m),
        calibration=Calibration(
            focal_px=positive(number(said, "CalibratedFocalLength")),
            centre_x_px=number(said, "CalibratedOpticalCenterX"),
            centre_y_px=number(said, "CalibratedOpticalCenterY"),
            dewarp_data=said.get("DewarpData", ""),
            dewarp_flag=whole(number(said, "DewarpFlag")),
        ),
    )


def _skydio(said: Properties) -> Said:
    return Said(
        by=xmp.SKYDIO,
        lon_deg=within(number(said, "Longitude"), 180.0),
        lat_deg=within(number(said, "Latitude"), 90.0),
        absolute_altitude_m=within(number(said, "AbsoluteAltitude"), _MAX_ALTITUDE_M),
        relative_altitude_m=within(number(said, "RelativeAltitude"), _MAX_ALTITUDE_M),
        gimbal=_angles(said, "CameraOrientationNED{}"),
        calibration=Calibration(
            focal_px=positive(number(said, "CalibratedFocalLengthX")),
            centre_x_px=number(said, "CalibratedOpticalCenterX"),
            centre_y_px=number(said, "CalibratedOpticalCenterY"),
        ),
    )


def _camera(parrot: Properties, pix4d: Properties, make: str, model: str) -> Said:
    """Return what Parrot's or Pix4D's words say; ``AboveGroundAltitude`` is above the ground, not above take-off."""
    own = _angles(parrot, "Camera{}Degree")
    if own.pitch_deg is None:
        own = _angles(pix4d, "{}")
        if own.pitch_deg is not None and not (make.lower() == "parrot" and _SEQUOIA not in model.lower()):
            own = Angles(own.yaw_deg, own.pitch_deg - 90.0, own.roll_deg)
    return Said(
        by=xmp.PARROT if make.lower() == "parrot" else xmp.PIX4D,
        gimbal=own,
        flight=_angles(parrot, "Drone{}Degree"),
        accuracy_m=positive(number(pix4d, "GPSXYAccuracy")),
    )


def _exif(said: Properties) -> Said:
    return Said(
        by=xmp.EXIF,
        lon_deg=within(angle(said, "GPSLongitude", "EW"), 180.0),
        lat_deg=within(angle(said, "GPSLatitude", "NS"), 90.0),
        gimbal=_angles(said, "Camera{}"),
        hfov_deg=within(positive(number(said, "HFOV", "CameraHFOV")), 179.0),
    )


def _angles(said: Properties, name: str) -> Angles:
    return Angles(*(within(number(said, name.format(axis)), _MAX_ANGLE_DEG) for axis in ("Yaw", "Pitch", "Roll")))


def whole(value: float | None) -> int | None:
    """Return a number without its fraction."""
    return None if value is None else int(value)


def positive(value: float | None) -> float | None:
    """Return a number that is more than 0, None for others."""
    return value if value is not None and value > 0 else None


def within(value: float | None, limit: float) -> float | None:
    """Return a number whose size is at most the limit, None for others."""
    return value if value is not None and abs(value) <= limit else None
