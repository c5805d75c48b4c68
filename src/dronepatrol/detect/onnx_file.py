"""Files of ONNX networks: read whole, and refused by what they are where they are something else."""

import re
from pathlib import Path

from dronepatrol.errors import InputError

MAX_MODEL_BYTES = 2_000_000_000
_EXPORT = "give an ONNX export of a YOLOX, YOLOv5, YOLOv8, YOLO11, RT-DETR or RF-DETR network"
_KNOWN = {
    b"PK\x03\x04": "a zip file, such as PyTorch's weights",
    b"\x80\x02": "a Python pickle, such as old PyTorch weights",
    b"\x89HDF": "an HDF5 file, such as Keras weights",
    b"version https://git-lfs": "a Git LFS pointer; fetch the file itself",
    b"<": "a web page or XML, such as OpenVINO's description",
}
_ELSEWHERE = re.compile(
    rb"j[\x00-\xff][\x00-\x7f]?\n\x08location\x12([\x01-\x7f]|[\x80-\xff][\x01-\x7f])[^\x00-\x1f]", re.DOTALL
)
"""An entry ``location`` of a tensor's ``external_data`` (field 13 of TensorProto in onnx.proto3)."""


def not_understood(path: Path, what: str, hint: str = _EXPORT) -> InputError:
    """Return the error that says what is wrong with a file of weights."""
    return InputError(f"{path.name}: {what}", hint=hint)


def read_onnx(path: Path) -> bytes:
    """Return the bytes of a file that may be a network, all of its weights among them.

    Raises
    ------
    InputError
        When it cannot be read, is a file of another kind, or keeps weights in a second file.
    """
    try:
        if path.stat().st_size > MAX_MODEL_BYTES:
            raise not_understood(path, "is larger than 2 GB")
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror or error}"
        raise InputError(msg, hint="check the path and its permissions") from error
    if what := _something_else(content):
        raise not_understood(path, f"is {what}, no ONNX network")
    if other := _weights_elsewhere(content):
        what = f"has weights in a file of their own, {other!r}; expected one file with all of them"
        merge = f'merge them with the Python package onnx: onnx.save(onnx.load("{path.name}"), "merged.onnx")'
        raise not_understood(path, what, merge)
    return content


def _something_else(content: bytes) -> str:
    """Return what a file is that people take for an ONNX network, or nothing."""
    if content[4:8] == b"TFL3":
        return "a TensorFlow Lite file"
    return "empty" if not content else next((what for head, what in _KNOWN.items() if content.startswith(head)), "")


def _weights_elsewhere(content: bytes) -> str:
    """Return the name of the file that a network's weights are in, or nothing where it has them itself."""
    found = _ELSEWHERE.search(content)
    if not found:
        return ""
    start, size = found.end() - 1, sum((byte & 0x7F) << 7 * number for number, byte in enumerate(found[1]))
    return content[start : start + min(size, 200)].decode("utf-8", "replace")
