import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import StaticEmbedding
from tokenizers import Tokenizer

from classifiers.contract import ClassifierError
from classifiers.embedders.encoder import Encoder
from classifiers.embedders.packaged import packaged_folder

TEXTS = ["late parcel", "A longer sentence about a parcel that came on time.", "ok", "late parcel"]


@pytest.fixture(scope="module")
def word_vectors(tmp_path_factory):
    folder = tmp_path_factory.mktemp("static")
    tokenizer = Tokenizer.from_file(str(packaged_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=32)], device="cpu").save(str(folder))
    return folder


def test_a_model_of_word_vectors_is_an_encoder_without_layers(word_vectors):
    ours = Encoder(str(word_vectors), backend="float32")
    theirs = SentenceTransformer(str(word_vectors), device="cpu").encode(TEXTS, normalize_embeddings=True)
    found = ours.encode(TEXTS)
    assert np.allclose(found.vectors, theirs, atol=1e-5)
    assert (ours.dim, ours.layer_dim, found.layers.shape) == (32, 0, (4, 0))
    assert ours.backend == "float32"


def test_a_text_without_any_token_has_a_row_of_its_own(word_vectors):
    encoder = Encoder(str(word_vectors))
    found = encoder.encode(["late parcel", "", "parcel"]).vectors
    assert found.shape == (3, encoder.dim)
    assert np.isfinite(found).all()
    assert np.allclose(found[2], encoder.encode(["parcel"]).vectors[0], atol=1e-6)


def test_heads_of_the_packaged_model_do_not_fit_a_model_without_layers(word_vectors):
    class First(torch.nn.Module):
        def forward(self, hidden, mask):
            return hidden[3][:, 0] * mask[:, :1]

    with pytest.raises(ClassifierError, match="does not fit"):
        Encoder(str(word_vectors), heads={"first": First()})
