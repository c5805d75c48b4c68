"""What a form is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from dronepatrol.errors import DronePatrolError

Floats = NDArray[np.float32]
Outputs = Mapping[str, Floats]
"""A network's outputs of one image, by the role that a form gives them."""
SIDES = {"finds": 2, "boxes": 2, "logits": 2, "scores": 1, "labels": 1, "count": 0}
"""How many sides one image's output of each role has; where there is one more, the first is the batch."""
Decode = Callable[[Outputs, tuple[int, int], int], tuple[Floats, Floats]]
"""Outputs of one image, the input's (w, h), number of classes to (n, 4) edges in input pixels and (n, c) scores."""

WHOLE = 0.01
"""How far a class number may be from a whole one, in floats of 16 bits."""


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
    """How networks of one family take an image and put out their finds."""

    name: str
    intake: Intake
    decode: Decode


def corners(centre: Floats, size: Floats) -> Floats:
    """Return (n, 4) edges of boxes given by centre and size, (n, 2) each."""
    return np.concatenate([centre - size / 2, centre + size / 2], axis=-1)


def one_hot(score: Floats, number: Floats, classes: int) -> Floats:
    """Return (n, c) scores of finds that have one class each; a number below 0 fills an unused row.

    Raises
    ------
    DronePatrolError
        When a find has a number that stands for no class.
    """
    kind = np.rint(number)
    wrong = (score > 0) & (kind >= 0) & ((kind >= classes) | (np.abs(number - kind) > WHOLE))
    if wrong.any():
        msg = f"put out class number {number[wrong][0]:g}; expected whole numbers from 0 to {classes - 1}"
        raise DronePatrolError(msg, hint="name all classes of the network, the background too where it has one")
    scores = np.zeros((len(score), classes), dtype=np.float32)
    known = (kind >= 0) & (kind < classes)
    scores[np.flatnonzero(known), kind[known].astype(np.intp)] = score[known]
    return scores
