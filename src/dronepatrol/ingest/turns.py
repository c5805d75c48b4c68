"""Pictures that a viewer turned by quarter turns while the angles in their headers stayed: told by their thumbnails.

A camera writes a small copy of the picture into the header. Tools that turn a JPEG without loss turn the picture and
leave that copy, and often every word of the header, as they were; then the copy says which way the picture was. A
viewer that writes the copy anew leaves nothing to tell by.
"""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from dronepatrol.ingest.metadata import PhotoMetadata
from dronepatrol.ingest.poses import Attitude
from dronepatrol.model.camera import FISHEYE, Camera

ALIKE = 0.9
"""Correlation of a picture with its thumbnail, both 32 by 32, from which on they are taken for the same."""
AHEAD = 0.4
"""No other way to turn the picture may come nearer to that than this: what looks alike from two sides tells nothing."""
_SIDE = 32

Grey = NDArray[np.uint8]
Small = NDArray[np.float64]


def quarter_turns(picture: Grey, thumbnail: Grey) -> int:
    """Return by how many quarter turns, clockwise, a picture is turned against its thumbnail.

    0 where it is not, and where the two do not tell. Thumbnails of wider pictures have bars above and below, or at the
    sides of narrower ones, or are squeezed.

    Parameters
    ----------
    picture, thumbnail
        (h, w) grey levels each.
    """
    if min(*picture.shape, *thumbnail.shape) < _SIDE:
        return 0
    small = _shrunk(picture)
    likeness = []
    for turns in range(4):
        height, width = picture.shape if turns % 2 == 0 else picture.shape[::-1]
        parts = _shrunk(thumbnail), _without_bars(thumbnail, width / height)
        likeness.append(max(_alike(np.rot90(small, turns), part) for part in parts))
    best = int(np.argmax(likeness))
    second = max(value for turns, value in enumerate(likeness) if turns != best)
    return best if likeness[best] >= ALIKE and likeness[best] - second >= AHEAD else 0


def _without_bars(thumbnail: Grey, sides: float) -> Small:
    """Return the middle of a thumbnail that has this ratio of width to height."""
    height, width = thumbnail.shape
    rows, columns = min(height, round(width / sides)), min(width, round(height * sides))
    if min(rows, columns) < _SIDE:
        return _shrunk(thumbnail)
    top, left = (height - rows) // 2, (width - columns) // 2
    return _shrunk(thumbnail[top : top + rows, left : left + columns])


def _shrunk(grey: Grey) -> Small:
    """Return (32, 32) means."""
    rows, columns = (np.linspace(0, side, _SIDE + 1).astype(int) for side in grey.shape)
    sums = np.add.reduceat(np.add.reduceat(grey, rows[:-1], axis=0, dtype=np.float64), columns[:-1], axis=1)
    return np.asarray(sums / np.outer(np.diff(rows), np.diff(columns)))


def _alike(one: Small, other: Small) -> float:
    """Return the correlation of two pictures, 0 where one of them shows nothing."""
    a, b = one - one.mean(), other - other.mean()
    size = math.sqrt(float((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def before_turning(meta: PhotoMetadata, turns: int) -> PhotoMetadata:
    """Return the header with the picture's size as it was before it was turned by quarter turns."""
    if turns % 2 == 0:
        return meta
    exif_wh = meta.exif_wh[::-1] if meta.exif_wh == meta.image_wh else meta.exif_wh
    return replace(meta, image_wh=meta.image_wh[::-1], exif_wh=exif_wh)


def turned_attitude(attitude: Attitude, turns: int) -> Attitude:
    """Return the attitude of a picture that was turned clockwise by quarter turns.

    The optical axis stays and the picture's right side comes to lie where its top was: a roll to the left.
    """
    if turns == 0:
        return attitude
    return replace(
        attitude,
        roll_deg=math.remainder(attitude.roll_deg - 90.0 * turns, 360.0),
        source=f"{attitude.source}, turned back" if attitude.source else "",
    )


def turned_camera(camera: Camera, turns: int) -> Camera:
    """Return the inner geometry of a picture that was turned clockwise by quarter turns."""
    for _ in range(turns):
        camera = _turned_once(camera)
    return camera


def _turned_once(camera: Camera) -> Camera:
    """Turn by a quarter: what was at (x, y) from the optical axis is at (-y, x), and the tangential part with it."""
    distortion = camera.distortion
    if camera.lens != FISHEYE:
        k1, k2, p1, p2, k3 = distortion
        distortion = (k1, k2, p2, -p1, k3)
    return Camera(
        image_wh=camera.image_wh[::-1],
        fx_px=camera.fy_px,
        fy_px=camera.fx_px,
        cx_px=camera.image_wh[1] - 1 - camera.cy_px,
        cy_px=camera.cx_px,
        distortion=distortion,
        lens=camera.lens,
    )
