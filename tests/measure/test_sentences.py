"""The sentence of each verdict: range, date, never "proved"."""

from dataclasses import replace
from datetime import date

import pytest

from app.domain.verdict import Finding, Tone, VerdictState, say_change, say_verdict

BASE = Finding(
    subject="late refunds",
    state=VerdictState.IMPROVED,
    seen_until=date(2026, 12, 6),
    rate_ratio=0.66,
    ci_low=0.55,
    ci_high=0.79,
    target_reduction=0.25,
    verdict_on=date(2026, 12, 7),
    weeks_seen=3,
    weeks_planned=8,
    complaints=120,
    detectable=0.85,
    reason="the classifier changed on 2026-10-03",
)


def test_an_improvement_that_meets_its_target():
    sentence = say_verdict(BASE)
    assert sentence.headline == "Complaints about late refunds fell by about a third"
    expected = "34 % down (95 % interval 21 % to 45 %), target 25 % down, seen until 6 December 2026"
    assert sentence.detail == expected
    assert sentence.tone is Tone.GOOD


def test_an_improvement_below_its_target():
    sentence = say_verdict(replace(BASE, target_reduction=0.5))
    assert sentence.headline == "Complaints about late refunds fell, but less than planned"


def test_no_effect_states_what_would_have_shown():
    sentence = say_verdict(replace(BASE, state=VerdictState.NO_CHANGE, rate_ratio=1.0, ci_low=0.9, ci_high=1.1))
    assert sentence.headline.endswith("A fall of 15 % or more would have shown")


def test_waiting_names_the_date_and_the_weeks():
    sentence = say_verdict(replace(BASE, state=VerdictState.TOO_EARLY))
    assert sentence.headline == "Too early. Verdict on 7 December 2026; 3 of 8 weeks seen"
    assert sentence.tone is Tone.SOON


def test_too_small_a_baseline_says_how_much_is_needed():
    sentence = say_verdict(replace(BASE, state=VerdictState.TOO_EARLY, complaints=4, complaints_needed=10))
    assert sentence.headline == "Not enough messages to judge: 4 so far, about 10 needed"


def test_cannot_tell_gives_the_range():
    sentence = say_verdict(replace(BASE, state=VerdictState.INCONCLUSIVE, ci_low=0.8, ci_high=1.09))
    assert "between 20 % down and 9 % up" in sentence.headline


def test_an_invalid_measurement_gives_its_reason():
    sentence = say_verdict(replace(BASE, state=VerdictState.INVALID))
    assert sentence.headline == "Cannot be judged: the classifier changed on 2026-10-03"


def test_a_relapse_is_said_first():
    assert "came back" in say_verdict(replace(BASE, relapse=True)).headline


@pytest.mark.parametrize("state", VerdictState)
def test_every_sentence_has_a_date_and_promises_no_proof(state):
    sentence = say_verdict(replace(BASE, state=state))
    both = f"{sentence.headline} {sentence.detail}".lower()
    assert "2026" in both
    assert "prove" not in both
    assert "p =" not in both
    if state not in {VerdictState.TOO_EARLY, VerdictState.INVALID}:
        assert "95 %" in sentence.detail


@pytest.mark.parametrize(
    ("ratio", "words"), [(0.8, "20 % down"), (1.09, "9 % up"), (1.001, "no change"), (None, "unknown")]
)
def test_a_ratio_in_words(ratio, words):
    assert say_change(ratio) == words
