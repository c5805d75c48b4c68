"""Which detector a name stands for."""

from pathlib import Path

from dronepatrol.detect.models import find_model, models
from dronepatrol.detect.several import Several
from dronepatrol.errors import InputError
from dronepatrol.model.detection import Detector

MATERIALS = "materials"
"""Rules of thumb for materials and shapes; see ``detect.materials``."""
SCENE = "scene"
"""The detector of the simulated scene; it is tuned to that scene and of no use for real photos."""


def load_detector(name_or_path: str, *, threads: int = 0, least_score: float | None = None) -> Detector:
    """Return the detector that a name stands for, or that lies in an ONNX file.

    Parameters
    ----------
    name_or_path
        "scene", "materials", the name of a shipped or added model (``detect.models``), or the path of an ONNX file;
        several with commas between look side by side.
    threads
        How many threads one call may use; 0 leaves it to the detector.
    least_score
        Finds of networks below this score are left out; None takes their working threshold.

    Raises
    ------
    InputError
        When there is no such detector or file, or the file holds no detector that is understood.
    """
    detectors = [_one(name, threads, least_score) for name in _names(name_or_path)]
    return detectors[0] if len(detectors) == 1 else Several(detectors)


def _names(name_or_path: str) -> list[str]:
    if Path(name_or_path).is_file():
        return [name_or_path]
    names = [name.strip() for name in name_or_path.split(",") if name.strip()]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        msg = f"--model {name_or_path}: {', '.join(twice)} is there more than once"
        raise InputError(msg, hint="give each detector once")
    return names or [name_or_path]


def _one(name: str, threads: int, least_score: float | None) -> Detector:
    if name == MATERIALS:
        from dronepatrol.detect.materials.detector import MaterialDetector  # noqa: PLC0415 heavy

        return MaterialDetector()
    if name == SCENE:
        from dronepatrol.detect.scene import SceneDetector  # noqa: PLC0415 heavy

        return SceneDetector()
    path = find_model(name)
    if path is None:
        known = ", ".join([SCENE, MATERIALS, *models()])
        msg = f"no detector {name!r}: neither a name (known: {known}) nor an ONNX file"
        raise InputError(msg, hint="give a name or the path of a .onnx file with --model")
    from dronepatrol.detect.tiled import TiledDetector  # noqa: PLC0415 heavy

    return TiledDetector(path, threads=threads, least_score=least_score)
