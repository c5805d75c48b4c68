"""What a photo's own header says, in typed words: EXIF (CIPA DC-008) and the XMP of DJI's drones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from dronepatrol.ingest.exif import Tags, TiffTags, number_of, numbers_of, text_of
from dronepatrol.ingest.headers import read_header
from dronepatrol.ingest.xmp import LATITUDE, LONGITUDE, dji_properties, number

_MAKE, _MODEL, _ORIENTATION, _SOFTWARE, _MODIFIED = 0x010F, 0x0110, 0x0112, 0x0131, 0x0132
_TAKEN, _OFFSET_TAKEN, _SUBSECOND_TAKEN = 0x9003, 0x9011, 0x9291
_FOCAL_MM, _FOCAL_35MM, _EXIF_WIDTH, _EXIF_HEIGHT, _SERIAL = 0x920A, 0xA405, 0xA002, 0xA003, 0xA431
_GPS_LAT_REF, _GPS_LAT, _GPS_LON_REF, _GPS_LON, _GPS_ALT_REF, _GPS_ALT, _GPS_TIME, _GPS_DATE = 1, 2, 3, 4, 5, 6, 7, 29
_WANTED = frozenset(
    {
        *(_MAKE, _MODEL, _ORIENTATION, _SOFTWARE, _MODIFIED, _TAKEN, _OFFSET_TAKEN, _SUBSECOND_TAKEN),
        *(_FOCAL_MM, _FOCAL_35MM, _EXIF_WIDTH, _EXIF_HEIGHT, _SERIAL),
        *(_GPS_LAT_REF, _GPS_LAT, _GPS_LON_REF, _GPS_LON, _GPS_ALT_REF, _GPS_ALT, _GPS_TIME, _GPS_DATE),
    }
)
_MAX_ALTITUDE_M = 100_000.0
_MAX_ANGLE_DEG = 360.0
_YEARS = range(1990, 2200)


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
    """DJI's factory calibration, in pixels of the full-size picture."""

    focal_px: float | None = None
    centre_x_px: float | None = None
    centre_y_px: float | None = None
    dewarp_data: str = ""  # "date;fx,fy,cx,cy,k1,k2,p1,p2,k3", the centre relative to ``centre_*``
    dewarp_flag: int | None = None  # 1: the picture is already free of distortion


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """One photo's header; None or "" where the file does not say.

    Positions are WGS-84 degrees; ``gps_altitude_reference`` is EXIF's code (0 above, 1 below sea level, 2 above, 3
    below the ellipsoid) and ``gps_altitude_m`` carries its sign. ``taken_local`` is the camera's wall clock, without a
    zone. Numbers that no camera can mean (angles beyond a turn, heights beyond the air) count as not said.
    """

    form: str
    image_wh: tuple[int, int]
    exif_wh: tuple[int, int] | None
    make: str
    model: str
    software: str
    serial: str
    orientation: int | None
    modified_local: datetime | None
    taken_local: datetime | None
    utc_offset: timedelta | None
    gps_time_utc: datetime | None
    focal_mm: float | None
    focal_35mm_mm: float | None
    lon_deg: float | None
    lat_deg: float | None
    gps_altitude_m: float | None
    gps_altitude_reference: int | None
    xmp_lon_deg: float | None
    xmp_lat_deg: float | None
    absolute_altitude_m: float | None
    relative_altitude_m: float | None
    gimbal: Angles
    flight: Angles
    rtk: RtkState
    calibration: Calibration
    has_jfif: bool
    picture_at: int
    size_needed: int


def read_metadata(path: Path) -> PhotoMetadata:
    """Return what the header of a JPEG or TIFF says.

    Raises
    ------
    InputError
        When the file cannot be read, is empty, is no JPEG or TIFF, or ends before its picture begins.
    """
    header = read_header(path, _WANTED)
    image, exif, gps = header.tags.image, header.tags.exif, header.tags.gps
    xmp = dji_properties(header.xmp)
    width, height = (_positive(number_of(exif, tag)) for tag in (_EXIF_WIDTH, _EXIF_HEIGHT))
    altitude_m, altitude_reference = _gps_altitude(gps)
    orientation = number_of(image, _ORIENTATION)
    return PhotoMetadata(
        form=header.form,
        image_wh=header.image_wh,
        exif_wh=(int(width), int(height)) if width and height else None,
        make=text_of(image, _MAKE),
        model=text_of(image, _MODEL),
        software=text_of(image, _SOFTWARE),
        serial=text_of(exif, _SERIAL),
        orientation=None if orientation is None else int(orientation),
        modified_local=_moment(text_of(image, _MODIFIED)),
        taken_local=_taken(header.tags),
        utc_offset=_offset(text_of(exif, _OFFSET_TAKEN)),
        gps_time_utc=_gps_time(gps),
        focal_mm=_positive(number_of(exif, _FOCAL_MM)),
        focal_35mm_mm=_positive(number_of(exif, _FOCAL_35MM)),
        lon_deg=_degrees(gps, _GPS_LON, _GPS_LON_REF, "EW", 180.0),
        lat_deg=_degrees(gps, _GPS_LAT, _GPS_LAT_REF, "NS", 90.0),
        gps_altitude_m=altitude_m,
        gps_altitude_reference=altitude_reference,
        xmp_lon_deg=_within(number(xmp, *LONGITUDE), 180.0),
        xmp_lat_deg=_within(number(xmp, *LATITUDE), 90.0),
        absolute_altitude_m=_within(number(xmp, "AbsoluteAltitude"), _MAX_ALTITUDE_M),
        relative_altitude_m=_within(number(xmp, "RelativeAltitude"), _MAX_ALTITUDE_M),
        gimbal=_angles(xmp, "Gimbal"),
        flight=_angles(xmp, "Flight"),
        rtk=_rtk(xmp),
        calibration=_calibration(xmp),
        has_jfif=header.has_jfif,
        picture_at=header.picture_at,
        size_needed=header.size_needed,
    )


def _angles(xmp: dict[str, str], what: str) -> Angles:
    names = (f"{what}{angle}Degree" for angle in ("Yaw", "Pitch", "Roll"))
    return Angles(*(_within(number(xmp, name), _MAX_ANGLE_DEG) for name in names))


def _rtk(xmp: dict[str, str]) -> RtkState:
    std_lon_m, std_lat_m, std_height_m = (_positive(number(xmp, f"RtkStd{axis}")) for axis in ("Lon", "Lat", "Hgt"))
    return RtkState(_whole(number(xmp, "RtkFlag")), std_lon_m, std_lat_m, std_height_m)


def _calibration(xmp: dict[str, str]) -> Calibration:
    return Calibration(
        focal_px=_positive(number(xmp, "CalibratedFocalLength")),
        centre_x_px=number(xmp, "CalibratedOpticalCenterX"),
        centre_y_px=number(xmp, "CalibratedOpticalCenterY"),
        dewarp_data=xmp.get("DewarpData", ""),
        dewarp_flag=_whole(number(xmp, "DewarpFlag")),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None


def _within(value: float | None, limit: float) -> float | None:
    return value if value is not None and abs(value) <= limit else None


def _degrees(gps: Tags, tag: int, reference: int, letters: str, limit: float) -> float | None:
    """Return signed degrees from degrees, minutes and seconds; None without all three or without the hemisphere."""
    parts = numbers_of(gps, tag)
    letter = text_of(gps, reference).upper()
    if len(parts) != 3 or letter not in {letters[0], letters[1]}:
        return None
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    return _within(-value if letter == letters[1] else value, limit)


def _gps_altitude(gps: Tags) -> tuple[float | None, int | None]:
    altitude_m = _within(number_of(gps, _GPS_ALT), _MAX_ALTITUDE_M)
    code = gps.get(_GPS_ALT_REF, b"")
    reference = code[0] if isinstance(code, bytes) and code else 0
    if altitude_m is None:
        return None, None
    return (-altitude_m if reference in {1, 3} else altitude_m), reference


def _moment(text: str) -> datetime | None:
    """Return EXIF's "YYYY:MM:DD HH:MM:SS" as a naive local time; None for blanks, zeros and nonsense."""
    try:
        moment = datetime.strptime(text[:19], "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 the zone is a tag of its own
    except ValueError:
        return None
    return moment if moment.year in _YEARS else None


def _taken(tags: TiffTags) -> datetime | None:
    moment = _moment(text_of(tags.exif, _TAKEN)) or _moment(text_of(tags.image, _MODIFIED))
    fraction = text_of(tags.exif, _SUBSECOND_TAKEN)
    if moment is not None and fraction.isascii() and fraction.isdigit():
        return moment + timedelta(seconds=float(f"0.{fraction[:6]}"))
    return moment


def _offset(text: str) -> timedelta | None:
    """Return EXIF's "+08:00" as a time difference."""
    try:
        return datetime.strptime(text, "%z").utcoffset()
    except ValueError:
        return None


def _gps_time(gps: Tags) -> datetime | None:
    day, clock = _moment(f"{text_of(gps, _GPS_DATE)} 00:00:00"), numbers_of(gps, _GPS_TIME)
    if day is None or len(clock) != 3 or not all(0 <= part <= 60 for part in clock):
        return None
    hours, minutes, seconds = clock
    return day.replace(tzinfo=UTC) + timedelta(hours=hours, minutes=minutes, seconds=seconds)


def utc_of(meta: PhotoMetadata, assumed: timezone) -> tuple[datetime | None, bool]:
    """Return when the photo was taken, and whether its time zone had to be assumed.

    The camera's clock counts, with the offset that the file states, else with the one that GPS time implies (whole
    quarters of an hour); GPS time itself where there is no clock.
    """
    if meta.taken_local is None:
        return meta.gps_time_utc, False
    if meta.utc_offset is not None:
        return meta.taken_local.replace(tzinfo=timezone(meta.utc_offset)).astimezone(UTC), False
    if meta.gps_time_utc is not None:
        ahead = meta.taken_local.replace(tzinfo=UTC) - meta.gps_time_utc
        quarters = round(ahead / timedelta(minutes=15))
        if abs(ahead - quarters * timedelta(minutes=15)) < timedelta(minutes=5) and abs(quarters) <= 14 * 4:
            return meta.taken_local.replace(tzinfo=UTC) - quarters * timedelta(minutes=15), False
        return meta.gps_time_utc, False
    return meta.taken_local.replace(tzinfo=assumed).astimezone(UTC), True
