"""What a form is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Outputs = Mapping[str, Floats]
"""A network's outputs of one image, by the role that a form gives them."""
Decode = Callable[[Outputs, tuple[int, int], int], tuple[Floats, Floats]]
"""Outputs of one image, the input's (w, h), number of classes to (n, 4) edges in input pixels and (n, c) scores."""


class Fit(StrEnum):
    """How an image is brought to the input's size."""

    CORNER = "corner"
    """Scaled, at the top left, the rest grey."""
    CENTRE = "centre"
    """Scaled, in the middle, the rest grey."""
    STRETCH = "stretch"
    """Stretched to the input's sides."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What a network wants as pixels: (value - mean) / std of each channel, in this order."""

    is_rgb: bool
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    fit: Fit


RAW_BGR = Intake(False, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), Fit.CORNER)
UNIT_RGB = Intake(True, (0.0, 0.0, 0.0), (255.0, 255.0, 255.0), Fit.CENTRE)
UNIT_RGB_STRETCHED = Intake(True, (0.0, 0.0, 0.0), (255.0, 255.0, 255.0), Fit.STRETCH)
IMAGENET_STRETCHED = Intake(True, (123.675, 116.28, 103.53), (58.395, 57.12, 57.375), Fit.STRETCH)


@dataclass(frozen=True, slots=True)
class Form:
    """How networks of one family take an image and put out their finds.

    ``first_class`` is the number of the first class that means something, where class 0 is the background.
    """

    name: str
    intake: Intake
    decode: Decode
    first_class: int = 0


def corners(centre: Floats, size: Floats) -> Floats:
    """Return (n, 4) edges of boxes given by centre and size, (n, 2) each."""
    return np.concatenate([centre - size / 2, centre + size / 2], axis=-1)


def one_hot(score: Floats, number: Floats, classes: int) -> Floats:
    """Return (n, c) scores of finds that have one class each; numbers outside are left out by their score 0."""
    scores = np.zeros((len(score), classes), dtype=np.float32)
    kind = np.rint(number).astype(np.intp)
    known = (kind >= 0) & (kind < classes)
    scores[np.flatnonzero(known), kind[known]] = score[known]
    return scores
