import random

from sqlalchemy import delete, func, insert, select

from app.store.curation import lineage_of
from app.store.label_tables import Mention, MentionVector
from app.store.theme_tables import Theme, ThemeEvent, ThemeMention, WaitingMention
from app.theme import adopt, extract, match
from app.theme.loader import load_discover

MONEY = ["my refund has not arrived", "refund still not in my account", "no refund after three weeks"]
LABEL = ["the return label will not print", "return label missing from the parcel", "label could not be scanned"]


class Tools:
    discover = staticmethod(load_discover())


def _run(session, now):
    ran = 0
    for station in (match, extract, adopt):
        while (batch := station.claim(session, now)) is not None:
            station.record(session, now, station.work(batch, Tools()))
            ran += 1
    return ran


def _fill(world, each=20):
    chance = random.Random(1)  # noqa: S311 - repeatable noise, not a secret
    for at in range(each):
        for texts, axis in ((MONEY, 0), (LABEL, 1)):
            vector = [chance.gauss(0, 0.12) for _ in range(8)]
            vector[axis] += 1
            world.complain(texts[at % 3], vector)


def test_a_pile_is_split_into_its_recurring_problems(session, world, now):
    _fill(world)
    _run(session, now)
    clusters = session.scalars(select(Theme).where(Theme.kind == "cluster").order_by(Theme.id)).all()
    assert len(clusters) == 2
    assert {"refund", "label"} <= {term for theme in clusters for term in theme.terms}
    for theme in clusters:
        assert theme.name[0].isupper()
        texts = session.scalar(select(func.count()).where(ThemeMention.theme_id == theme.id))
        assert texts == 20
        assert [event.kind for event in lineage_of(session, theme.id)] == ["created"]


def test_searching_again_adds_nothing(session, world, now):
    _fill(world)
    _run(session, now)
    themes = session.scalar(select(func.count()).select_from(Theme))
    assert _run(session, now) == 0
    assert session.scalar(select(func.count()).select_from(Theme)) == themes


def test_new_complaints_join_the_themes_that_are_there(session, world, now):
    _fill(world)
    _run(session, now)
    mention = world.complain(MONEY[0], [1, 0, 0, 0, 0, 0, 0, 0])
    _run(session, now)
    assert session.get(Theme, session.get(ThemeMention, mention.id).theme_id).kind == "cluster"


def test_what_an_earlier_model_read_is_not_compared_with_what_the_new_one_reads(session, world, now):
    earlier = world.complain("before the model was changed", [1, 0, 0])
    session.get(MentionVector, earlier.id).model = "earlier"
    _fill(world)
    _run(session, now)
    assert session.scalar(select(func.count()).select_from(Theme).where(Theme.kind == "cluster")) == 2
    assert session.get(Theme, session.get(ThemeMention, earlier.id).theme_id).kind == "topic"


def test_a_small_pile_is_left_alone(session, world, now):
    _fill(world, each=5)
    _run(session, now)
    assert session.scalars(select(Theme.kind)).all() == ["topic"]
    assert session.scalars(select(ThemeEvent.kind)).all() == ["created"]


def test_who_was_there_belongs_by_the_same_rule_as_who_comes(session, world, now):
    _fill(world)
    _run(session, now)
    held = {row.mention_id: row.theme_id for row in session.scalars(select(ThemeMention))}
    session.execute(delete(ThemeMention))
    session.execute(insert(WaitingMention).from_select(["mention_id"], select(Mention.id)))
    _run(session, now)
    assert {row.mention_id: row.theme_id for row in session.scalars(select(ThemeMention))} == held
