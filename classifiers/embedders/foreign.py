"""Any other sentence-transformers model, by folder or by name on the model hub."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from classifiers.contract import ClassifierError
from classifiers.embedders.network import Network
from classifiers.embedders.packaged import hash_model
from classifiers.embedders.tokens import Tokens

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from classifiers.embedders.network import Hidden

_LIMIT = 512
_LONGEST = 8192


class Foreign(Network):
    """A sentence-transformers model that is fed with token ids."""

    def __init__(self, model: SentenceTransformer) -> None:
        """Take the model over."""
        super().__init__()
        self.model = model
        config = getattr(getattr(model[0], "auto_model", None), "config", None)
        self.dim = int(model.get_embedding_dimension() or 0)
        self.depth = int(getattr(config, "num_hidden_layers", 0) or 0)
        self.width = int(getattr(config, "hidden_size", 0) or 0) if self.depth else 0
        if config is not None:
            config.output_hidden_states = True

    def forward(self, ids: Tensor, mask: Tensor) -> tuple[Tensor, Hidden]:
        """Encode rows of one text each, as :meth:`Network.forward`."""
        seen = mask.squeeze(1)
        features = {"input_ids": ids, "attention_mask": seen} if self.depth else _bagged(ids, seen)
        out: dict[str, Any] = self.model(features)
        vectors = nn.functional.normalize(out["sentence_embedding"].float(), dim=1)
        return vectors.unsqueeze(1), out.get("all_layer_embeddings", ())


def load_foreign(name: str) -> tuple[Foreign, Tokens, str]:
    """Load a model; the hub is asked only for a name that is no folder.

    Returns:
        Network, its tokens, and the fingerprint of weights and configuration.

    Raises:
        ClassifierError: The model is missing, or not safe to load.
    """
    folder = Path(name)
    local = folder.is_dir()
    if local:
        # Read when the hub library is imported; a local model must never make a network call.
        os.environ["HF_HUB_OFFLINE"] = "1"
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - the environment above must be set first
    from transformers.utils import logging  # noqa: PLC0415

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        model = SentenceTransformer(
            name,
            device="cpu",
            local_files_only=local,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except (OSError, ValueError, ImportError) as error:
        raise ClassifierError(
            f"The text model {name!r} could not be loaded ({type(error).__name__}). Give the folder of a "
            "sentence-transformers model with model.safetensors, a hub name (needs the network once), or 'packaged'."
        ) from error
    network = Foreign(model)
    return (
        network,
        _tokens(name, model, marks=bool(network.depth)),
        hash_model(folder) if local else _hash_of_hub(name, network),
    )


def _bagged(ids: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """What a model of word vectors without layers wants: all tokens in a row, and where each text begins."""
    lengths = mask.sum(1)
    return {"input_ids": ids[mask.bool()], "offsets": torch.cumsum(lengths, 0) - lengths}


def _tokens(name: str, model: SentenceTransformer, *, marks: bool) -> Tokens:
    tokenizer: Any = model.tokenizer
    fast = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(fast, "encode_batch_fast"):
        raise ClassifierError(
            f"The text model {name!r} has no fast tokenizer (tokenizer.json). Take a model that has one."
        )
    prompt = (model.prompts or {}).get(model.default_prompt_name or "") or ""
    limit = int(min(model.max_seq_length or _LIMIT, _LONGEST))
    pad = int(getattr(tokenizer, "pad_token_id", 0) or 0)
    return Tokens(fast, limit, pad=pad, prompt=prompt, marks=marks)


def _hash_of_hub(name: str, network: Foreign) -> str:
    config = getattr(getattr(network.model[0], "auto_model", None), "config", None)
    return hashlib.sha256(f"{name} {getattr(config, '_commit_hash', None)}".encode()).hexdigest()[:12]
