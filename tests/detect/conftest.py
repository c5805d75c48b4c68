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


FLOAT, INT32, INT64, FLOAT16 = 1, 6, 7, 10  # TensorProto.DataType
_TYPES = {"f4": FLOAT, "i4": INT32, "i8": INT64, "f2": FLOAT16}


def _value_info(name: str, shape: tuple[int | str, ...] | None, elem_type: int = FLOAT) -> bytes:
    """Return a named value; sides given by a word are open, a shape of None is not told."""
    tensor = _int(1, elem_type)
    if shape is not None:
        tensor += _bytes(2, b"".join(_bytes(1, _bytes(2, s) if isinstance(s, str) else _int(1, s)) for s in shape))
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor))


def _node(op: str, inputs: list[str], output: str, **attributes: int | list[int]) -> bytes:
    node = b"".join(_bytes(1, one) for one in inputs) + _bytes(2, output) + _bytes(4, op)
    for name, value in attributes.items():
        ints = isinstance(value, list)
        held = b"".join(_int(8, one) for one in value) if ints else _int(3, value)
        node += _bytes(5, _bytes(1, name) + held + _int(20, 7 if ints else 2))
    return node


def _tensor(name: str, values: np.ndarray, weights_file: str = "") -> bytes:
    kind = f"{values.dtype.kind}{values.dtype.itemsize}"
    dims = b"".join(_int(1, side) for side in values.shape)
    raw = np.ascontiguousarray(values, dtype=f"<{kind}").tobytes()
    head = dims + _int(2, _TYPES[kind]) + _bytes(8, name)
    if weights_file:  # external_data and data_location
        return head + _bytes(13, _bytes(1, "location") + _bytes(2, weights_file)) + _int(14, 1)
    return head + _bytes(9, raw)


def graph_bytes(
    nodes: list[tuple[str, list[str], str, dict[str, int | list[int]]]],
    constants: dict[str, np.ndarray],
    inputs: dict[str, tuple[int, tuple[int | str, ...]]],
    outputs: dict[str, tuple[int | str, ...] | None],
    metadata: dict[str, str],
    weights_file: str = "",
) -> bytes:
    """Return a network of operators (onnx.proto3, opset 13); inputs are named with type and shape.

    With ``weights_file`` the constants are said to lie in that file, in the folder of the network.
    """
    graph = b"".join(_bytes(1, _node(op, takes, gives, **more)) for op, takes, gives, more in nodes)
    tensors = [_tensor(name, values, weights_file) for name, values in constants.items()]
    graph += _bytes(2, "graph") + b"".join(_bytes(5, tensor) for tensor in tensors)
    graph += b"".join(_bytes(11, _value_info(name, shape, kind)) for name, (kind, shape) in inputs.items())
    graph += b"".join(_bytes(12, _value_info(name, shape)) for name, shape in outputs.items())
    properties = b"".join(_bytes(14, _bytes(1, key) + _bytes(2, value)) for key, value in metadata.items())
    return _int(1, 8) + _bytes(7, graph) + _bytes(8, _int(2, 13)) + properties


def onnx_bytes(outputs: dict[str, np.ndarray], input_wh: tuple[int, int], metadata: dict[str, str]) -> bytes:
    """Return a network that takes an image and always puts out the same values."""
    return graph_bytes(
        [("Identity", [f"{name}_values"], name, {}) for name in outputs],
        {f"{name}_values": values.astype(np.float32) for name, values in outputs.items()},
        {"images": (FLOAT, (1, 3, input_wh[1], input_wh[0]))},
        {name: values.shape for name, values in outputs.items()},
        metadata,
    )


@pytest.fixture
def graph(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a network of operators; see ``graph_bytes``."""

    def write(nodes, constants, outputs, *, batch=1, sizes=0, weights_file="", **metadata: str) -> Path:
        inputs = {"images": (FLOAT, (batch, 3, 64, 64))}
        if sizes:
            inputs["orig_target_sizes"] = (sizes, (batch, 2))
        path = tmp_path / "tiny.onnx"
        path.write_bytes(graph_bytes(nodes, constants, inputs, outputs, metadata, weights_file))
        return path

    return write


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a network with constant outputs."""

    def write(outputs: dict[str, np.ndarray], input_wh=(64, 64), name="tiny.onnx", **metadata: str) -> Path:
        path = tmp_path / name
        path.write_bytes(onnx_bytes(outputs, input_wh, metadata))
        return path

    return write
