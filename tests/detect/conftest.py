"""Tiny ONNX networks, written byte by byte so that the tests need no ONNX library, and the detector contract."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def detector_contract() -> Callable:
    """Return the function that checks a detector against the contract."""
    spec = importlib.util.spec_from_file_location("detector_contract", Path(__file__).with_name("contract.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.check


def _varint(number: int) -> bytes:
    out = bytearray()
    while True:
        number, low = number >> 7, number & 0x7F
        out.append(low | (0x80 if number else 0))
        if not number:
            return bytes(out)


def _int(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _bytes(field: int, content: bytes | str) -> bytes:
    content = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _value_info(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_bytes(1, _int(1, side)) for side in shape)
    tensor = _int(1, 1) + _bytes(2, dims)  # elem_type FLOAT
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def onnx_bytes(outputs: dict[str, np.ndarray], input_wh: tuple[int, int], metadata: dict[str, str]) -> bytes:
    """Return a network that takes an image and always puts out the same values (onnx.proto3, opset 13)."""
    graph = b""
    for name in outputs:
        graph += _bytes(1, _bytes(1, f"{name}_values") + _bytes(2, name) + _bytes(4, "Identity"))
    graph += _bytes(2, "constant")
    for name, values in outputs.items():
        dims = b"".join(_int(1, side) for side in values.shape)
        raw = np.ascontiguousarray(values, dtype="<f4").tobytes()
        graph += _bytes(5, dims + _int(2, 1) + _bytes(8, f"{name}_values") + _bytes(9, raw))
    graph += _bytes(11, _value_info("images", (1, 3, input_wh[1], input_wh[0])))
    for name, values in outputs.items():
        graph += _bytes(12, _value_info(name, values.shape))
    properties = b"".join(_bytes(14, _bytes(1, key) + _bytes(2, value)) for key, value in metadata.items())
    return _int(1, 8) + _bytes(7, graph) + _bytes(8, _int(2, 13)) + properties


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a network with constant outputs."""

    def write(outputs: dict[str, np.ndarray], input_wh=(64, 64), name="tiny.onnx", **metadata: str) -> Path:
        path = tmp_path / name
        path.write_bytes(onnx_bytes(outputs, input_wh, metadata))
        return path

    return write
