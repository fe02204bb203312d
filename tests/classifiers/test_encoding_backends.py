import json
import os
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from classifiers.contract import ClassifierError
from classifiers.embedders.bert import Bert, Layer, sight_of
from classifiers.embedders.encoder import Encoder
from classifiers.embedders.packaged import packaged_folder

TEXTS = [
    "My refund has not arrived and nobody answers the phone.",
    "thanks!!",
    "WHY IS MY CARD DECLINED???",
    "Great food but slow service 😡",
    "The adviser told me one thing, the branch told me another and the letter that I got says a third. " * 4,
    "How do I change my address?",
    "",
]


class Tower(torch.nn.Module):
    """A layer of its own on top of the third one, and a readout: heads with many numbers look like this."""

    def __init__(self):
        super().__init__()
        self.layer = Layer(load_file(packaged_folder() / "model.safetensors"), "encoder.layer.3", 12, 1e-12)
        torch.manual_seed(7)
        self.last = torch.nn.Linear(384, 3)

    def forward(self, hidden, mask):
        first = torch.nn.functional.one_hot(mask.argmax(2), mask.shape[2]).to(hidden[3].dtype)
        return self.last(first @ self.layer(hidden[3], sight_of(mask, hidden[3].dtype)))


class LastState(torch.nn.Module):
    def forward(self, hidden, mask):
        return hidden[6] * mask.sum(1).unsqueeze(-1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("graphs")


@pytest.fixture(scope="module")
def heads():
    return {"tower": Tower(), "last": LastState()}


@pytest.fixture(scope="module")
def exact(heads):
    return Encoder(heads=heads, backend="float32").encode(TEXTS, heads=list(heads))


@pytest.fixture(scope="module")
def quick(heads, folder):
    return Encoder(heads=heads, backend="onnx-int8", cache=folder)


def test_vectors_and_layers_are_those_of_float32_but_for_rounding(exact, quick):
    found = quick.encode(TEXTS)
    assert (found.vectors.shape, found.layers.shape) == (exact.vectors.shape, exact.layers.shape)
    assert ((found.vectors * exact.vectors).sum(1) > 0.99).all()
    assert np.corrcoef(found.layers.ravel(), exact.layers.ravel())[0, 1] > 0.99
    assert quick.backend == "onnx-int8"


def test_heads_say_the_same_whatever_the_backend(exact, quick):
    found = quick.encode(TEXTS, heads=["tower", "last"])
    assert np.abs(found.heads["tower"] - exact.heads["tower"]).max() < 0.25
    assert (found.heads["tower"].argmax(1) == exact.heads["tower"].argmax(1)).all()
    for theirs, ours, offsets in zip(exact.tokens["last"], found.tokens["last"], exact.offsets, strict=True):
        assert theirs.shape == ours.shape == (len(offsets), 384)
        if len(offsets):
            assert np.corrcoef(theirs.ravel(), ours.ravel())[0, 1] > 0.98


def test_the_fingerprint_does_not_know_the_backend(quick, encoder):
    assert quick.fingerprint == encoder.fingerprint


def test_a_kept_graph_is_used_again_and_a_damaged_one_is_made_anew(quick, heads, folder):
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert len(before) == 2 * (1 + len(heads))
    Encoder(heads=heads, backend="onnx-int8", cache=folder)
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    largest = max(folder.glob("*.onnx"), key=lambda path: path.stat().st_size)
    with largest.open("r+b") as file:
        file.seek(1_000_000)
        file.write(b"damage")
    again = Encoder(heads=heads, backend="onnx-int8", cache=folder)
    assert np.array_equal(again.encode(TEXTS).vectors, quick.encode(TEXTS).vectors)
    assert largest.stat().st_mtime_ns != before[largest]


def test_a_cache_folder_that_cannot_be_written_is_named(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(ClassifierError, match="cannot be used"):
        Encoder(backend="onnx-int8", cache=blocked)


def test_a_head_that_does_not_fit_is_refused_by_every_backend(folder):
    class Deep(torch.nn.Module):
        def forward(self, hidden, mask):
            return hidden[24] * mask.sum(1).unsqueeze(-1)

    for backend in ("float32", "onnx-int8"):
        with pytest.raises(ClassifierError, match="'deep' does not fit"):
            Encoder(heads={"deep": Deep()}, backend=backend, cache=folder)


def test_other_models_are_not_for_the_8_bit_backend(tmp_path):
    with pytest.raises(ClassifierError, match="packaged"):
        Encoder(str(tmp_path), backend="onnx-int8")


def test_without_the_extra_the_message_says_what_to_install():
    code = """
import sys
sys.modules["onnxruntime"] = None
from classifiers.contract import ClassifierError
from classifiers.embedders.encoder import Encoder
print(Encoder(workers=1).backend)
try:
    Encoder(backend="onnx-int8")
except ClassifierError as error:
    print(error)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0] in {"float32", "bfloat16"}
    assert "pip install 'closeloop[onnx]'" in said[1]


def test_every_backend_computes_with_one_thread_a_worker(quick):
    assert torch.get_num_threads() == 1
    options = quick._backend._trunk.get_session_options()
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)


def test_a_text_of_ten_megabytes_needs_little_memory():
    code = """
import json, resource
from classifiers.embedders.encoder import Encoder
encoder = Encoder(workers=1)
encoder.encode(["warm " * 200] * 8)
text = "The parcel never came. " * 450_000
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
encoder.encode([text, text[1:], "short"])
print(json.dumps([len(text), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before]))
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    size, grown = json.loads(said.stdout)
    assert size > 10_000_000
    assert grown < 40_000


def test_a_network_of_another_size_is_read_by_its_configuration():
    weights = {}
    width, words = 8, 11
    for name in ("word", "position", "token_type"):
        weights[f"embeddings.{name}_embeddings.weight"] = torch.randn(words, width)
    norms = ["embeddings.LayerNorm", "encoder.layer.0.attention.output.LayerNorm", "encoder.layer.0.output.LayerNorm"]
    for name in norms:
        weights |= {f"{name}.weight": torch.ones(width), f"{name}.bias": torch.zeros(width)}
    shapes = {f"attention.self.{part}": (width, width) for part in ("query", "key", "value")}
    shapes |= {"attention.output.dense": (width, width), "intermediate.dense": (16, width), "output.dense": (width, 16)}
    for name, shape in shapes.items():
        weights[f"encoder.layer.0.{name}.weight"] = torch.randn(shape)
        weights[f"encoder.layer.0.{name}.bias"] = torch.randn(shape[0])
    config = {"num_hidden_layers": 1, "hidden_size": width, "num_attention_heads": 2, "layer_norm_eps": 1e-12}
    network = Bert(weights, config)
    ids = torch.tensor([[1, 2, 3, 0], [4, 5, 6, 7]])
    mask = torch.tensor([[1, 1, 1, 0], [1, 1, 1, 1]]).unsqueeze(1)
    vectors, hidden = network(ids, mask)
    alone, _ = network(ids[:1, :3], mask[:1, :, :3])
    assert [state.shape for state in hidden] == [(2, 4, width)] * 2
    assert torch.allclose(vectors[0], alone[0], atol=1e-6)
