"""A network or a head as an ONNX graph with 8-bit multiplications that judge as the exact ones do.

Plain dynamic quantisation (one scale for a whole batch) loses agreement with float32 by a few large numbers in the
inputs. Two remedies (docs/models.md has the figures): before a multiplication channels are brought to like size
(SmoothQuant, Xiao et al. 2023), and tokens too, so that a text's answer hardly depends on its neighbours.
Weights are quantised per output channel. ``benchmarks/encoder.py`` measures the agreement.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import io
import platform
import sys
import warnings
from typing import TYPE_CHECKING, TypeGuard

import numpy as np
import torch
from torch import Tensor, nn

from classifiers.embedders import bert
from classifiers.embedders.bert import Bert, Dense, Layer
from classifiers.embedders.network import pool, shape_of
from classifiers.embedders.packaged import packaged_tokens
from classifiers.embedders.packing import Batch

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    from classifiers.contract import Floats
    from classifiers.embedders.network import Hidden

_OPSET = 18
_TINY = 1e-6
_LARGE = 1 << 15
_LEAST_SCALE = 0.2
"""No less than the depth of the GELU below zero, so that one scale a token covers both signs."""

_QUANTISED = ".quantised"
_WIDE_INPUT = "narrow"
_CONTRIB = "com.microsoft"
_CALIBRATION = (
    "My refund has not arrived and nobody answers.",
    "thanks!!",
    "I was on hold for 45 minutes, then the line dropped. Third time this week.",
    "Great food but the service was painfully slow and the waiter forgot our drinks.",
    "@YourAirline flight 1234 delayed AGAIN 😡 #fail http://t.co/abc123",
    "How do I change the address on my account?",
    "The crew were kind, explained everything and made my mother feel safe on the way to hospital.",
    "N/A",
    "WHY WAS I CHARGED TWICE FOR THE SAME ORDER???",
    "It is ok I guess, nothing special; the app could load faster on older phones.",
    "Parcel #AB-99812 was left in the rain on 03/11/2026 at 7:45 pm, the box was soaked and the lamp inside broken.",
    "Your adviser told me one thing, the branch told me another, and the website says something else altogether.",
    "I would like to know what the exchange rate is when I pay in euros with the card abroad.",
    "Nothing. Keep doing what you do.",
    "card declined at the petrol station",
    "The form asks for the same five documents that I have already sent twice by e-mail and once by post.",
)


def network_graph(network: Bert) -> bytes:
    """The whole encoder: ids and mask in; vectors, pooled layers and all hidden states out."""
    states = _states(network)
    eased = _eased(_Trunk(network), [(ids, mask) for ids, mask, _ in states])
    outputs = ["vectors", "layers", *(f"hidden{at}" for at in range(network.depth + 1))]
    axes = {name: {0: "texts"} if name in {"vectors", "layers"} else {0: "texts", 1: "tokens"} for name in outputs}
    return _quantised(_traced(eased, states[0][:2], ["ids", "mask"], axes))


def head_graph(name: str, head: nn.Module, network: Bert) -> bytes:
    """A head: those hidden states that it reads, and the mask, in; its answer out.

    Raises:
        ClassifierError: The head does not fit the network.
    """
    by_token = shape_of(name, head, network).by_token
    states = _states(network)
    eased = _eased(_Head(head, by_token=by_token), [(mask, *hidden) for _, mask, hidden in states])
    _, mask, hidden = states[0]
    inputs = ["mask", *(f"hidden{at}" for at in range(len(hidden)))]
    axes = {"answer": {0: "texts", 1: "tokens"} if by_token else {0: "texts"}}
    return _quantised(_traced(eased, (mask, *hidden), inputs, axes))


def recipe() -> str:
    """Hash of the code that makes graphs, and of what the processor cannot do."""
    code = inspect.getsource(sys.modules[__name__]) + inspect.getsource(bert)
    return hashlib.sha256(f"{code} {_largest()}".encode()).hexdigest()[:12]


class _Trunk(nn.Module):
    def __init__(self, network: Bert) -> None:
        super().__init__()
        self.network = copy.deepcopy(network).float()
        self.network.words = nn.Parameter(self.network.words.half(), requires_grad=False)  # half the memory

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
        mask = mask.unsqueeze(1)
        vectors, hidden = self.network(ids, mask)
        return (vectors[:, 0], pool(hidden[1:], mask)[:, 0], *hidden)


class _Head(nn.Module):
    def __init__(self, head: nn.Module, *, by_token: bool) -> None:
        super().__init__()
        self.head = copy.deepcopy(head).float()
        self.by_token = by_token

    def forward(self, mask: Tensor, *hidden: Tensor) -> Tensor:
        found: Tensor = self.head(hidden, mask.unsqueeze(1))
        return found if self.by_token else found[:, 0]


class _Eased(nn.Module):
    """A multiplication whose input has no channel and no token that is much larger than the others."""

    def __init__(self, dense: Dense | nn.Linear, largest: Tensor) -> None:
        super().__init__()
        # Half of the difficulty to the weights, half to the input.
        factor = (largest.clamp(min=_TINY) / dense.weight.abs().amax(0).clamp(min=_TINY)).sqrt()
        self.shrink = nn.Parameter(1 / factor, requires_grad=False)
        self.quantised = nn.Parameter((dense.weight * factor).t().contiguous(), requires_grad=False)
        self.bias = dense.bias

    def forward(self, state: Tensor) -> Tensor:
        state = state * self.shrink
        scale = state.abs().amax(-1, keepdim=True).clamp(min=_TINY)
        found = torch.matmul(state / scale, self.quantised) * scale
        return found if self.bias is None else found + self.bias


class _Narrowing(nn.Module):
    """The same for the input that is four times as wide and hardly falls below zero: fewer steps over it."""

    def __init__(self, dense: Dense | nn.Linear, _largest: Tensor) -> None:
        super().__init__()
        self.quantised = nn.Parameter(dense.weight.t().contiguous(), requires_grad=False)
        self.bias = dense.bias

    def forward(self, state: Tensor) -> Tensor:
        scale = state.amax(-1, keepdim=True).clamp(min=_LEAST_SCALE)
        return torch.matmul(state / scale, self.quantised) * scale + self.bias


def _states(network: Bert) -> list[tuple[Tensor, Tensor, Hidden]]:
    """Ids, mask and hidden states of the calibration texts."""
    tokens = packaged_tokens()
    found = []
    exact = copy.deepcopy(network).float()
    for text in _CALIBRATION:
        known = tokens.some([text])
        ids, mask = map(torch.from_numpy, tokens.laid(Batch.apart([0], [len(known[0])]), known))
        with torch.inference_mode():
            found.append((ids, mask[:, 0], exact(ids, mask)[1]))
    return found


def _eased(module: nn.Module, samples: list[tuple[Tensor, ...]]) -> nn.Module:
    """Replace the large multiplications by a form that bears quantisation; small ones stay exact."""
    largest: dict[str, Tensor] = {}
    watched = {name: part for name, part in module.named_modules() if _is_large(part)}
    hooks = [part.register_forward_pre_hook(_watch(largest, name)) for name, part in watched.items()]
    with torch.inference_mode():
        for sample in samples:
            module(*sample)
    for hook in hooks:
        hook.remove()
    for name, part in watched.items():
        parent, _, last = name.rpartition(".")
        narrows = isinstance(part, Dense) and last == _WIDE_INPUT
        eased = (_Narrowing if narrows else _Eased)(part, largest[name])
        setattr(module.get_submodule(parent), last, eased)
    return module.eval()


def _is_large(part: nn.Module) -> TypeGuard[Dense | nn.Linear]:
    return isinstance(part, Dense | nn.Linear) and part.weight.numel() >= _LARGE


def _watch(largest: dict[str, Tensor], name: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def hook(_module: nn.Module, given: tuple[Tensor, ...]) -> None:
        found = given[0].abs().flatten(0, -2).amax(0)
        largest[name] = torch.maximum(largest[name], found) if name in largest else found

    return hook


def _traced(
    module: nn.Module, sample: tuple[Tensor, ...], inputs: list[str], outputs: dict[str, dict[int, str]]
) -> bytes:
    axes = {name: {0: "texts", 1: "tokens"} for name in inputs} | outputs
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # the exporter that needs no further package calls itself old
        torch.onnx.export(
            module,
            sample,
            file,  # type: ignore[arg-type]
            input_names=inputs,
            output_names=list(outputs),
            dynamic_axes=axes,
            opset_version=_OPSET,
            custom_opsets={_CONTRIB: 1} if any(isinstance(part, Layer) for part in module.modules()) else None,
            dynamo=False,
        )
    return file.getvalue()


def _quantised(graph: bytes) -> bytes:
    """Turn the multiplications by eased weights into 8-bit ones; drop inputs that nothing reads."""
    import onnx  # noqa: PLC0415 - an optional extra

    model = onnx.load_from_string(graph)
    used = {name for node in model.graph.node for name in node.input}
    for unused in [given for given in model.graph.input if given.name not in used]:
        model.graph.input.remove(unused)
    weights = {weight.name: weight for weight in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "MatMul" or not node.input[1].endswith(_QUANTISED):
            continue
        weight = weights[node.input[1]]
        number, scale = _bytes(onnx.numpy_helper.to_array(weight))
        model.graph.initializer.remove(weight)
        names = [f"{weight.name}.int8", f"{weight.name}.scale"]
        model.graph.initializer.extend(map(onnx.numpy_helper.from_array, (number, scale), names))
        node.input[1:] = names
        node.op_type, node.domain = "DynamicQuantizeMatMul", _CONTRIB
    if not any(known.domain == _CONTRIB for known in model.opset_import):
        model.opset_import.append(onnx.helper.make_opsetid(_CONTRIB, 1))
    data: bytes = model.SerializeToString()
    return data


def _bytes(exact: Floats) -> tuple[npt.NDArray[np.int8], Floats]:
    """A weight as bytes, and what one step is worth in each output channel."""
    scale = np.maximum(np.abs(exact).max(0), 1e-8) / _largest()
    return np.rint(exact / scale).astype(np.int8), scale.astype(np.float32)


def _largest() -> int:
    """Largest byte of a weight: without the VNNI instructions Intel's and AMD's 16-bit sums overflow beyond 63."""
    found = torch.cpu.get_capabilities()
    overflows = platform.machine().lower() in {"x86_64", "amd64"}
    return 127 if found.get("avx512_vnni") or found.get("avx_vnni") or not overflows else 63
