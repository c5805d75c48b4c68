"""What every detector promises; tests import this file by path (see ``conftest.detector_contract``)."""

import numpy as np

from dronepatrol.model.detection import Detections, Detector


def check(detector: Detector) -> None:
    """Check one detector against the contract of ``model.detection.Detector``."""
    assert isinstance(detector.name, str)
    assert detector.name
    assert detector.weights_sha256 == "" or len(bytes.fromhex(detector.weights_sha256)) == 32
    assert 0 <= detector.threshold < 1
    assert any(detector.kind_of_class.values())
    noise = np.random.default_rng(5)
    for height, width in [(1, 1), (7, 300), (300, 7), (64, 64), (333, 517)]:
        for gsd_m in [None, 0.002, 0.05]:
            image = noise.integers(0, 256, (height, width, 3), dtype=np.uint8)
            _check_one(detector, image, gsd_m)
    for grey in [0, 128, 255]:
        _check_one(detector, np.full((200, 320, 3), grey, dtype=np.uint8), 0.03)


def _check_one(detector: Detector, image: np.ndarray, gsd_m: float | None) -> None:
    before = image.copy()
    found = detector(image, gsd_m)
    assert np.array_equal(image, before), "a detector must not write into its image"
    assert isinstance(found, Detections)
    height, width = image.shape[:2]
    x1, y1, x2, y2 = found.xyxy.T
    assert np.isfinite(found.xyxy).all()
    assert np.all(x1 < x2)
    assert np.all(y1 < y2)
    assert np.all((x1 >= -0.5) & (y1 >= -0.5) & (x2 <= width - 0.5) & (y2 <= height - 0.5))
    assert np.all((found.score >= 0) & (found.score <= 1))
    assert all(found.kind)
    assert set(found.kind.tolist()) <= set(detector.kind_of_class.values())
    again = detector(image, gsd_m)
    assert np.array_equal(found.xyxy, again.xyxy), "the same image must give the same finds"
    assert np.array_equal(found.score, again.score)
    assert found.kind.tolist() == again.kind.tolist()
