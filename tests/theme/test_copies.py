import pytest
from sqlalchemy import func, select

from app.domain.actor import OPERATOR
from app.store.copy_tables import PrintKey, TextPrint, UncountedMention
from app.store.label_tables import Mention
from app.store.tables import Feedback, Source, Topic, Turn
from app.store.themes import list_themes
from app.theme import match

LONG = (
    "I ordered a blue chair on the third of May and was told twice that the refund is on its way, but nothing has come "
    "since then and nobody answers my mails or picks up the telephone."
)
MAILED = f"Hello,\n\n{LONG.replace('twice', 'three times')}\n\nKind regards,\nAnna Berg\n\nSent from my iPhone"


@pytest.fixture
def said(session, world, now):
    """Lets complaints be said and matched."""
    reviews = Source(key="reviews", connector="native", config={}, created_at=now)
    session.add(reviews)
    session.flush()

    def say(text, days_ago=1, topic="refunds", by=world.source, **who):
        mention = world.complain(text, [1, 0, 0], topic, who.pop("ref", None), days_ago=days_ago)
        feedback = session.get(Feedback, mention.feedback_id)
        feedback.source_id = by.id
        for name, value in who.items():
            setattr(feedback, name, value)
        session.flush()
        while (batch := match.claim(session, now)) is not None:
            match.record(session, now, match.work(batch, None))
        return mention

    say.reviews = reviews
    return say


def _copy_of(session, mention):
    session.expire_all()
    held = session.get(UncountedMention, mention.id)
    return None if held is None else held.first_id


def _link(session, mention):
    held = session.get(TextPrint, mention.feedback_id)
    return held.copy_of_id, held.copy_kind


def test_a_complaint_by_mail_and_as_a_review_is_counted_once(session, said):
    first = said(LONG, 3, ref="C-1", customer_email="anna@example.org")
    second = said(MAILED, 2, by=said.reviews, customer_email="Anna@example.org")
    assert _copy_of(session, second) == first.feedback_id
    assert _copy_of(session, first) is None
    (row,) = list_themes(session, OPERATOR, None, 10)
    assert (row.complaints, row.people) == (1, 1)


def test_many_who_honestly_write_the_same_short_sentence_all_count(session, said):
    mentions = [said("Refund never came", ref=f"C-{n}") for n in range(4)] + [said("Refund never came")]
    assert [_copy_of(session, mention) for mention in mentions] == [None] * 5
    (row,) = list_themes(session, OPERATOR, None, 10)
    assert (row.complaints, row.people) == (5, 5)


def test_the_same_person_with_the_same_few_words_within_days_counts_once(session, said):
    first = said("Refund never came", 9, ref="C-1")
    assert _copy_of(session, said("refund NEVER came!!", 2, ref="C-1", by=said.reviews)) == first.feedback_id


@pytest.mark.parametrize(
    ("days_ago", "more"),
    [(30, {}), (5, {}), (2, {"case_ref": "order-2"})],
    ids=["a month later", "in the next survey", "about another order"],
)
def test_the_same_few_words_about_something_new_count_again(session, said, days_ago, more):
    said("Refund never came", days_ago, ref="C-1", case_ref="order-1")
    again = said("Refund never came", 1, ref="C-1", **({"case_ref": "order-1"} | more))
    assert _copy_of(session, again) is None


def test_a_person_who_says_something_else_counts_again(session, said):
    said(LONG, ref="C-1")
    other = said(
        LONG.replace("refund", "voucher") + " Now the second parcel is lost as well, with the lamp.", ref="C-1"
    )
    assert _copy_of(session, said("The driver threw the parcel over the fence and left.", ref="C-1")) is None
    assert _copy_of(session, other) is not None


def test_a_letter_that_many_send_counts_once_for_each_of_them(session, said):
    first = said(LONG, ref="C-1")
    second, again = said(LONG, ref="C-2"), said(LONG, ref="C-2", by=said.reviews)
    assert _copy_of(session, second) is None
    assert _link(session, second) == (first.feedback_id, "letter")
    assert _copy_of(session, again) == second.feedback_id
    (row,) = list_themes(session, OPERATOR, None, 10)
    assert (row.complaints, row.people) == (2, 2)


def test_a_long_text_that_nobody_signs_counts_once_however_often_it_comes(session, said):
    first = said(LONG)
    assert [_copy_of(session, said(LONG.upper())) for _ in range(3)] == [first.feedback_id] * 3


def test_an_unsigned_review_is_a_copy_of_the_mail_of_one_person_only(session, said):
    review = said(LONG, by=said.reviews)
    mail, other = said(LONG, ref="C-1"), said(LONG, ref="C-2")
    assert _copy_of(session, mail) == review.feedback_id
    assert _copy_of(session, other) is None


def test_matching_again_marks_nothing_twice(session, said, now):
    first, second = said(LONG, ref="C-1"), said(LONG, ref="C-1")
    batch = match.Batch((), {}, tuple(match.load_written(session, [first.id, second.id])))
    match.record(session, now, match.work(batch, None))
    assert session.scalar(select(func.count()).select_from(UncountedMention)) == 1
    assert session.scalar(select(func.count()).select_from(TextPrint)) == 2


def test_an_edited_text_is_judged_anew(session, said, now):
    said(LONG, ref="C-1")
    second = said(LONG, ref="C-1")
    feedback = session.get(Feedback, second.feedback_id)
    session.delete(session.get(Mention, second.id))
    feedback.content_rev += 1
    session.get(Turn, (feedback.id, 0)).text = "The parcel was wet"
    session.flush()
    session.expunge_all()
    row = {name: getattr(second, name) for name in Mention.__table__.columns.keys() if name != "id"}  # noqa: SIM118
    third = Mention(**row | {"end": 18})
    session.add(third)
    session.flush()
    while (batch := match.claim(session, now)) is not None:
        match.record(session, now, match.work(batch, None))
    assert _copy_of(session, third) is None
    assert _link(session, third) == (None, None)


def test_when_the_first_is_gone_its_copies_count_again(session, said):
    first, second = said(LONG), said(LONG)
    session.delete(session.get(Feedback, first.feedback_id))
    session.flush()
    assert _copy_of(session, second) is None
    assert session.get(UncountedMention, second.id) is None


def test_a_key_names_a_bounded_number_of_texts(session, said, now):
    for number in range(40):
        said("Refund never came", 400 - 10 * number, ref="guest")
    held = session.execute(select(func.count(PrintKey.feedback_id)).group_by(PrintKey.key)).scalars().all()
    assert max(held) <= 32


FOOTER = "This request was made through the contact form of our online shop by a customer."


def _with_footer(session, world, now, topics):
    """Five customers' texts, each with the same line at its end; the lines' marks."""
    for key in set(topics) - {"refunds"}:
        topic = Topic(key=key, name=key, description="", examples=[])
        session.add(topic)
        setattr(world, key, topic)
    session.flush()
    texts = ["My refund is late again", "The parcel was left in the rain", "I cannot sign in to my account",
             "The lamp broke after a day", "Nobody picks up the telephone here"]  # fmt: skip
    lines = []
    for number, (text, topic) in enumerate(zip(texts, topics, strict=True)):
        whole = world.complain(f"{text}. {FOOTER}", [1, 0, 0], topic, f"C-{number}")
        row = {name: getattr(whole, name) for name in Mention.__table__.columns.keys() if name != "id"}  # noqa: SIM118
        line = Mention(**row | {"start": len(text) + 2, "topic_id": world.refunds.id})
        session.add(line)
        session.flush()
        lines.append(line)
        while (batch := match.claim(session, now)) is not None:
            match.record(session, now, match.work(batch, None))
    return [session.get(UncountedMention, line.id) for line in lines]


def test_a_line_that_stands_in_texts_about_anything_is_no_complaint(session, world, now):
    marks = _with_footer(session, world, now, ["refunds", "t0", "t1", "t2", "t3"])
    assert [mark.kind for mark in marks] == ["boilerplate"] * 5


def test_a_line_that_many_write_about_one_problem_is_counted(session, world, now):
    assert _with_footer(session, world, now, ["refunds"] * 5) == [None] * 5
