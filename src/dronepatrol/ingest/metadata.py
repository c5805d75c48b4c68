"""What a photo's own header says, in typed words: EXIF (CIPA DC-008) and the XMP of drones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from dronepatrol.ingest.exif import Tags, TiffTags, number_of, numbers_of, text_of
from dronepatrol.ingest.headers import Header, read_header
from dronepatrol.ingest.makers import Angles, Calibration, RtkState, positive, said_in, whole, within

_MAKE, _MODEL, _ORIENTATION, _SOFTWARE, _MODIFIED = 0x010F, 0x0110, 0x0112, 0x0131, 0x0132
_TAKEN, _OFFSET_TAKEN, _SUBSECOND_TAKEN = 0x9003, 0x9011, 0x9291
_FOCAL_MM, _FOCAL_35MM, _EXIF_WIDTH, _EXIF_HEIGHT, _SERIAL, _ZOOM = 0x920A, 0xA405, 0xA002, 0xA003, 0xA431, 0xA404
_GPS_LAT_REF, _GPS_LAT, _GPS_LON_REF, _GPS_LON, _GPS_ALT_REF, _GPS_ALT, _GPS_TIME, _GPS_DATE = 1, 2, 3, 4, 5, 6, 7, 29
_GPS_ERROR = 31
_WANTED = frozenset(
    {
        *(_MAKE, _MODEL, _ORIENTATION, _SOFTWARE, _MODIFIED, _TAKEN, _OFFSET_TAKEN, _SUBSECOND_TAKEN),
        *(_FOCAL_MM, _FOCAL_35MM, _EXIF_WIDTH, _EXIF_HEIGHT, _SERIAL, _ZOOM),
        *(_GPS_LAT_REF, _GPS_LAT, _GPS_LON_REF, _GPS_LON, _GPS_ALT_REF, _GPS_ALT, _GPS_TIME, _GPS_DATE),
        _GPS_ERROR,
    }
)
_MAX_ALTITUDE_M = 100_000.0
_YEARS = range(1990, 2200)


@dataclass(frozen=True, slots=True)
class PhotoMetadata:
    """One photo's header; None or "" where the file does not say.

    Positions are WGS-84 degrees; ``gps_altitude_reference`` is EXIF's code (0 above, 1 below sea level, 2 above, 3
    below the ellipsoid) and ``gps_altitude_m`` carries its sign. ``taken_local`` is the camera's wall clock, without a
    zone. ``accuracy_m`` is the horizontal accuracy that the receiver stated, ``attitude_by`` the XMP prefix that
    ``gimbal`` comes from, ``has_exif`` whether the file holds EXIF at all, readable or not. Numbers that no camera can
    mean (angles beyond a turn, heights beyond the air) count as not said.
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
    digital_zoom: float | None
    lon_deg: float | None
    lat_deg: float | None
    gps_altitude_m: float | None
    gps_altitude_reference: int | None
    xmp_lon_deg: float | None
    xmp_lat_deg: float | None
    absolute_altitude_m: float | None
    relative_altitude_m: float | None
    accuracy_m: float | None
    attitude_by: str
    gimbal: Angles
    flight: Angles
    rtk: RtkState
    calibration: Calibration
    hfov_deg: float | None
    has_exif: bool
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
    return of_header(read_header(path, _WANTED))


def of_header(header: Header) -> PhotoMetadata:
    """Return what a header says, in typed words."""
    image, exif, gps = header.tags.image, header.tags.exif, header.tags.gps
    make, model = text_of(image, _MAKE), text_of(image, _MODEL)
    said = said_in(header.xmp, make, model)
    width, height = positive(number_of(exif, _EXIF_WIDTH)), positive(number_of(exif, _EXIF_HEIGHT))
    altitude_m, altitude_reference = _gps_altitude(gps)
    return PhotoMetadata(
        form=header.form,
        image_wh=header.image_wh,
        exif_wh=(int(width), int(height)) if width and height else None,
        make=make,
        model=model,
        software=text_of(image, _SOFTWARE),
        serial=text_of(exif, _SERIAL),
        orientation=whole(number_of(image, _ORIENTATION)),
        modified_local=_moment(text_of(image, _MODIFIED)),
        taken_local=_taken(header.tags),
        utc_offset=_offset(text_of(exif, _OFFSET_TAKEN)),
        gps_time_utc=_gps_time(gps),
        focal_mm=positive(number_of(exif, _FOCAL_MM)),
        focal_35mm_mm=positive(number_of(exif, _FOCAL_35MM)),
        digital_zoom=positive(number_of(exif, _ZOOM)),
        lon_deg=_degrees(gps, _GPS_LON, _GPS_LON_REF, "EW", 180.0),
        lat_deg=_degrees(gps, _GPS_LAT, _GPS_LAT_REF, "NS", 90.0),
        gps_altitude_m=altitude_m,
        gps_altitude_reference=altitude_reference,
        xmp_lon_deg=said.lon_deg,
        xmp_lat_deg=said.lat_deg,
        absolute_altitude_m=said.absolute_altitude_m,
        relative_altitude_m=said.relative_altitude_m,
        accuracy_m=positive(number_of(gps, _GPS_ERROR)) or said.accuracy_m,
        attitude_by=said.by,
        gimbal=said.gimbal,
        flight=said.flight,
        rtk=said.rtk,
        calibration=said.calibration,
        hfov_deg=said.hfov_deg,
        has_exif=header.has_exif,
        has_jfif=header.has_jfif,
        picture_at=header.picture_at,
        size_needed=header.size_needed,
    )


def _degrees(gps: Tags, tag: int, reference: int, letters: str, limit: float) -> float | None:
    """Return signed degrees from degrees, minutes and seconds; None without all three or without the hemisphere."""
    parts = numbers_of(gps, tag)
    letter = text_of(gps, reference).upper()
    if len(parts) != 3 or letter not in {letters[0], letters[1]}:
        return None
    value = parts[0] + parts[1] / 60 + parts[2] / 3600
    return within(-value if letter == letters[1] else value, limit)


def _gps_altitude(gps: Tags) -> tuple[float | None, int | None]:
    altitude_m = within(number_of(gps, _GPS_ALT), _MAX_ALTITUDE_M)
    code = gps.get(_GPS_ALT_REF, b"")
    reference = code[0] if isinstance(code, bytes) and code else 0
    if altitude_m is None:
        return None, None
    return (-altitude_m if reference in {1, 3} else altitude_m), reference


def _moment(text: str) -> datetime | None:
    """Return EXIF's "YYYY:MM:DD HH:MM:SS" as a naive local time; None for blanks, zeros and nonsense."""
    if text[4:5] + text[7:8] + text[10:11] != ":: ":
        return None
    try:
        moment = datetime.fromisoformat(f"{text[:4]}-{text[5:7]}-{text[8:19]}")  # several times as fast as strptime
    except ValueError:
        return None
    return moment if moment.year in _YEARS and moment.tzinfo is None else None


def _taken(tags: TiffTags) -> datetime | None:
    moment = _moment(text_of(tags.exif, _TAKEN)) or _moment(text_of(tags.image, _MODIFIED))
    fraction = text_of(tags.exif, _SUBSECOND_TAKEN)
    if moment is not None and fraction.isascii() and fraction.isdigit():
        return moment + timedelta(seconds=float(f"0.{fraction[:6]}"))
    return moment


def _offset(text: str) -> timedelta | None:
    """Return EXIF's "+08:00" as a time difference."""
    if not text:
        return None
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
