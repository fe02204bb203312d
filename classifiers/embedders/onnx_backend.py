"""The ONNX Runtime backend: 8-bit multiplications, for the packaged model and heads that come with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from classifiers.contract import ClassifierError
from classifiers.embedders.network import HeadShape, Pass, Runner
from classifiers.embedders.onnx_files import kept_graphs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from pathlib import Path
    from types import ModuleType

    from torch import nn

    from classifiers.embedders.bert import Bert
    from classifiers.embedders.network import Ids

_RANK_BY_TOKEN = 3


class OnnxBackend(Runner):
    """Runs the network as one graph and each head as another: a head that nobody asks for costs nothing."""

    name = "onnx-int8"
    packs = False

    def __init__(
        self, network: Callable[[], Bert], fingerprint: str, heads: Mapping[str, nn.Module], cache: Path | None
    ) -> None:
        """Take the graphs from the cache, or make them (about five seconds, once).

        Args:
            network: Loads the network; called only when a graph is not in the cache.
            fingerprint: Of the network's weights.
            heads: As they are given to the encoder.
            cache: Folder that keeps graphs; None means one in the user's cache folder.

        Raises:
            ClassifierError: The extra is not installed, a head does not fit, or the folder cannot be written.
        """
        runtime = _library()
        trunk, others = kept_graphs(network, fingerprint, heads, cache)
        self._trunk = _session(runtime, trunk)
        self._heads = {key: _session(runtime, path) for key, path in others.items()}
        self._wrap = runtime.OrtValue.ortvalue_from_numpy
        vectors, layers, *hidden = self._trunk.get_outputs()
        self._hidden = [output.name for output in hidden]
        self.dim, self.layer_dim = vectors.shape[-1], layers.shape[-1]
        self.shapes = {key: _shape(session.get_outputs()[0].shape) for key, session in self._heads.items()}

    def run(self, ids: Ids, mask: Ids, *, layers: bool, heads: Collection[str]) -> Pass:
        """Encode one batch of a text a row: ``ids`` (rows, tokens), ``mask`` (rows, 1, tokens)."""
        seen = self._wrap(mask[:, 0])
        wanted = [output.name for output in self._trunk.get_outputs()[:2]] + (self._hidden if heads else [])
        vectors, pooled, *hidden = self._trunk.run_with_ort_values(wanted, {"ids": self._wrap(ids), "mask": seen})
        states = dict(zip(self._hidden, hidden, strict=True)) | {"mask": seen} if heads else {}
        found = {}
        for key in heads:
            session = self._heads[key]
            asked = {given.name: states[given.name] for given in session.get_inputs()}
            found[key] = session.run_with_ort_values(None, asked)[0].numpy()
        return Pass(vectors.numpy(), pooled.numpy() if layers else None, found)


def has_fast_int8() -> bool:
    """Whether the optional library is installed and the processor multiplies bytes itself."""
    from importlib.util import find_spec  # noqa: PLC0415

    import torch  # noqa: PLC0415

    found = torch.cpu.get_capabilities()
    fast = found.get("avx512_vnni") or found.get("avx_vnni") or found.get("dot")
    return bool(fast) and find_spec("onnxruntime") is not None and find_spec("onnx") is not None


def _library() -> ModuleType:
    try:
        import onnx  # noqa: F401, PLC0415 - an optional extra
        import onnxruntime  # noqa: PLC0415
    except ImportError as error:
        raise ClassifierError(
            "The backend onnx-int8 needs ONNX Runtime. Run: pip install 'closeloop[onnx]', or set the backend to auto."
        ) from error
    library: ModuleType = onnxruntime
    return library


def _session(runtime: Any, path: Path) -> Any:  # noqa: ANN401 - the library has no types
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # The fused kernel computes in double precision: four times as slow as its two parts.
    return runtime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=["SkipLayerNormFusion"]
    )


def _shape(shape: Sequence[int]) -> HeadShape:
    return HeadShape(width=shape[-1], by_token=len(shape) == _RANK_BY_TOKEN)
