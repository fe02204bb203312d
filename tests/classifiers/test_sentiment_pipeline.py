import json

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

from classifiers.contract import ClassifierError, Turn
from classifiers.reader import Reader
from classifiers.sentiment.pipeline import SentimentPipeline, columns_of

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "great", "awful", "service", "the", "was"]


def save_model(folder, labels):
    """A tiny BERT that knows nothing, with labels of its own."""
    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token="[PAD]", unk_token="[UNK]", model_max_length=16
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=8,
        max_position_embeddings=16,
        id2label=dict(enumerate(labels)),
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return str(folder)


def test_a_text_classification_model_from_a_folder_answers_in_our_three_classes(tmp_path):
    model = SentimentPipeline(save_model(tmp_path, ["POSITIVE", "NEUTRAL", "NEGATIVE"]))
    found = model.feel(["the service was great", "awful " * 40, "the service was great"])
    assert found.shape == (3, 3)
    assert np.allclose(found.sum(axis=1), 1, atol=1e-5)
    assert np.allclose(found[0], found[2], atol=1e-6)
    assert model.feel([]).shape == (0, 3)


def test_stars_count_for_the_side_on_which_they_lie(tmp_path):
    model = SentimentPipeline(save_model(tmp_path, ["1 star", "2 stars", "3 stars", "4 stars", "5 stars"]))
    assert [model.columns[f"{at} star{'s' * (at > 1)}"] for at in range(1, 6)] == [0, 0, 1, 2, 2]
    assert np.allclose(model.feel(["great"]).sum(), 1, atol=1e-5)


@pytest.mark.parametrize(
    ("labels", "columns"),
    [
        (["NEG", "POS"], [0, 2]),
        (["NEG", "NEU", "POS"], [0, 1, 2]),
        (["LABEL_0", "LABEL_1"], [0, 2]),
        (["LABEL_0", "LABEL_1", "LABEL_2"], [0, 1, 2]),
        (["Very Negative", "Negative", "Neutral", "Positive", "Very Positive"], [0, 0, 1, 2, 2]),
        (["5", "4", "3", "2", "1"], [2, 2, 1, 0, 0]),
    ],
)
def test_usual_labels_are_understood(labels, columns):
    assert list(columns_of(dict(enumerate(labels))).values()) == columns


@pytest.mark.parametrize(
    "labels", [["joy", "anger"], ["LABEL_0", "LABEL_1", "LABEL_2", "LABEL_3"], ["neutral", "positive"], ["spam", "ham"]]
)
def test_labels_that_are_no_sentiments_are_named_and_refused(labels):
    with pytest.raises(ClassifierError, match=labels[0]):
        columns_of(dict(enumerate(labels)))


def test_in_a_reader_it_judges_sentiment_and_marks_the_fingerprint(tmp_path, encoder):
    model = SentimentPipeline(save_model(tmp_path, ["LABEL_0", "LABEL_1"]))
    own, other = Reader(encoder), Reader(encoder, sentiment_model=model)
    text = "The service was great but the room was awful"
    judged = other.feel([(text, None, None), (text, None, (4, 11))])
    assert np.allclose(judged[0].chances, model.feel([text])[0], atol=1e-5)
    assert judged[0].chances[1] == 0
    assert own.fingerprint != other.fingerprint
    mentions = other.read([[Turn("customer", text)]])[0].mentions
    assert {mention.sentiment_label for mention in mentions} <= {"negative", "positive"}


def test_weights_that_could_hold_code_are_not_loaded(tmp_path):
    folder = save_model(tmp_path, ["NEG", "POS"])
    (tmp_path / "model.safetensors").rename(tmp_path / "pytorch_model.bin")
    with pytest.raises(ClassifierError, match="safetensors"):
        SentimentPipeline(folder)


def test_a_models_own_code_is_not_run(tmp_path):
    folder = save_model(tmp_path, ["NEG", "POS"])
    config = json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))
    config |= {
        "model_type": "own",
        "auto_map": {"AutoConfig": "own.Own", "AutoModelForSequenceClassification": "own.Own"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "own.py").write_text("raise SystemExit('code of the model ran')\n", encoding="utf-8")
    with pytest.raises(ClassifierError, match="could not be loaded"):
        SentimentPipeline(folder)
