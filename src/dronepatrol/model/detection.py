"""What a detector says of one image, and the seam behind which every detector stands."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Detections:
    """The finds in one image, as columns of equal length n.

    ``xyxy`` is (n, 4) in pixels: left, top, right, bottom, with the origin at the centre of the top-left pixel.
    ``score`` is (n,) in [0, 1]; ``kind`` is (n,) names of what is seen (a car), not of what is wrong with it.
    """

    xyxy: NDArray[np.float64]
    score: NDArray[np.float64]
    kind: NDArray[np.str_]

    def __post_init__(self) -> None:
        n = len(self.score)
        if self.xyxy.shape != (n, 4) or self.kind.shape != (n,):
            msg = (
                f"detections need xyxy (n, 4), score (n,), kind (n,); got {self.xyxy.shape}, ({n},), {self.kind.shape}"
            )
            raise ValueError(msg)

    @classmethod
    def empty(cls) -> "Detections":
        """Return no detections."""
        return cls(np.empty((0, 4)), np.empty(0), np.empty(0, dtype=np.str_))

    def __len__(self) -> int:
        return len(self.score)

    def __getitem__(self, which: NDArray[np.bool_] | NDArray[np.intp]) -> "Detections":
        return Detections(self.xyxy[which], self.score[which], self.kind[which])


class Detector(Protocol):
    """The seam: an image in, detections out; every implementation passes ``tests/detect/contract.py``."""

    name: str
    """What the detections are credited to."""
    weights_sha256: str
    """Hash of the weights, or empty where there are none."""
    threshold: float
    """Score from which a find counts; what is below is there for measuring alone."""

    @property
    def kind_of_class(self) -> Mapping[str, str]:
        """What is looked for: its own names of classes to kinds here; an empty kind is not looked for."""
        ...

    def __call__(self, image: NDArray[np.uint8], gsd_m: float | None) -> Detections:
        """Detect in one image.

        Parameters
        ----------
        image
            (height, width, 3), BGR.
        gsd_m
            Metres on the ground per pixel in the middle of the image, None where unknown.
        """
        ...
