"""The material rules as one detector."""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from dronepatrol.detect.materials import ground, heaps, puddles, smoke
from dronepatrol.detect.materials.look import Look, Part
from dronepatrol.model.detection import Detections

Rule = Callable[[Look], Iterator[tuple[Part, float]]]
RULES: dict[str, tuple[Rule, float]] = {
    "bare_soil": (ground.bare_soil, ground.MAX_GSD_M),
    "dust_net": (ground.dust_net, ground.MAX_GSD_M),
    "blue_roof": (ground.blue_roofs, ground.MAX_GSD_M),
    "waste_heap": (heaps.rubble, heaps.MAX_GSD_M),
    "garbage": (heaps.garbage, heaps.MAX_GSD_M),
    "floating_debris": (heaps.floating_debris, heaps.MAX_GSD_M),
    "smoke": (smoke.smoke, smoke.MAX_GSD_M),
    "standing_water": (puddles.standing_water, puddles.MAX_GSD_M),
}
"""Kind to its rule and the coarsest ground sample distance at which it works."""
_LEAST_PX = 8


class MaterialDetector:
    """Finds materials and shapes by rules; implements ``model.detection.Detector``."""

    name = "materials, rules of thumb"
    weights_sha256 = ""
    threshold = 0.0

    @property
    def kind_of_class(self) -> dict[str, str]:
        """The kinds of thing, by their own names."""
        return {kind: kind for kind in RULES}

    def __call__(self, image: NDArray[np.uint8], gsd_m: float | None) -> Detections:
        """Detect in one image (height, width, 3), BGR; without a ground sample distance nothing has a size: empty."""
        if gsd_m is None or not np.isfinite(gsd_m) or gsd_m <= 0 or min(image.shape[:2]) < _LEAST_PX:
            return Detections.empty()
        usable = {kind: rule for kind, (rule, coarsest_m) in RULES.items() if gsd_m <= coarsest_m}
        if not usable or min(image.shape[:2]) * gsd_m < 1.0:
            return Detections.empty()
        look = Look.of(image, gsd_m)
        finds = [(part.box(), score, kind) for kind, rule in usable.items() for part, score in rule(look)]
        if not finds:
            return Detections.empty()
        xyxy = np.array([box for box, _, _ in finds]) / np.tile(look.scale, 2) - 0.5
        limits = np.tile(np.array([image.shape[1], image.shape[0]], dtype=float), 2) - 0.5
        return Detections(
            np.clip(xyxy, -0.5, limits),
            np.array([score for _, score, _ in finds]),
            np.array([kind for _, _, kind in finds], dtype=np.str_),
        )
