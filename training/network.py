"""An ONNX network of the YOLOX family as a torch module, and back into the file it came from.

The graph is walked node by node; every floating-point initializer becomes a parameter. Batch normalisation is already
folded into the convolutions of an export, so what is trained is exactly what is run.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (8, 16, 32)
COCO_CAR, COCO_BUS, COCO_TRUCK = 2, 5, 7


class Network(nn.Module):
    """The network of one ONNX file; :meth:`forward` returns the raw head outputs.

    Parameters
    ----------
    path
        An export of YOLOX with ``head.{cls,reg,obj}_preds.{0,1,2}`` as names of its last convolutions.
    class_rows
        For each new class, the row of the file's class layers that it starts from; empty keeps the file's classes.
    """

    def __init__(self, path: Path, class_rows: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.model = onnx.load(str(path))
        self._constants: dict[str, Tensor] = {}
        self._weights: dict[str, str] = {}
        self.weights = nn.ParameterDict()
        for tensor in self.model.graph.initializer:
            array = numpy_helper.to_array(tensor)
            if class_rows and ".cls_preds." in tensor.name:
                array = array[list(class_rows)]
            value = torch.from_numpy(np.array(array))
            if value.is_floating_point() and value.ndim and tensor.name in self._used_by_convolutions():
                key = tensor.name.replace(".", "/")
                self._weights[tensor.name] = key
                self.weights[key] = nn.Parameter(value)
            else:
                self._constants[tensor.name] = value
        self._heads = {
            part: [self._output_of(f"head.{part}_preds.{level}.weight") for level in range(len(STRIDES))]
            for part in ("reg", "obj", "cls")
        }
        wanted = {name for names in self._heads.values() for name in names}
        self._nodes = _needed(list(self.model.graph.node), wanted)
        self.classes = int(self.weights["head/cls_preds/0/weight"].shape[0])

    def forward(self, images: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Return, per stride, box (b, 4, h, w), objectness (b, 1, h, w) and class (b, c, h, w) logits.

        ``images`` is (b, 3, height, width), BGR, 0 to 255, sides multiples of 32.
        """
        values: dict[str, Tensor] = {"images": images}
        for node in self._nodes:
            inputs = [self._value(values, name) if name else None for name in node.input]
            values[node.output[0]] = _RUN[node.op_type](_attributes(node), *inputs)
        parts = [[values[name] for name in self._heads[part]] for part in ("reg", "obj", "cls")]
        return list(zip(*parts, strict=True))

    def save(self, path: Path, names: tuple[str, ...], metadata: dict[str, str]) -> None:
        """Write the network as ONNX with these class names."""
        model = onnx.ModelProto()
        model.CopyFrom(self.model)
        old_rows = next(i.dims[0] for i in self.model.graph.initializer if i.name == "head.cls_preds.0.weight") + 5
        for tensor in model.graph.initializer:
            if tensor.name in self._weights:
                array = self.weights[self._weights[tensor.name]].detach().numpy()
                tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(array), tensor.name))
            elif tensor.data_type == onnx.TensorProto.INT64:
                array = numpy_helper.to_array(tensor)
                if array.shape == (3,) and array[1] == old_rows:  # the shape of a head before it is flattened
                    array = np.array([array[0], 5 + self.classes, array[2]], dtype=np.int64)
                    tensor.CopyFrom(numpy_helper.from_array(array, tensor.name))
        model.graph.output[0].type.tensor_type.shape.dim[2].dim_value = 5 + self.classes
        del model.metadata_props[:]
        metadata = {"names": str(dict(enumerate(names))), **metadata}
        for key, text in metadata.items():
            model.metadata_props.add(key=key, value=text)
        del model.graph.value_info[:]
        onnx.checker.check_model(model)
        onnx.save(model, str(path))

    def _used_by_convolutions(self) -> set[str]:
        return {name for node in self.model.graph.node if node.op_type == "Conv" for name in node.input[1:]}

    def _output_of(self, weight: str) -> str:
        return next(str(node.output[0]) for node in self.model.graph.node if weight in node.input)

    def _value(self, values: dict[str, Tensor], name: str) -> Tensor:
        if name in values:
            return values[name]
        return self.weights[self._weights[name]] if name in self._weights else self._constants[name]


def _needed(nodes: list[Any], wanted: set[str]) -> list[Any]:
    """Return the nodes that lead to the wanted values, in their order."""
    kept = []
    for node in reversed(nodes):
        if wanted & set(node.output):
            wanted = wanted | set(node.input)
            kept.append(node)
    return kept[::-1]


def _attributes(node: Any) -> dict[str, Any]:
    return {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}


def _convolution(attributes: dict[str, Any], x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    if (top, left) != (bottom, right):
        x, top, left = functional.pad(x, (left, right, top, bottom)), 0, 0
    return functional.conv2d(
        x,
        weight,
        bias,
        stride=tuple(attributes.get("strides", (1, 1))),
        padding=(top, left),
        dilation=tuple(attributes.get("dilations", (1, 1))),
        groups=int(attributes.get("group", 1)),
    )


def _pool(attributes: dict[str, Any], x: Tensor) -> Tensor:
    top, left = attributes.get("pads", (0, 0, 0, 0))[:2]
    return functional.max_pool2d(
        x, tuple(attributes["kernel_shape"]), tuple(attributes.get("strides", (1, 1))), (top, left)
    )


def _slice(_: dict[str, Any], x: Tensor, starts: Tensor, ends: Tensor, axes: Tensor, steps: Tensor) -> Tensor:
    index: list[Any] = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), axes.tolist(), steps.tolist(), strict=True):
        index[axis] = slice(start, end, step)
    return x[tuple(index)]


def _double(_: dict[str, Any], x: Tensor, *_sizes: Tensor | None) -> Tensor:
    return functional.interpolate(x, scale_factor=2.0, mode="nearest")


_RUN: dict[str, Callable[..., Tensor]] = {
    "Conv": _convolution,
    "Sigmoid": lambda _, x: torch.sigmoid(x),
    "Mul": lambda _, a, b: a * b,
    "Add": lambda _, a, b: a + b,
    "Concat": lambda attributes, *parts: torch.cat(parts, dim=int(attributes["axis"])),
    "MaxPool": _pool,
    "Slice": _slice,
    "Resize": _double,
}
"""What the nodes of a YOLOX export do; its two resizes both double."""
