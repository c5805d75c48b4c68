"""Networks in ONNX files [onnxruntime]: loaded, asked for their shapes, run."""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dronepatrol.detect.forms.form import SIDES
from dronepatrol.detect.onnx_file import not_understood, read_onnx
from dronepatrol.errors import DronePatrolError

DEFAULT_INPUT_PX = 640
"""Where the network leaves its input's size open and nothing else tells it."""
MAX_BATCH = 8
"""Tiles that go through a network at once where it takes more than one."""
_FLOATS: dict[str, type] = {"tensor(float)": np.float32, "tensor(float16)": np.float16}
_NUMBERS: dict[str, type] = _FLOATS | {
    "tensor(double)": np.float64,
    "tensor(int32)": np.int32,
    "tensor(int64)": np.int64,
}
_SIZES = ("orig_target_sizes", "target_sizes", "orig_size", "im_shape")
"""Names under which some networks want the input's size beside the image."""


class OnnxNetwork:
    """The network of one file: pixels in, arrays by name out."""

    def __init__(self, path: Path, *, threads: int = 1, input_px: int | None = None) -> None:
        """Load the weights and run them once.

        Parameters
        ----------
        path
            An ONNX file.
        threads
            How many threads one run uses.
        input_px
            Side of the input, where the network leaves it open.

        Raises
        ------
        InputError
            When the file is no ONNX network that runs here on an image.
        """
        content = read_onnx(path)
        self.name = path.stem
        self.sha256 = hashlib.sha256(content).hexdigest()
        self.bytes = len(content)
        self._path = path
        self._session = _session(path, content, threads)
        self._input, self._size_input, self._type, self.input_wh, self._is_batched = _input_of(
            path, self._session, input_px or DEFAULT_INPUT_PX
        )
        self._outputs = [output.name for output in self._session.get_outputs()]
        self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)
        self.batch = 1
        """How many images one run takes; :meth:`find_batch` finds out whether it may be more."""
        try:
            values = self._session.run(None, self._feed(self._blank(1)))
        except _runtime_errors() as error:
            raise not_understood(path, f"does not run: {_first_line(error)}") from error
        self.shapes = {
            name: tuple(value.shape)
            for name, value in zip(self._outputs, values, strict=True)
            if isinstance(value, np.ndarray)
        }

    def find_batch(self, wanted: Mapping[str, str]) -> None:
        """Set how many images one run takes, by running two where the network leaves their number open.

        Many graphs leave it open and have a batch of one fixed further in: two images then fail, or give one answer.

        Parameters
        ----------
        wanted
            Role to output name.
        """
        if not self._is_batched:
            return
        try:
            values = self._session.run(list(wanted.values()), self._feed(self._blank(2)))
        except _runtime_errors():
            return
        if all(value.ndim > SIDES[role] and len(value) == 2 for role, value in zip(wanted, values, strict=True)):
            self.batch = MAX_BATCH

    def run(self, pixels: NDArray[np.float32], wanted: Mapping[str, str]) -> list[dict[str, NDArray[np.float32]]]:
        """Return, for each image of a batch, the wanted outputs by the role that ``wanted`` maps to their name.

        Parameters
        ----------
        pixels
            (b, 3, height, width), b at most :attr:`batch`.
        wanted
            Role to output name.

        Raises
        ------
        DronePatrolError
            When the network fails, or puts out values that are no numbers, or not those of so many images.
        """
        try:
            values = self._session.run(list(wanted.values()), self._feed(pixels))
        except _runtime_errors() as error:
            msg = f"detector {self.name} failed: {_first_line(error)}"
            raise DronePatrolError(msg, hint="run again with --jobs 1, or use another network") from error
        each: list[dict[str, NDArray[np.float32]]] = [{} for _ in pixels]
        for (role, output), value in zip(wanted.items(), values, strict=True):
            array = np.asarray(value, dtype=np.float32)
            if not np.isfinite(array).all():
                msg = f"detector {self.name} put out values that are no numbers in its output {output}"
                raise DronePatrolError(msg, hint="export the network again in 32-bit floats, or use another one")
            is_batched = array.ndim > SIDES[role]
            if len(array) != len(pixels) if is_batched else len(pixels) > 1:
                msg = f"detector {self.name} put out {output} {array.shape} for {len(pixels)} images"
                raise DronePatrolError(msg, hint="export the network again with a batch of one")
            for number, one in enumerate(each):
                one[role] = array[number] if is_batched else array
        return each

    def _blank(self, images: int) -> NDArray[np.float32]:
        return np.zeros((images, 3, self.input_wh[1], self.input_wh[0]), dtype=np.float32)

    def _feed(self, pixels: NDArray[np.float32]) -> dict[str, NDArray[Any]]:
        feed: dict[str, NDArray[Any]] = {self._input: pixels.astype(self._type, copy=False)}
        if self._size_input is not None:
            name, dtype = self._size_input
            feed[name] = np.tile(np.array([self.input_wh], dtype=dtype), (len(pixels), 1))
        return feed


def _session(path: Path, content: bytes, threads: int) -> Any:
    import onnxruntime  # noqa: PLC0415 heavy

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = max(threads, 1)
    providers = [name for name in onnxruntime.get_available_providers() if name != "AzureExecutionProvider"]
    try:
        return onnxruntime.InferenceSession(content, options, providers=providers)
    except _runtime_errors() as error:
        raise not_understood(path, f"is no ONNX network that runs here: {_first_line(error)}") from error


def _runtime_errors() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state  # noqa: PLC0415 heavy

    named = (
        "Fail",
        "InvalidArgument",
        "InvalidGraph",
        "InvalidProtobuf",
        "NoModel",
        "NotImplemented",
        "RuntimeException",
    )
    return (RuntimeError, ValueError, *(getattr(state, name) for name in named))


def _first_line(error: Exception) -> str:
    """Return what onnxruntime says, without its codes and the place in its source."""
    text = re.sub(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ", "", (str(error).splitlines() or [""])[0])
    if text.startswith("/onnxruntime_src"):
        text = text.rpartition(") ")[2]
    return text[:300]


def _input_of(
    path: Path, session: Any, open_px: int
) -> tuple[str, tuple[str, type] | None, type, tuple[int, int], bool]:
    """Return the names of image and size inputs, the type of the pixels, (width, height), and if images are batched."""
    inputs = session.get_inputs()
    images = [one for one in inputs if len(one.shape) == 4 and one.type in _FLOATS]
    sizes = [one for one in inputs if one.name.lower() in _SIZES and one.type in _NUMBERS]
    if len(images) != 1 or len(images) + len(sizes) != len(inputs):
        listed = ", ".join(f"{i.name} {i.shape} {i.type}" for i in inputs)
        raise not_understood(path, f"expected one input (1, 3, height, width) of floats; found {listed}")
    image = images[0]
    batch, channels, height, width = image.shape
    sides = [side if isinstance(side, int) and side > 0 else open_px for side in (width, height)]
    bad_batch = isinstance(batch, int) and batch != 1
    if bad_batch or (isinstance(channels, int) and channels != 3) or min(sides) < 32 or any(s % 2 for s in sides):
        raise not_understood(path, f"expected an input (1, 3, height, width) of even sides; found {image.shape}")
    size = (sizes[0].name, _NUMBERS[sizes[0].type]) if sizes else None
    return image.name, size, _FLOATS[image.type], (sides[0], sides[1]), not isinstance(batch, int)
