"""Last stage: the encoder as an embedding release ships it.

``encoder.onnx``: every layer as 8-bit matrices with one scale a column, for ONNX Runtime, which
quantises activations as they come. ``pieces.safetensors``: the word pieces' vectors in 4 bits,
mapped at run time. ``tokenizer.json``: the word pieces.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from nlu_engine.embeddings import Vectors, pack_table
from nlu_engine.encoder import LAYERS, MAX_PIECES, PIECES, TOKENIZER
from nlu_engine.pretraining.encoders import SharedEncoder

MICROSOFT = "com.microsoft"
GROUP = 32
"""Numbers that share a scale in the pieces' table: multilingual-e5-small's own group."""
BITS = 7
"""Bits of a weight: without VNNI, sums of products of eight would overflow."""


class _Graph:
    """Collects nodes and constants; every method returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, array: npt.NDArray[Any]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def node(
        self, kind: str, *inputs: str, domain: str = "", outputs: int = 1, **attributes: Any
    ) -> Any:
        names = [f"n{len(self.nodes)}_{number}" for number in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, domain=domain, **attributes))
        return names[0] if outputs == 1 else names

    def linear(self, values: str, weight: Vectors, bias: Vectors) -> str:
        """Multiply by an 8-bit copy of ``weight`` (out, in)."""
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-8) / (2 ** (BITS - 1) - 1)
        rounded = np.round(weight / scale[:, None]).astype(np.int8).T
        return str(
            self.node(
                "DynamicQuantizeMatMul",
                values,
                self.constant(rounded),
                self.constant(scale.astype(np.float32)),
                "",
                self.constant(bias),
                domain=MICROSOFT,
            )
        )

    def add_normalize(
        self, values: str, skipped: str, weight: Vectors, bias: Vectors, epsilon: float
    ) -> str:
        constants = self.constant(weight), self.constant(bias)
        return str(
            self.node(
                "SkipLayerNormalization",
                values,
                skipped,
                *constants,
                domain=MICROSOFT,
                epsilon=epsilon,
            )
        )

    def normalize(self, values: str, weight: Vectors, bias: Vectors, epsilon: float) -> str:
        constants = self.constant(weight), self.constant(bias)
        return str(self.node("LayerNormalization", values, *constants, axis=-1, epsilon=epsilon))


def export_encoder(encoder: SharedEncoder, tokenizer: Path, folder: Path) -> None:
    """Write the three files of ``encoder`` to ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(onnx_of(encoder), str(folder / LAYERS))
    embeddings = encoder.transformer.embeddings
    pieces = embeddings.word_embeddings.weight.detach().numpy()
    kind = embeddings.token_type_embeddings.weight.detach().numpy()[0]
    places = embeddings.position_embeddings.weight.detach().numpy() + kind
    tensors = pack_table(pieces, "pieces", GROUP)
    save_file({**tensors, "places": places.astype(np.float32)[:MAX_PIECES]}, folder / PIECES)
    (folder / TOKENIZER).write_bytes((tokenizer / "tokenizer.json").read_bytes())


def onnx_of(encoder: SharedEncoder) -> Any:
    """Return the graph: embedded pieces in; word vectors and sentence vectors out."""
    graph = _Graph()
    config = encoder.transformer.config
    state = {name: value.detach().float().numpy() for name, value in encoder.state_dict().items()}
    epsilon = config.layer_norm_eps

    def pair(name: str) -> tuple[Vectors, Vectors]:
        return state[f"{name}.weight"], state[f"{name}.bias"]

    values = graph.normalize("embedded", *pair("transformer.embeddings.LayerNorm"), epsilon)
    layers = [values]
    for number in range(config.num_hidden_layers):
        prefix = f"transformer.encoder.layer.{number}"
        queries, keys, contents = (
            pair(f"{prefix}.attention.self.{n}") for n in ("query", "key", "value")
        )
        joined = graph.linear(
            values,
            np.concatenate([queries[0], keys[0], contents[0]]),
            np.concatenate([queries[1], keys[1], contents[1]]),
        )
        parts = graph.node("Split", joined, outputs=3, axis=-1, num_outputs=3)
        attended = graph.node(
            "MultiHeadAttention",
            *parts,
            "",
            "mask",
            domain=MICROSOFT,
            num_heads=config.num_attention_heads,
        )
        attended = graph.linear(attended, *pair(f"{prefix}.attention.output.dense"))
        values = graph.add_normalize(
            attended, values, *pair(f"{prefix}.attention.output.LayerNorm"), epsilon
        )
        inner = graph.linear(values, *pair(f"{prefix}.intermediate.dense"))
        inner = graph.node("Gelu", inner, domain=MICROSOFT)
        inner = graph.linear(inner, *pair(f"{prefix}.output.dense"))
        values = graph.add_normalize(inner, values, *pair(f"{prefix}.output.LayerNorm"), epsilon)
        layers.append(values)
    both = graph.node("Concat", layers[encoder.middle], layers[-1], axis=-1)
    pooled = graph.node("MatMul", "owners", both)  # (b, n, p) @ (b, p, 2h)
    pooled = graph.normalize(pooled, *pair("normalize"), 1e-5)
    weight, bias = pair("project")
    product = graph.node("MatMul", pooled, graph.constant(weight.T))
    words = graph.node("Add", product, graph.constant(bias))
    mean = graph.node("MatMul", "shares", layers[-1])  # (b, 1, p) @ (b, p, h)
    graph.nodes.append(helper.make_node("Identity", [words], ["words"]))
    graph.nodes.append(helper.make_node("Identity", [mean], ["sentences"]))
    hidden, size = config.hidden_size, weight.shape[0]
    inputs = [
        helper.make_tensor_value_info("embedded", TensorProto.FLOAT, ["b", "p", hidden]),
        helper.make_tensor_value_info("mask", TensorProto.INT32, ["b", "p"]),
        helper.make_tensor_value_info("owners", TensorProto.FLOAT, ["b", "n", "p"]),
        helper.make_tensor_value_info("shares", TensorProto.FLOAT, ["b", 1, "p"]),
    ]
    outputs = [
        helper.make_tensor_value_info("words", TensorProto.FLOAT, ["b", "n", size]),
        helper.make_tensor_value_info("sentences", TensorProto.FLOAT, ["b", 1, hidden]),
    ]
    made = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.constants)
    versions = [helper.make_opsetid("", 18), helper.make_opsetid(MICROSOFT, 1)]
    return helper.make_model(made, opset_imports=versions, ir_version=9)
