import shutil

import numpy as np
import pytest

from classifiers.contract import ClassifierError
from classifiers.embedders.encoder import Encoder
from classifiers.embedders.packaged import packaged_folder, verify


def test_vectors_are_unit_length_and_rows_keep_their_order(encoder):
    texts = ["a long sentence about a parcel that never came " * 3, "short", "medium length text", "short"]
    encoded = encoder.encode(texts)
    assert encoded.vectors.shape == (4, encoder.dim)
    assert encoded.layers.shape == (4, encoder.layer_dim)
    assert np.allclose(np.linalg.norm(encoded.vectors, axis=1), 1, atol=1e-3)
    assert np.array_equal(encoded.vectors[1], encoded.vectors[3])
    alone = encoder.encode(["medium length text"], layers=False)
    assert float(alone.vectors[0] @ encoded.vectors[2]) > 0.999
    assert alone.layers.shape == (1, 0)


def test_bfloat16_agrees_with_float32(encoder):
    texts = ["My refund has not arrived", "Friendly staff", "What are your opening hours?"]
    exact = Encoder(backend="float32", workers=1).encode(texts).vectors
    assert ((encoder.encode(texts).vectors * exact).sum(axis=1) > 0.999).all()


def test_nothing_to_encode_gives_nothing(encoder):
    assert encoder.encode([]).vectors.shape == (0, encoder.dim)


def test_half_a_surrogate_pair_does_no_harm(encoder):
    encoded = encoder.encode(["caf\udce9 was late", "caf\u00e9 was late", "\ud800"], heads=("mention",))
    assert float(encoded.vectors[0] @ encoded.vectors[1]) > 0.5
    assert encoded.offsets[0].max() == len("caf? was late")


@pytest.mark.parametrize(("given", "told"), [("late", "a list"), (["late", None], "Text 1"), ([b"late"], "bytes")])
def test_what_is_no_list_of_texts_is_refused(encoder, given, told):
    with pytest.raises(ClassifierError, match=told):
        encoder.encode(given)


def test_a_backend_that_is_none_is_refused_with_those_that_there_are():
    with pytest.raises(ClassifierError, match="onnx-int8"):
        Encoder(backend="int8")


def test_a_very_long_text_is_cut_and_does_no_harm(encoder):
    assert encoder.encode(["word " * 100_000]).vectors.shape == (1, encoder.dim)


def test_changed_weights_are_refused_with_what_to_do(tmp_path):
    changed = tmp_path / "model.safetensors"
    changed.write_bytes(b"not the model")
    with pytest.raises(ClassifierError, match="Reinstall"):
        verify(changed)
    with pytest.raises(ClassifierError, match="Reinstall"):
        verify(tmp_path / "missing.safetensors")
    verify(packaged_folder() / "model.safetensors")


def test_a_folder_that_is_no_model_is_refused(tmp_path):
    with pytest.raises(ClassifierError, match="could not be loaded"):
        Encoder(str(tmp_path))


def test_a_model_in_pickle_is_never_loaded(tmp_path):
    copied = tmp_path / "model"
    shutil.copytree(packaged_folder(), copied)
    (copied / "model.safetensors").rename(copied / "pytorch_model.bin")
    with pytest.raises(ClassifierError, match=r"model\.safetensors"):
        Encoder(str(copied))


def test_a_copy_of_a_model_is_loaded_by_its_path_and_gives_the_same_numbers(tmp_path):
    copied = tmp_path / "model"
    shutil.copytree(packaged_folder(), copied)
    other, ours = Encoder(str(copied), backend="float32", workers=1), Encoder(backend="float32")
    assert not other.packaged
    assert other.fingerprint == ours.fingerprint
    texts = ["late parcel", "A longer sentence about a parcel that came on time.", "ok"]
    assert np.allclose(other.encode(texts).vectors, ours.encode(texts).vectors, atol=1e-5)
    assert np.allclose(other.encode(texts).layers, ours.encode(texts).layers, atol=2e-3)
