"""Which detector a name stands for."""

from pathlib import Path

from dronepatrol.errors import InputError
from dronepatrol.model.detection import Detector

SCENE = "scene"
"""The detector of the simulated scene; it is tuned to that scene and of no use for real photos."""


def load_detector(name_or_path: str, *, threads: int = 0) -> Detector:
    """Return the detector that a name stands for, or that lies in an ONNX file.

    Parameters
    ----------
    name_or_path
        "scene", or the path of an ONNX file.
    threads
        How many threads one call may use; 0 leaves it to the detector.

    Raises
    ------
    InputError
        When there is no such detector or file, or the file holds no detector that is understood.
    """
    if name_or_path == SCENE:
        from dronepatrol.detect.scene import SceneDetector  # noqa: PLC0415 heavy

        return SceneDetector()
    path = Path(name_or_path)
    if not path.is_file():
        msg = f"no detector {name_or_path!r}: neither a name (known: {SCENE}) nor an ONNX file"
        raise InputError(msg, hint="give the path of a .onnx file with --model")
    from dronepatrol.detect.onnx import OnnxDetector  # noqa: PLC0415 heavy

    return OnnxDetector(path, threads=threads)
