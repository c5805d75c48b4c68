"""What is wrong or doubtful with a photo, in words that its shot carries on."""

import math
import re
from datetime import timedelta

from dronepatrol.geo.ground import MAX_OFF_NADIR_DEG
from dronepatrol.ingest.cameras import KnownCamera, is_cut, is_uncorrected, zoom_of
from dronepatrol.ingest.metadata import PhotoMetadata
from dronepatrol.ingest.poses import Attitude, Position, has_absurd_height

_FIRMWARE = re.compile(r"[vV]?\d[\w.\-]*", re.ASCII)
_EDITED_AFTER = timedelta(minutes=1)


def edited_by(meta: PhotoMetadata) -> str:
    """Return the program that wrote the file again after the photo was taken, "" where none shows.

    A camera writes its firmware's version and the time of the photo; a viewer or editor its own name and a later time.
    Such programs turn the pixels and leave the gimbal's angles as they were, and nothing in the file tells whether they
    did.
    """
    if not meta.software or _FIRMWARE.fullmatch(meta.software):
        return ""
    if meta.taken_local is None or meta.modified_local is None:
        return ""
    return meta.software if meta.modified_local - meta.taken_local > _EDITED_AFTER else ""


def flags(
    meta: PhotoMetadata, position: Position, attitude: Attitude, camera: KnownCamera | None, *, zone_assumed: bool
) -> list[str]:
    """Return everything that is wrong or doubtful with a located photo."""
    found = []
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
