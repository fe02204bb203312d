import json
from pathlib import Path

import numpy as np
import pytest

from classifiers.contract import Correction, Encoded, Turn
from classifiers.reader import Reader
from classifiers.signals.model import CLASSES, Signals, seeds, seeds_fingerprint
from classifiers.signals.weights import load, save

OURS = json.loads((Path(__file__).parents[1] / "quality" / "data" / "signals.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def signals(encoder):
    return Signals(encoder.encode, packaged=encoder.packaged)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("I explained my problem to the fourth agent in a row, from the start.", "information_repetition"),
        ("Sales sent me to billing and billing sent me back to sales.", "unnecessary_handoffs"),
        ("The app shows one price and the shop charges another.", "channel_inconsistency"),
        ("Nobody has told me what is happening with my application.", "process_opacity"),
        ("Closing the account takes three forms, a letter and a visit.", "unnecessary_complexity"),
        ("The soup was cold.", None),
        ("Lovely staff and a clean room.", None),
    ],
)
def test_friction_is_one_of_five_kinds_or_none(signals, encoder, text, kind):
    assert signals.judge(encoder.encode([text])).frictions[0].label == kind


@pytest.mark.parametrize(
    ("signal", "text", "right"),
    [
        ("urgent", "There is smoke coming out of the socket, please help now!", True),
        ("urgent", "Take your time, there is no hurry.", False),
        ("response_needed", "When will my new card arrive?", True),
        ("response_needed", "No need to reply to this.", False),
        ("escalation_intent", "My solicitor will be in touch with you.", True),
        ("escalation_intent", "My manager loved the presentation.", False),
        ("escalation_intent", "I cancelled my trip because I was ill.", False),
    ],
)
def test_yes_and_near_miss_are_told_apart(signals, encoder, signal, text, right):
    chance = getattr(signals.judge(encoder.encode([text])), signal)[0]
    assert (chance >= 0.5) is np.bool_(right)


@pytest.mark.parametrize("signal", sorted(CLASSES))
def test_sentences_that_were_never_fitted_are_mostly_right(signals, encoder, signal):
    rows = [(text, label) for label, texts in OURS[signal].items() for text in texts]
    told = signals.judge(encoder.encode([text for text, _ in rows]))
    if signal == "friction":
        found = [judgement.label or "none" for judgement in told.frictions]
    else:
        found = ["yes" if chance >= 0.5 else "no" for chance in getattr(told, signal)]
    assert np.mean([a == b for a, (_, b) in zip(found, rows, strict=True)]) > 0.7


@pytest.mark.parametrize("signal", sorted(CLASSES))
def test_no_sentence_is_both_a_seed_and_a_measure(signal):
    fitted = {text.lower() for texts in seeds()[signal].values() for text in texts}
    assert fitted.isdisjoint(text.lower() for texts in OURS[signal].values() for text in texts)


@pytest.mark.parametrize(
    ("text", "urgent"),
    [("This is very urgent!", True), ("asap please!", True), ("please respond urgently", True),
     ("no rush at all", False), ("please send a brochure", False), ("They came immediately", False)],
)  # fmt: skip
def test_a_plain_call_is_heard(signals, encoder, text, urgent):
    assert (signals.judge(encoder.encode([text])).urgent[0] >= 0.5) == urgent


def test_a_correction_makes_the_next_similar_text_right(encoder, signals):
    text, similar = "The blue form went walkabout again.", "the blue form went walkabout once more"
    rows = {"friction": [(text, "process_opacity")], "urgent": [(text, "yes")], "escalation_intent": [(text, "yes")]}
    taught = Signals(encoder.encode, rows, packaged=encoder.packaged).judge(encoder.encode([similar]))
    before = signals.judge(encoder.encode([similar]))
    assert taught.frictions[0].label == "process_opacity"
    assert before.urgent[0] < 0.5 <= taught.urgent[0]
    assert before.escalation_intent[0] < 0.5 <= taught.escalation_intent[0]
    assert np.allclose(before.response_needed, taught.response_needed)


def test_a_correction_changes_nothing_about_an_unlike_text(encoder, signals):
    rows = {"urgent": [("The blue form went walkabout again.", "yes")]}
    taught = Signals(encoder.encode, rows, packaged=encoder.packaged)
    other = encoder.encode(["The soup was cold.", "Smoke comes out of the socket, help!"])
    assert ((taught.judge(other).urgent >= 0.5) == (signals.judge(other).urgent >= 0.5)).all()


def test_an_encoder_that_shows_no_layers_is_enough(encoder):
    def bare(texts):
        return encoder.encode(texts, layers=False)

    told = Signals(bare).judge(bare(["I will sue you, my lawyer is informed.", "The soup was cold."]))
    assert told.escalation_intent[0] > 0.5 > told.escalation_intent[1]


def test_no_text_gives_no_judgement(encoder, signals):
    nothing = Encoded(np.zeros((0, encoder.dim), np.float32), np.zeros((0, encoder.layer_dim), np.float16))
    assert signals.judge(nothing).frictions == []
    assert len(signals.judge(nothing).urgent) == 0


def test_equal_weights_give_equal_bytes(tmp_path, signals):
    written = set()
    for name in "abcdef":
        save(tmp_path / name, signals._models, "x")
        written.add((tmp_path / name).read_bytes())
    assert len(written) == 1


def test_weights_come_back_as_they_were_saved(tmp_path, signals):
    file = tmp_path / "w.safetensors"
    save(file, signals._models, "x")
    again = load(file)
    assert all(np.array_equal(again[name].weight, model.weight) for name, model in signals._models.items())
    assert seeds_fingerprint() == seeds_fingerprint()


def test_mentions_carry_the_signals_and_a_correction_wins(encoder):
    text = "Smoke comes out of the socket, please send somebody now!"
    (mention,) = Reader(encoder).read([[Turn("customer", text)]])[0].mentions
    assert (mention.urgent, mention.response_needed, mention.escalation_intent) == (True, True, False)
    assert mention.urgent_confidence > 0.5
    (told,) = Reader(encoder, corrections=[Correction(text, urgent=False)]).read([[Turn("customer", text)]])[0].mentions
    assert (told.urgent, told.urgent_confidence, told.corrected) == (False, 1.0, True)


def test_in_a_dialogue_small_talk_gives_no_mention_and_alone_thanks_do(encoder):
    reader = Reader(encoder)
    turns = [Turn("agent", "Anything else?"), Turn("customer", "No, that's all. Thank you! Bye."), Turn("agent", "Bye")]
    alone = [Turn("customer", "Thank you!")]
    first, second = reader.read([turns, alone])
    assert first.mentions == ()
    assert len(second.mentions) == 1
