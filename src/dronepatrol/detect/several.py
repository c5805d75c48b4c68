"""Several detectors as one: what two of them see is one find."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dronepatrol.detect.classes import rivals
from dronepatrol.detect.nms import keep_best
from dronepatrol.model.detection import Detections, Detector

MAX_IOU = 0.5
"""Overlap from which finds of one kind, or of two kinds of vehicle, are of the same thing: the surer one stays."""


class Several:
    """Detectors one after the other on the same image; implements ``model.detection.Detector``."""

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._detectors = detectors
        self.name = " + ".join(one.name for one in detectors)
        weights = [one.weights_sha256 for one in detectors if one.weights_sha256]
        joined = hashlib.sha256("".join(weights).encode()).hexdigest() if weights else ""
        self.weights_sha256 = weights[0] if len(weights) == 1 else joined
        self.threshold = max(one.threshold for one in detectors)
        classes = [item for one in detectors for item in one.kind_of_class.items()]
        self.kind_of_class = dict(sorted(classes, key=lambda item: bool(item[1])))  # a kind goes before none

    def __call__(self, image: NDArray[np.uint8], gsd_m: float | None) -> Detections:
        """Detect in one image with each; see ``model.detection.Detector``."""
        found = [one(image, gsd_m) for one in self._detectors]
        every = Detections(
            np.concatenate([one.xyxy for one in found]),
            np.concatenate([one.score for one in found]),
            np.concatenate([one.kind for one in found]),
        )
        return every[np.sort(keep_best(every.xyxy, every.score, rivals(every.kind), max_iou=MAX_IOU))]
