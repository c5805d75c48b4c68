"""Two networks of one family as one ONNX file: in each cell of the grids, the one that is surer answers.

A small network that learns from few images forgets what it knew of others. Beside the one that it started from, it
need not know everything. Weights are kept as 16-bit floats, so that two take no more room than one did.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OUTPUT = "output"
SMALL = 64
"""Initializers up to this many values stay as they are: shapes and constants of the graph."""


def pair(first: onnx.ModelProto, second: onnx.ModelProto) -> onnx.ModelProto:
    """Return a network with the input and the metadata of the first, whose output has the form of both.

    The output (1, n, 5 + c) of each holds box, objectness and classes of n cells; objectness times the best class is
    how sure a cell is.
    """
    parts = [
        onnx.compose.add_prefix(one, f"{name}/", rename_inputs=False) for name, one in (("a", first), ("b", second))
    ]
    outputs = [part.graph.output[0].name for part in parts]
    nodes, scores = [], []
    for output in outputs:
        more, score = _surest(output)
        nodes += more
        scores.append(score)
    nodes.append(helper.make_node("Less", scores, ["is_second"]))
    nodes.append(helper.make_node("Where", ["is_second", outputs[1], outputs[0]], [OUTPUT]))
    shape = [size.dim_value for size in first.graph.output[0].type.tensor_type.shape.dim]
    graph = helper.make_graph(
        [node for part in parts for node in part.graph.node] + nodes,
        "pair",
        [first.graph.input[0]],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shape)],
        [tensor for part in parts for tensor in part.graph.initializer] + _bounds(shape[2]),
    )
    _halve(graph)
    model = helper.make_model(graph, opset_imports=first.opset_import, ir_version=first.ir_version)
    model.metadata_props.extend(first.metadata_props)
    onnx.checker.check_model(model)
    return model


def _surest(output: str) -> tuple[list[onnx.NodeProto], str]:
    """Return the nodes that say how sure each cell is, (1, n, 1), and the name of that."""
    names = {part: f"{output}/{part}" for part in ("object", "classes", "best", "score")}
    return [
        helper.make_node("Slice", [output, "four", "five", "last"], [names["object"]]),
        helper.make_node("Slice", [output, "five", "end", "last"], [names["classes"]]),
        helper.make_node("ReduceMax", [names["classes"]], [names["best"]], axes=[2], keepdims=1),
        helper.make_node("Mul", [names["object"], names["best"]], [names["score"]]),
    ], names["score"]


def _bounds(columns: int) -> list[TensorProto]:
    values = {"four": 4, "five": 5, "end": columns, "last": 2}
    return [numpy_helper.from_array(np.array([value], dtype=np.int64), name) for name, value in values.items()]


def _halve(graph: onnx.GraphProto) -> None:
    """Keep large initializers as 16-bit floats, which the first nodes turn into 32-bit ones."""
    casts = []
    for tensor in graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size <= SMALL:
            continue
        name, kept = tensor.name, f"{tensor.name}/half"
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), kept))
        casts.append(helper.make_node("Cast", [kept], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
