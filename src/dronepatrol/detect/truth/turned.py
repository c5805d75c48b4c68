"""Labels that were drawn on an image as EXIF turns it, brought to the pixels as they are stored. Pure."""

from dataclasses import replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from dronepatrol.detect.truth.labelled import Labelled
from dronepatrol.detect.truth.picture import UPRIGHT, Picture
from dronepatrol.errors import InputError

_LYING = (5, 6, 7, 8)
"""Orientations that exchange width and height."""


class View(Enum):
    """What the labels of an image were drawn on."""

    STORED = "stored"
    TURNED = "turned"
    UNKNOWN = "unknown"
    """The image carries an orientation, and nothing says whether it was heeded; taken as :attr:`STORED`."""


def in_stored_pixels(one: Labelled, picture: Picture) -> tuple[Labelled, View]:
    """Return the labels in the pixels as stored, and what they were drawn on.

    Raises
    ------
    InputError
        When the labels are for an image of another size.
    """
    given, stored, turns = one.image_wh, picture.image_wh, picture.orientation
    if given is None or given == stored:
        is_known = turns == UPRIGHT or (given is not None and turns in _LYING and stored[0] != stored[1])
        return one, View.STORED if is_known else View.UNKNOWN
    if turns in _LYING and given == stored[::-1]:
        return replace(one, xyxy=_turned_back(one.xyxy + 0.5, stored, turns) - 0.5, image_wh=stored), View.TURNED
    msg = f"the picture has {stored[0]} by {stored[1]} pixels, its labels are for {given[0]} by {given[1]}"
    raise InputError(msg, hint="give the images that the labels were drawn on")


def _turned_back(edges: NDArray[np.float64], stored_wh: tuple[int, int], orientation: int) -> NDArray[np.float64]:
    """Return (n, 4) edges in the stored image of boxes in the shown one; both count from the image's corner.

    EXIF 2.3, tag Orientation: 5 and 6 show the stored left side on top, 7 and 8 the right one; 5 and 8 show the stored
    top on the left, 6 and 7 on the right.
    """
    x, y = edges[:, [1, 3]], edges[:, [0, 2]]
    if orientation in (7, 8):
        x = stored_wh[0] - x[:, ::-1]
    if orientation in (6, 7):
        y = stored_wh[1] - y[:, ::-1]
    return np.stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]], axis=1)
