import numpy as np
import pytest
import torch

from classifiers.contract import ClassifierError, Correction
from classifiers.embedders.encoder import Encoder
from classifiers.reader import load_encoder
from classifiers.sentiment.feelings import About, Feelings, shipped_heads
from classifiers.sentiment.mentions import MentionModel, mention_model
from classifiers.sentiment.model import HEAD, TextModel, complains, feel, polarity, text_model
from classifiers.sentiment.network import DEPTH, WIDTH, TextHead, TokenHead


@pytest.fixture(scope="module")
def feelings(encoder):
    return Feelings(encoder)


def label(feelings, text):
    return ("negative", "neutral", "positive")[int(feelings.ask([About(text)])[0].argmax())]


@pytest.mark.parametrize(
    "text",
    [
        "The service was without fault.", "They picked up at once.", "I had no trouble at all with the return.",
        "Nothing went wrong, not once.", "My money was back the next day.",
        "thx guys, you rock", "One of the finest films of the year.",
        "No waiting, no fuss.", "Nothing was too much trouble.",
    ],
)  # fmt: skip
def test_praise_needs_no_praising_word(feelings, text):
    assert label(feelings, text) == "positive"
    assert feelings.judge([text]).complaints[0] < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "The toaster broke on the second day.", "Still nobody has called me back.",
        "I fell asleep halfway through the film.",
        "they lost my suitcase", "The doctor never looked up from the screen.",
        "The website says one thing and the hotline another.", "Not worth half of what they ask.",
    ],
)  # fmt: skip
def test_a_problem_needs_no_angry_word(feelings, text):
    assert label(feelings, text) == "negative"
    assert feelings.judge([text]).complaints[0] > 0.5


@pytest.mark.parametrize(
    "text",
    [
        "Where is my parcel?", "What time does the branch open?", "I bought two tickets for Saturday.",
        pytest.param("We had soup and a salad.", marks=pytest.mark.xfail(reason="food reads as praise", strict=True)),
        "The hotel is opposite the museum.", "I ordered it on the 4th of May.",
    ],
)  # fmt: skip
def test_questions_and_facts_are_neutral_and_no_complaint(feelings, text):
    assert label(feelings, text) == "neutral"
    assert feelings.judge([text]).complaints[0] < 0.5


def test_probabilities_add_up_and_polarity_is_their_difference(encoder):
    features = encoder.encode(["Lovely.", "Awful.", "On Monday."], layers=False, heads=[HEAD]).heads[HEAD]
    shares = feel(features)
    assert np.allclose(shares.sum(axis=1), 1, atol=1e-5)
    assert list(np.argsort(polarity(shares))) == [1, 2, 0]
    assert complains(features).argmax() == 1


def test_one_sentence_feels_differently_about_different_words(feelings):
    text = "The pizza was delicious but the waiter was rude"
    spans = [(text.index(word), text.index(word) + len(word)) for word in ("pizza", "waiter")]
    pizza, waiter = feelings.ask([About(text, span) for span in spans])
    assert pizza.argmax() == 2
    assert waiter.argmax() == 0


def test_one_sentence_feels_differently_about_different_topics(feelings, encoder):
    names = encoder.encode(["food", "staff"], layers=False).vectors
    food, staff = feelings.ask(
        [About("The pizza was delicious but the waiter was rude", topic=topic) for topic in names]
    )
    assert food.argmax() == 2
    assert staff.argmax() == 0


def test_a_span_is_found_behind_emoji_and_markup(feelings):
    text = "😀😀 <b>Hi!</b>  The room was lovely, the    breakfast awful 👎"
    room, breakfast = feelings.ask(
        [About(text, (text.index(word), text.index(word) + len(word))) for word in ("room", "breakfast")]
    )
    assert room.argmax() == 2
    assert breakfast.argmax() == 0


def test_a_span_that_is_all_there_is_feels_like_the_whole_text(feelings):
    text = "We waited for two hours."
    whole, span = feelings.ask([About(text), About(text, (0, len(text)))])
    assert np.array_equal(whole, span)


def test_questions_may_come_in_any_order_and_number(feelings):
    text = "Nice room. Bad food."
    asked = [About(text, (0, 9)), About("Fine."), About(text, (11, 19)), About("", (0, 0)), About(text)]
    together = feelings.ask(asked)
    alone = np.vstack([feelings.ask([one]) for one in asked])
    assert np.allclose(together, alone, atol=2e-2)
    assert feelings.ask([]).shape == (0, 3)


def test_labels_are_the_same_in_both_number_formats():
    texts = ["The app is great.", "The app crashes.", "The app is blue.", "Nobody helped me and I gave up."]
    exact, rough = (
        Feelings(Encoder(heads=shipped_heads(), backend=backend)).judge(texts) for backend in ("float32", "bfloat16")
    )
    assert np.array_equal(exact.sentiments.argmax(axis=1), rough.sentiments.argmax(axis=1))
    assert np.allclose(exact.complaints, rough.complaints, atol=0.05)


def test_an_encoder_without_the_heads_brings_the_packaged_one_along():
    bare = Encoder()
    feelings = Feelings(bare)
    assert feelings.encoder is not bare
    assert feelings.judge(["Awful service."]).sentiments[0].argmax() == 0


@pytest.mark.parametrize(
    "count", [pytest.param(10, marks=pytest.mark.xfail(reason="the shipped head is surer", strict=True)), 13]
)
def test_corrections_teach_the_words_of_a_domain(encoder, count):
    things = ["ride", "beat", "jump", "show", "board", "trick", "set", "drop", "line", "spot", "film", "book", "song"]
    things = things[:count]
    taught = [Correction(f"that {thing} was sick", sentiment="positive") for thing in things]
    taught += [Correction(f"that {thing} was mellow", sentiment="negative") for thing in things]
    unseen = [About("the new album is sick"), About("that track was mellow")]
    before, after = Feelings(encoder).ask(unseen), Feelings(encoder, taught).ask(unseen)
    assert before.argmax(axis=1).tolist() == [0, 2]
    assert after.argmax(axis=1).tolist() == [2, 0]


def test_weights_come_back_as_they_were_saved(tmp_path, encoder):
    text_model().save(tmp_path / "text.safetensors")
    again = TextModel.load(tmp_path / "text.safetensors")
    again.save(tmp_path / "again.safetensors")
    assert (tmp_path / "text.safetensors").read_bytes() == (tmp_path / "again.safetensors").read_bytes()
    assert again.sentiment.labels == text_model().sentiment.labels
    mention_model().save(tmp_path / "mention.safetensors")
    assert MentionModel.load(tmp_path / "mention.safetensors").temperature == mention_model().temperature


def test_damaged_or_foreign_weights_are_named(tmp_path):
    path = tmp_path / "text.safetensors"
    with pytest.raises(ClassifierError, match=r"text\.safetensors"):
        TextModel.load(path)
    path.write_bytes(b"no weights")
    with pytest.raises(ClassifierError, match="damaged"):
        TextModel.load(path)
    mention_model().save(path)
    with pytest.raises(ClassifierError, match="of another release"):
        TextModel.load(path)


@pytest.mark.parametrize("head", [TextHead(), TokenHead()])
def test_heads_can_be_exported_for_texts_of_any_length(head):
    texts, tokens = torch.export.Dim("texts"), torch.export.Dim("tokens")
    hidden = [torch.randn(2, 5, WIDTH)] * (DEPTH + 1)
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]]).unsqueeze(1)
    shapes = [{0: texts, 1: tokens}] * (DEPTH + 1), {0: texts, 2: tokens}
    found = torch.export.export(head.eval(), ([one.clone() for one in hidden], mask), dynamic_shapes=shapes)
    longer = ([torch.randn(3, 9, WIDTH)] * (DEPTH + 1), torch.ones(3, 1, 9, dtype=torch.int64))
    assert torch.allclose(found.module()(*longer), head(*longer), atol=1e-5)


def test_padding_does_not_change_what_a_head_says():
    head = TextHead().eval()
    hidden = [torch.randn(1, 4, WIDTH) for _ in range(DEPTH + 1)]
    padded = [torch.cat([one, torch.randn(1, 3, WIDTH)], 1) for one in hidden]
    mask = torch.tensor([[[1, 1, 1, 1, 0, 0, 0]]])
    assert torch.allclose(head(hidden, mask[:, :, :4]), head(padded, mask), atol=1e-5)


def test_the_packaged_encoder_comes_with_the_shipped_heads():
    assert load_encoder().heads == frozenset(shipped_heads())
