import json
from pathlib import Path

import pytest

from classifiers.text.language import guess_language

FOREIGN = json.loads((Path(__file__).parent / "data" / "foreign.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("code", sorted(FOREIGN))
def test_a_foreign_customer_is_recognised(code):
    told = [guess_language(text).code for text in FOREIGN[code]]
    assert sum(found == code for found in told) >= 0.9 * len(told)
    assert "en" not in told


@pytest.mark.parametrize(
    "text",
    [
        "My parcel is two weeks late and nobody answers the phone.", "WHERE IS MY REFUND AND WHY DOES NOBODY ANSWER",
        "cant login on app plz fix asap", "thx guys you rock", "@shop your wifi in the café is naïve at best https://x.example/über",
        "thank you im mario rossi", "The schnitzel was cold but the strudel was wunderbar",
    ],
)  # fmt: skip
def test_english_is_never_called_foreign(text):
    assert guess_language(text).code in {"en", None}


@pytest.mark.parametrize("text", ["", "ok", "4711", "👎👎", "Kasse", "...", "\u200b"])
def test_what_is_too_short_is_not_told(text):
    assert guess_language(text).code is None


def test_case_and_markup_do_not_change_the_language():
    text = "Mein Paket ist seit zwei Wochen nicht angekommen"
    assert guess_language(text.upper()).code == guess_language(f"<p>{text}</p>").code == "de"
