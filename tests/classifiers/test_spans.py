from itertools import pairwise

import pytest

from classifiers.contract import Turn
from classifiers.text.spans import MAX_SPAN, customer_spans, split


def pieces(text):
    return [text[start:end] for start, end in split(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Great food. Slow service!", ["Great food.", "Slow service!"]),
        ("Great food but the service was slow", ["Great food", "but the service was slow"]),
        ("It was fine, however nobody called back.", ["It was fine,", "however nobody called back."]),
        ("Dr. Brown at St. Mary paid 3.50 for it. Fine.", ["Dr. Brown at St. Mary paid 3.50 for it.", "Fine."]),
        ("First line\nsecond line", ["First line", "second line"]),
        ("WHY IS NOBODY ANSWERING", ["WHY IS NOBODY ANSWERING"]),
        ("so slow 😡😡 never again", ["so slow 😡😡", "never again"]),
        ("🔥", ["🔥"]),
        ("See www.example.org/a.b?c=d for it.", ["See www.example.org/a.b?c=d for it."]),
        ("but why", ["but why"]),
        ("great food and slow service", ["great food", "and slow service"]),
        ("GREAT FOOD AND SLOW SERVICE", ["GREAT FOOD", "AND SLOW SERVICE"]),
        ("Friendly staff, slow delivery", ["Friendly staff", "slow delivery"]),
        ("clean and comfortable", ["clean and comfortable"]),
        ("not slow and friendly staff", ["not slow and friendly staff"]),
        ("1. slow service 2. rude staff 3. cold food", ["1. slow service", "2. rude staff", "3. cold food"]),
        ("1. Late.\n2. Rude.", ["1. Late.", "2. Rude."]),
        ("• late\n- rude\n* cold", ["late", "rude", "cold"]),
        ("It is not yet here.", ["It is not yet here."]),
        ("Nothing but praise", ["Nothing but praise"]),
        ("Really?! I waited... and waited.", ["Really?!", "I waited...", "and waited."]),
        ("包裹没到。没人接！", ["包裹没到。", "没人接！"]),  # noqa: RUF001
        ("אין מענה. רע", ["אין מענה.", "רע"]),
    ],
)
def test_sentences_and_clauses_are_cut_where_a_reader_would(text, expected):
    assert pieces(text) == expected


@pytest.mark.parametrize("text", ["", "   ", "\u200b\u200d\ufeff", "...", "?!", "\n\n", "\u0301", "-- \n"])
def test_text_without_a_letter_or_picture_gives_nothing(text):
    assert pieces(text) == []


def test_agent_bot_and_system_words_give_no_span():
    turns = [
        Turn("agent", "Your refund is late."),
        Turn("customer", "Yes. It is."),
        Turn("bot", "I did not get that."),
        Turn("system", "Agent left."),
        Turn("supervisor", "Unknown roles are not the customer."),
    ]
    assert [(span.turn, turns[span.turn].text[span.start : span.end]) for span in customer_spans(turns)] == [
        (1, "Yes."),
        (1, "It is."),
    ]


def test_a_long_run_without_punctuation_is_cut_at_words():
    text = "and then I called again because nobody came " * 200
    found = list(split(text))
    assert all(end - start <= MAX_SPAN for start, end in found)
    assert "".join(text[start:end] for start, end in found).replace(" ", "") == text.replace(" ", "")


def test_a_run_without_any_space_is_cut_too():
    assert max(end - start for start, end in split("x" * 5000)) == MAX_SPAN


def test_spans_never_overlap_and_keep_their_order():
    text = "Bad; worse - but cheap!!! 😀 Ok... And, however, this <b>too</b>.\r\n> quoted\nlast 😡 one"
    found = list(split(text))
    assert all(a[1] <= b[0] for a, b in pairwise(found))
    assert all(text[start:end].strip() == text[start:end] for start, end in found)


def test_quoted_mail_and_signatures_are_not_the_customers_words():
    text = "The lamp is broken.\n> How can we help?\n\nOn Monday, Shop <a@shop.example> wrote:\nDear customer\n"
    assert pieces(text) == ["The lamp is broken."]
    assert pieces("It never came.\nSent from my phone\nBob") == ["It never came."]


def test_an_html_mail_gives_what_was_written_and_nothing_else():
    text = (
        "<html><head><style>p {color: red}</style></head><body><!-- draft --><p>The <b>lamp</b> is&nbsp;broken.<br>It"
        " smells &amp; hums.</p><script>track()</script><blockquote>We wrote <blockquote>this</blockquote></blockquote>"
        "<p>Kind regards,<br>Ada Byron<br>+44 123 456 789</p></body></html>"
    )
    assert pieces(text) == ["The <b>lamp</b> is&nbsp;broken.", "It smells &amp; hums."]


def test_a_span_ends_behind_the_whole_entity_that_ends_it():
    text = "She said &quot;no.&quot; Then she left &#128512;"
    assert pieces(text) == ["She said &quot;no.&quot;", "Then she left &#128512;"]


def test_an_answer_below_a_quotation_is_read():
    text = "On Tue, 3 Nov 2026, Shop <a@shop.example> wrote:\n> Did it work?\n> Please tell.\nNo, it broke again."
    assert pieces(text) == ["No, it broke again."]


@pytest.mark.parametrize(
    "tail",
    [
        "\n--\nAda Byron\nSome Ltd", "\nSent from my iPhone", "\n\nBest regards,\nAda Byron\n",
        "\nThis e-mail and its attachments are confidential and may be privileged.",
        " If you are not the intended recipient, delete it.", "\n-----Original Message-----\nFrom: Shop",
        "\r\nFrom: Shop\r\nSent: Monday\r\nDear Ada", "\nBegin forwarded message:\nDear Ada",
        "\nVon meinem iPhone gesendet", "\nEnvoyé de mon iPhone", "\n\nMit freundlichen Grüßen\nJo Braun\n",
        "\n\nBest regards,\nJ.R. O'Neil-Smith\nHead of Customer Care, Example Ltd\nwww.example.com",
        "\n\nCheers,\nAnna de la Cruz",
        "\n\nCordialement,\nLuc Roy", " Yours, a frustrated customer.", "\nA very unhappy customer",
    ],
)  # fmt: skip
def test_signatures_footers_and_forwarded_mail_are_left_out(tail):
    assert pieces("The lamp is broken." + tail) == ["The lamp is broken."]


@pytest.mark.parametrize(
    "text",
    [
        "> 3 hours of waiting",
        "BAD SERVICE\nTHANKS\nNO BREAD",
        "Sent from my phone",
        "a <b and c> d",
        "Rude. I was a loyal customer.",
        "Late.\nThanks,\nPlease Call Me Back Today",
    ],
)
def test_what_only_looks_like_mail_is_kept(text):
    found = "".join(pieces(text))
    assert [char for char in found if char.isalpha()] == [char for char in text if char.isalpha()]


def test_lone_surrogates_and_control_characters_do_no_harm():
    assert pieces("bad \ud800 \x00 lamp.") == ["bad \ud800 \x00 lamp."]


HERS = "We are sorry that your parcel was lost.\nPlease tell us your number.\n"
MARKED = "".join(f"> {line}\n" for line in HERS.splitlines())
ATTRIBUTIONS = [
    "On Tue, 3 Mar 2026 at 10:00, Agent Kim <kim@shop.example> wrote:",
    "On Tuesday, March 3, 2026 at 10:00:00 AM GMT+1, Customer Care\nEurope, second line\n<kim@shop.example> wrote:",
    "---- On Tue, 03 Mar 2026 10:00:00 +0100 Kim <kim@shop.example> wrote ----",
    "Kim <kim@shop.example> wrote:",
    "2026-03-03 10:00 GMT+01:00 Kim <kim@shop.example>:",
    "Am Di., 3. März 2026 um 10:00 Uhr schrieb Kim <kim@shop.example>:",
    "Kim <kim@shop.example> schrieb am Di., 3. März 2026, 10:00:",
    "Le mar. 3 mars 2026 à 10:00, Kim <kim@shop.example> a écrit\u00a0:",
    "El mar, 3 mar 2026 a las 10:00, Kim (<kim@shop.example>) escribió:",
    "wt., 3 mar 2026 o 10:00 Kim <kim@shop.example> napisał(a):",
    "Kim <kim@shop.example> 于2026年3月3日周二 10:00写道\uff1a",
    "##- Please type your reply above this line -##",
    "--- Antwort bitte oberhalb dieser Zeile ---",
]
HEADS = [
    "-----Original Message-----\nFrom: Kim",
    "________________________________\nFrom: Kim <kim@shop.example>\nSent: Tuesday\nTo: Jo\nSubject: RE: parcel",
    "*From:* Kim\n\n*Sent:* Tuesday\n\n*To:* Jo\n\n*Subject:* RE: parcel",
    "From: Kim <kim@shop.example>\nReply-To: care@shop.example\nDate: Tuesday\nTo: Jo\nSubject: RE: parcel",
    "-----Ursprüngliche Nachricht-----\nVon: Kim\nGesendet: Dienstag, 3. März 2026 10:00",
    "Gesendet: Dienstag, 03. März 2026 um 10:00 Uhr\nVon: Kim <kim@shop.example>\nAn: jo@example.com",
    "-----Message d'origine-----\nDe : Kim",
    "De\u00a0: Kim\nEnvoyé\u00a0: mardi 3 mars 2026 10:00\nÀ\u00a0: Jo\nObjet\u00a0: RE: colis",
    "-----Mensaje original-----\nDe: Kim",
    "De: Kim <kim@shop.example>\nEnviado el: martes, 3 de marzo de 2026 10:00\nPara: Jo\nAsunto: RE: paquete",
]


@pytest.mark.parametrize("header", ATTRIBUTIONS)
def test_what_a_reply_quotes_is_left_out_above_below_and_between(header):
    assert pieces(f"Still broken.\n\n{header}\n\n{MARKED}") == ["Still broken."]
    assert pieces(f"Still broken.\n\n{header}\n{HERS}") == ["Still broken."]
    assert pieces(f"{header}\n{MARKED}\nStill broken.") == ["Still broken."]
    between = f"{header}\n> {HERS.splitlines()[0]}\nStill broken.\n> {HERS.splitlines()[1]}\nIt is 77."
    assert pieces(between) == ["Still broken.", "It is 77."]
    assert pieces(f"{header}\n\n{HERS}") == []


@pytest.mark.parametrize("head", HEADS)
def test_a_mail_that_is_copied_below_the_answer_is_left_out(head):
    assert pieces(f"Still broken.\n\n{head}\n\n{HERS}") == ["Still broken."]


@pytest.mark.parametrize(
    "text",
    [
        "On Monday I called and on Tuesday I wrote: nothing.\nNobody answered.",
        "On 3 March I ordered.\nIt never came.\nSo I wrote:\nNobody answered.",
        "I booked this.\nFrom: London\nTo: Paris\nDate: 3 March\nThe flight was cancelled.",
        "A message of your form\nFrom: jo@example.com\nSubject: lamp\nIt broke.",
        "From: jo@example.com\nSent: Tuesday\nSubject: lamp\n\nIt broke.",
        "Le vendeur a écrit : pas de remboursement.\nTrès déçu.",
        "Von: mir\nIch warte seit Wochen.\nAn: euch",
        "---------- Forwarded message ---------\nFrom: Jo <jo@example.com>\nDate: Tue\nSubject: lamp\n\nIt broke.",
    ],
)
def test_what_only_looks_like_a_copied_mail_is_kept(text):
    assert [char for char in "".join(pieces(text)) if char.isalpha()] == [char for char in text if char.isalpha()]
