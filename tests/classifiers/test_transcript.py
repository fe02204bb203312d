import pytest

from classifiers.contract import Turn
from classifiers.text.spans import customer_spans
from classifiers.text.transcript import turns_of


def customer(text):
    return [text[span.start : span.end] for span in customer_spans([Turn("customer", text)])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Agent: Hello, how can I help?\nCustomer: My card is lost.\nAgent: Oh no.", ["My card is lost."]),
        ("Agent: hi, how can i help Customer: my card is lost Agent: ok", ["my card is lost"]),
        ("rep: hello\nclient: the lamp is broken\nrep: sorry", ["the lamp is broken"]),
        ("AGENT: HELLO\nCALLER: THE LAMP IS BROKEN\nAGENT: SORRY", ["THE LAMP IS BROKEN"]),
        ("Chatbot: Pick a number\r\nUser: I want a human now\r\nChatbot: Sorry\r\n", ["I want a human now"]),
        ("[10:01] Advisor: Hi\n[10:02] Customer: still no refund\n[10:03] Advisor: Hm", ["still no refund"]),
        ("Kim (Agent): Hi\nLee (Customer): It never came\nKim: Hm\nLee: Hurry up", ["It never came", "Hurry up"]),
        ("Agent: Kim Lo\nCustomer: Ada\n\nKim: Good day\nAda: It is broken\nBob: joining\nBob: hi", ["It is broken"]),
        ("[Agent] Hello\n[Visitor] It never came\n[Agent] Hm", ["It never came"]),
        ("Agent - Hello\nClient - It never came\nAgent - Hm\nClient - Hurry up", ["It never came", "Hurry up"]),
        ("Agent\nHello\n\nClient\nIt never came\n\nAgent\nHm\n\nClient\nHurry up", ["It never came", "Hurry up"]),
        ("Agent:\nHello\nCustomer:\nIt never came\nAgent:\nHm", ["It never came"]),
        ("Agent Kim: Hello\nVisitor 88217340: It never came\nAgent Kim: Hm", ["It never came"]),
        ("( 3s ) Agent Kim: Hello\n( 1m 9s ) Customer: It never came\n( 2m 1s ) Agent Kim: Hm", ["It never came"]),
        ("2026-01-02T10:01:00Z Agent: Hello\n2026-01-02T10:02:00Z Customer: It never came", ["It never came"]),
        ("[2/1/26, 10:01:09] Agent: Hello\n[2/1/26, 10:02:00] Customer: It never came", ["It never came"]),
        ("<p><b>Agent:</b> Hello</p><p><b>Customer:</b> It never came</p><p><b>Agent:</b> Hm</p>", ["It never came"]),
        (
            "Kim: Thank you for calling, what is it?\nAda Lo: It never came\nKim: Hm\nAda Lo: Hurry up",
            ["It never came", "Hurry up"],
        ),
        ("Speaker 1: It broke\nSpeaker 2: How may I help?\nSpeaker 1: Mend it\nSpeaker 2: Hm", ["It broke", "Mend it"]),
        ("A: How can I help you today\nC: it never came\nA: hm\nC: hurry up", ["it never came", "hurry up"]),
        ("Look how they treat me:\nAgent: no\nCustomer: why is that?", ["Look how they treat me:", "why is that?"]),
    ],
)  # fmt: skip
def test_of_a_pasted_transcript_only_the_customer_is_read(text, expected):
    assert customer(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "I told the agent: fix it.", "Customer service: terrible", "My verdict on the agent: rude",
        "Agent: good", "Pros: cheap\nCons: slow", "Customer: 4711\nAgent: Bob\nIssue: broken lamp",
        "Customer service\nGreat\nStaff\nFriendly\nSupport\nSlow", "Customer - unhappy\nAgent - rude\nSystem - slow",
        "Kim: Hello\nAda: It never came\nKim: Hm\nAda: Hurry up",
        "[Agent] was rude", "The customer support: never again. The agent: useless.", "Note: the lamp broke at 10:30",
    ],
)  # fmt: skip
def test_a_text_that_only_mentions_speakers_stays_whole(text):
    assert list(turns_of(text)) == []
    assert customer(text)


def test_of_a_raw_caption_file_only_the_customers_voice_is_read():
    text = (
        "WEBVTT\n\nNOTE internal remark\n\n1\n00:00:01.000 --> 00:00:02.000\n<v Agent Kim>What broke?</v>\n\n"
        "2\n00:00:03.000 --> 00:00:05.000\n<v Ada>The lamp broke.</v>\n"
    )
    assert customer(text) == ["The lamp broke."]


def test_labels_inside_captions_hold_until_the_next_one():
    text = (
        "WEBVTT\n\n00:01.000 --> 00:02.000\nAgent: What broke?\n\n00:03.000 --> 00:04.000\nCustomer: The lamp\n\n"
        "00:05.000 --> 00:06.000\nand the shade\n\n00:07.000 --> 00:08.000\nAgent: Both?\n"
    )
    assert customer(text) == ["The lamp", "and the shade"]


def test_two_voices_that_nobody_can_place_are_not_read():
    text = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Kim>Hello\n\n00:03.000 --> 00:04.000\n<v Ada>The lamp broke\n"
    assert customer(text) == []


def test_names_in_captions_are_voices_when_two_of_them_speak_again_and_again():
    cues = ("Kim (Agent): Hello", "Ada: The lamp broke", "Kim (Agent): Which one?", "Ada: The tall one")
    times = (f"00:0{at}.000 --> 00:0{at}.900\n{said}\n" for at, said in enumerate(cues))
    text = "WEBVTT\n\n" + "\n".join(times)
    assert customer(text) == ["The lamp broke", "The tall one"]
    assert customer(text.replace(" (Agent)", "")) == []
    helpful = text.replace(" (Agent)", "").replace("Hello", "How can I help you?")
    assert customer(helpful) == ["The lamp broke", "The tall one"]


def test_captions_of_one_speaker_are_the_customers():
    assert customer("WEBVTT\n\n00:01.000 --> 00:02.000\nI love this lamp\n") == ["I love this lamp"]
