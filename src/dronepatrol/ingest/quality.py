"""What is wrong or doubtful with a photo, in words that its shot carries on."""

import math
import re
from datetime import timedelta

from dronepatrol.geo.ground import MAX_OFF_NADIR_DEG
from dronepatrol.ingest.cameras import KnownCamera, is_cut, is_uncorrected, zoom_of
from dronepatrol.ingest.metadata import PhotoMetadata
from dronepatrol.ingest.pictures import Look
from dronepatrol.ingest.poses import Attitude, Position, has_absurd_height
from dronepatrol.model.quality import NO_LIGHT, WRONG_HEMISPHERE

BLURRED = 0.45
"""Crete's blur beyond this: sharp aerial pictures measure 0.14 to 0.31, ones blurred by 4 pixels 0.5 and more."""
NO_LIGHT_MEAN, NO_LIGHT_SPREAD = 12.0, 8.0
DARK_MEAN, BRIGHT_MEAN, WASHED_OUT_SHARE = 30.0, 225.0, 0.25
_MIRRORED_DEG = 0.01

_FIRMWARE = re.compile(r"[vV]?\d[\w.\-]*", re.ASCII)
_EDITED_AFTER = timedelta(minutes=1)


def edited_by(meta: PhotoMetadata) -> str:
    """Return the program that wrote the file again after the photo was taken, "" where none shows.

    A camera writes its firmware's version and the time of the photo; a viewer or editor its own name and a later time.
    Such programs turn the pixels and leave the gimbal's angles as they were. They may have written the thumbnail
    anew as well, so that nothing in the file tells whether they did.
    """
    if not meta.software or _FIRMWARE.fullmatch(meta.software):
        return ""
    if meta.taken_local is None or meta.modified_local is None:
        return ""
    return meta.software if meta.modified_local - meta.taken_local > _EDITED_AFTER else ""


def flags(
    meta: PhotoMetadata,
    position: Position,
    attitude: Attitude,
    camera: KnownCamera | None,
    *,
    turns: int,
    zone_assumed: bool,
) -> list[str]:
    """Return everything that is wrong or doubtful with a located photo; ``turns`` as its thumbnail has them."""
    found = []
    if is_mirrored(meta):
        found.append(f"{WRONG_HEMISPHERE}: EXIF and XMP positions differ in sign")
    if turns:
        found.append(f"turned by {90 * turns} degrees after it was taken: corrected by its thumbnail")
    if program := edited_by(meta):
        found.append(f"edited by {program}: may be turned, heading unknown")
    if not attitude.is_known:
        found.append("no attitude")
    elif attitude.pitch_deg > MAX_OFF_NADIR_DEG - 90.0:
        found.append("gimbal at the horizon")
    found += _of_height(meta, position)
    if camera is None:
        found.append("cut or turned: camera unknown" if is_cut(meta) else "no focal length")
    elif is_uncorrected(meta):
        found.append("lens distortion not corrected")
    if (zoom := zoom_of(meta)) > 1.0:
        found.append(f"digital zoom {zoom:g}")
    if zone_assumed:
        found.append("time zone assumed UTC+08:00")
    return found


def _of_height(meta: PhotoMetadata, position: Position) -> list[str]:
    if has_absurd_height(meta):
        return [f"impossible height above take-off: {meta.relative_altitude_m:g} m"]
    if math.isnan(position.height_m):
        return ["no height above take-off"]
    return ["not above take-off"] if position.height_m <= 0 else []


def is_mirrored(meta: PhotoMetadata) -> bool:
    """Whether the file's two positions are mirror images: one of them lost its hemisphere."""
    pairs = ((meta.lon_deg, meta.xmp_lon_deg), (meta.lat_deg, meta.xmp_lat_deg))
    return any(
        one is not None and other is not None and abs(one) > _MIRRORED_DEG and abs(one + other) < _MIRRORED_DEG
        for one, other in pairs
    )


def flags_of_look(look: Look | None) -> list[str]:
    """Return what is wrong with a picture by its look; nothing where it could not be looked at."""
    if look is None:
        return []
    if look.mean < NO_LIGHT_MEAN and look.spread < NO_LIGHT_SPREAD:
        return [NO_LIGHT]
    found = []
    if look.blur > BLURRED:
        found.append("blurred")
    elif math.isnan(look.blur):
        found.append("no texture: blurred or empty")
    if look.mean < DARK_MEAN:
        found.append("underexposed")
    elif look.white > WASHED_OUT_SHARE or look.mean > BRIGHT_MEAN:
        found.append("overexposed")
    return found
