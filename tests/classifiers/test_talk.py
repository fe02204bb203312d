import pytest

from classifiers.text.talk import Talk, small_talk


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hi", Talk.GREETING), ("Good morning, sir!", Talk.GREETING), ("Dear Sir or Madam,", Talk.GREETING),
        ("THANK YOU SO MUCH FOR YOUR HELP", Talk.THANKS), ("thanks, bye", Talk.THANKS), ("Byeee", Talk.FAREWELL),
        ("Have a nice day", Talk.FAREWELL), ("Kind regards,", Talk.FAREWELL), ("ok", Talk.ANSWER),
        ("Thanks in advance!", Talk.FAREWELL), ("Thank you very much in advance for your help", Talk.FAREWELL),
        ("yes please", Talk.ANSWER), ("no, that's all. Thank you!", Talk.ANSWER),
    ],
)  # fmt: skip
def test_small_talk_is_told_by_what_it_does(text, kind):
    assert small_talk(text) is kind


@pytest.mark.parametrize(
    "text",
    [
        "thanks for nothing", "Hi, my lamp is broken", "no refund", "ok but it is late", "good service", "great",
        "have a terrible day", "bye bye customers", "yes it broke", "thank you 👎", "no help", "", "...",
    ],
)  # fmt: skip
def test_what_carries_anything_is_no_small_talk(text):
    assert small_talk(text) is None
