"""A sentence encoder that also returns its inner layers, from the same pass.

Speed comes from four habits: equal texts are encoded once, batches hold texts of about the same length under a token
budget, bfloat16 where the processor computes it natively, and one intra-operation thread per worker with as many
workers as cores (two-thread torch collapses when another process uses the other core).
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch

from classifiers.contract import ClassifierError, Encoded
from classifiers.embedders.packaged import PACKAGED, packaged_folder, sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentence_transformers import SentenceTransformer

    from classifiers.contract import Floats

Precision = Literal["auto", "float32", "bfloat16"]

TOKEN_BUDGET = 1536
_MAX_BATCH = 96
_MAX_CHARS = 6000


class Encoder:
    """Any sentence-transformers model, loaded once and safe to use from several threads.

    Attributes:
        dim: Length of an embedding.
        layer_dim: Length of the pooled layers of one text, 0 where the model does not show its layers.
        fingerprint: Hash of name and weights.
        packaged: Whether it is the packaged model with verified weights.
    """

    def __init__(self, name: str = PACKAGED, *, precision: Precision = "auto", workers: int | None = None) -> None:
        """Load the model.

        Args:
            name: ``packaged``, a folder, or a name on the model hub (only then is the network used, once).
            precision: ``auto`` takes bfloat16 where the processor has it, else float32.
            workers: Batches encoded side by side; None means one for each core that this process may use.

        Raises:
            ClassifierError: The model is missing, changed, or not safe to load.
        """
        self.packaged = name == PACKAGED
        self._workers = workers or _cores()
        torch.set_num_threads(1)
        self._model, self.fingerprint = _load(name)
        self._dtype = _choose(precision)
        self._model.to(self._dtype).eval()
        config = getattr(getattr(self._model[0], "auto_model", None), "config", None)
        self._depth = int(getattr(config, "num_hidden_layers", 0) or 0)
        if self._depth:
            config.output_hidden_states = True  # type: ignore[union-attr]
        self.dim = int(self._model.get_embedding_dimension() or 0)
        self.layer_dim = self._depth * int(getattr(config, "hidden_size", 0))

    def encode(self, texts: Sequence[str], *, layers: bool = True) -> Encoded:
        """Encode texts; equal texts get equal rows.

        Args:
            texts: Cleaned texts; what lies beyond the model's longest input is not seen.
            layers: Whether to keep the pooled layers (4.6 kB a text with the packaged model).

        Returns:
            Row i belongs to ``texts[i]``.
        """
        distinct = {text: row for row, text in enumerate(dict.fromkeys(text[:_MAX_CHARS] for text in texts))}
        width = self.layer_dim if layers else 0
        vectors = np.zeros((len(distinct), self.dim), np.float32)
        pooled = np.zeros((len(distinct), width), np.float16)
        batches = self._batches(list(distinct))

        def run(batch: list[tuple[int, str]]) -> None:
            rows = [row for row, _ in batch]
            vectors[rows], found = self._forward([text for _, text in batch], layers=bool(width))
            if width:
                pooled[rows] = found

        if self._workers == 1 or len(batches) == 1:
            for batch in batches:
                run(batch)
        else:
            with ThreadPoolExecutor(self._workers, thread_name_prefix="encode") as pool:
                list(pool.map(run, batches))
        rows = [distinct[text[:_MAX_CHARS]] for text in texts]
        if len(distinct) == len(texts):
            return Encoded(vectors, pooled)
        return Encoded(vectors[rows], pooled[rows])

    def _batches(self, texts: list[str]) -> list[list[tuple[int, str]]]:
        """Group texts of like length, longest first; the grouping depends on the texts alone."""
        if not texts:
            return []
        limit = int(self._model.max_seq_length or 512)
        counted = self._model.tokenizer(texts, truncation=True, max_length=limit)["input_ids"]
        order = sorted(range(len(texts)), key=lambda row: (-len(counted[row]), texts[row]))
        batches: list[list[tuple[int, str]]] = []
        size = 0
        for row in order:
            length = len(counted[row])
            if not batches or len(batches[-1]) >= _MAX_BATCH or (len(batches[-1]) + 1) * size > TOKEN_BUDGET:
                batches.append([])
                size = length
            batches[-1].append((row, texts[row]))
        return batches

    def _forward(self, texts: list[str], *, layers: bool) -> tuple[Floats, Any]:
        with torch.inference_mode():
            features = self._model.preprocess(texts)
            mask = features["attention_mask"]
            out = self._model(features)
            vectors = torch.nn.functional.normalize(out["sentence_embedding"].float(), dim=1)
            if not layers:
                return vectors.numpy(), None
            weights = (mask.float() / mask.sum(1, keepdim=True)).to(self._dtype).unsqueeze(1)
            pooled = [torch.bmm(weights, hidden).squeeze(1) for hidden in out["all_layer_embeddings"][1:]]
            return vectors.numpy(), torch.cat(pooled, 1).to(torch.float16).numpy()


def _cores() -> int:
    asked = getattr(os, "sched_getaffinity", None)
    return len(asked(0)) if asked is not None else os.cpu_count() or 1


def _load(name: str) -> tuple[SentenceTransformer, str]:
    folder = packaged_folder() if name == PACKAGED else Path(name)
    local = folder.is_dir()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    if local:
        # Read when the hub library is imported; a local model must never make a network call.
        os.environ["HF_HUB_OFFLINE"] = "1"
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - the environment above must be set first
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(
            str(folder) if local else name,
            device="cpu",
            local_files_only=local,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, ImportError) as error:
        message = (
            f"The text model {name!r} could not be loaded ({type(error).__name__}). Give the folder of a "
            "sentence-transformers model with model.safetensors, a hub name (needs the network once), or 'packaged'."
        )
        raise ClassifierError(message) from error
    return model, _fingerprint(model, folder if local else None, name)


def _fingerprint(model: SentenceTransformer, folder: Path | None, name: str) -> str:
    digest = hashlib.sha256()
    files = sorted(folder.rglob("*.safetensors")) if folder else []
    if files:
        for file in files:
            digest.update(sha256(file).encode())
    else:
        config = getattr(getattr(model[0], "auto_model", None), "config", None)
        digest.update(f"{name} {getattr(config, '_commit_hash', None)}".encode())
    return digest.hexdigest()[:12]


def _choose(precision: Precision) -> torch.dtype:
    if precision == "float32":
        return torch.float32
    return torch.bfloat16 if precision == "bfloat16" or _native_bfloat16() else torch.float32


def _native_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 itself; emulated it is slower than float32."""
    asked = getattr(torch.cpu, "get_capabilities", None)
    found = asked() if asked is not None else {}
    return bool(found.get("avx512_bf16") or found.get("amx_bf16"))
