from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.store.curation import lineage_of
from app.store.label_tables import MentionVector
from app.store.tables import Feedback
from app.store.theme_tables import Theme, ThemeAnchor, ThemeMention
from app.theme import adopt, extract, match, trace
from app.theme.anchors import Spot, plant_anchor
from app.theme.curate import rename_theme
from app.theme.loader import load_describe, load_discover


class Tools:
    discover = staticmethod(load_discover())
    describe = staticmethod(load_describe())

    @staticmethod
    def encode(texts):
        return "new", np.tile(np.eye(1, 8, 7, dtype=np.float32), (len(texts), 1))


def _run(session, now, *stations):
    for station in stations or (match, extract, trace, adopt):
        while (batch := station.claim(session, now)) is not None:
            station.record(session, now, station.work(batch, Tools()))
    session.expire_all()


def _theme(session, world, *axis, name="Money not back", model="m"):
    vector = np.zeros(8, np.float32)
    vector[list(axis)] = 1
    vector /= np.linalg.norm(vector)
    theme = Theme(
        topic_id=world.refunds.id, kind="cluster", name=name, terms=[], centroid=vector.tobytes(),
        created_at=world.now, updated_at=world.now,
    )  # fmt: skip
    session.add(theme)
    session.flush()
    plant_anchor(session, world.now, theme, Spot(model, theme.centroid), rank=0)
    session.flush()
    return theme


@pytest.fixture
def say(world):
    chance = np.random.default_rng(1)

    def complain(count, *axis, text="my refund has not arrived", days_ago=1, model="m"):
        said = []
        for _ in range(count):
            vector = chance.normal(0, 0.1, 8)
            vector[list(axis)] += 1
            said.append(world.complain(text, vector, days_ago=days_ago))
            world.session.get(MentionVector, said[-1].id).model = model
        return said

    return complain


def _kinds(session, theme):
    return [event.kind for event in lineage_of(session, theme.id)]


def _theme_ids(session, mentions):
    return {session.get(ThemeMention, mention.id).theme_id for mention in mentions}


def test_a_theme_that_nobody_speaks_of_retires_and_is_the_same_theme_when_it_comes_back(session, world, now, say):
    theme = _theme(session, world, 0)
    say(5, 0, days_ago=200)
    _run(session, now)
    assert (theme.state, _kinds(session, theme)) == ("retired", ["retired"])
    later = say(1, 0)
    _run(session, now + timedelta(days=8))
    assert (theme.state, _theme_ids(session, later)) == ("retired", {theme.id})
    later = say(2, 0)
    _run(session, now + timedelta(days=16))
    assert (theme.state, _theme_ids(session, later)) == ("active", {theme.id})
    assert _kinds(session, theme) == ["retired", "reopened"]


def test_themes_are_compared_once_a_week(session, world, now, say):
    theme = _theme(session, world, 0)
    say(5, 0, days_ago=1)
    _run(session, now)
    session.execute(Feedback.__table__.update().values(occurred_at=now - timedelta(days=300)))
    _run(session, now + timedelta(days=6))
    assert theme.state == "active"
    _run(session, now + timedelta(days=7))
    assert theme.state == "retired"


def test_two_themes_that_have_become_one_problem_are_merged_into_the_older(session, world, now, say):
    older, younger = _theme(session, world, 0, 1), _theme(session, world, 0, 2)
    texts = say(60, 0)
    _run(session, now)
    assert (younger.state, younger.merged_into_id) == ("retired", older.id)
    assert _theme_ids(session, texts) == {older.id}
    later = say(10, 0)
    _run(session, now)
    assert _theme_ids(session, later) == {older.id}


def test_a_theme_with_a_persons_name_is_never_merged_away(session, world, now, say):
    older, younger = _theme(session, world, 0, 1), _theme(session, world, 0, 2)
    rename_theme(session, now, OPERATOR, younger.id, "Refunds that never come")
    say(60, 0)
    _run(session, now)
    assert (younger.state, older.merged_into_id, younger.name) == ("active", younger.id, "Refunds that never come")


def test_themes_that_two_people_named_are_left_to_people(session, world, now, say):
    both = _theme(session, world, 0, 1), _theme(session, world, 0, 2)
    for theme in both:
        rename_theme(session, now, OPERATOR, theme.id, f"Refunds {theme.id}")
    say(60, 0)
    _run(session, now)
    assert {theme.state for theme in both} == {"active"}


def test_a_theme_that_falls_in_two_keeps_its_id_for_the_larger_part(session, world, now, say):
    theme = _theme(session, world, 0, 1)
    larger = say(40, 0)
    smaller = say(30, 1, text="the return label will not print")
    _run(session, now)
    part = session.scalars(select(Theme).where(Theme.kind == "cluster", Theme.id != theme.id)).one()
    assert _theme_ids(session, larger) == {theme.id}
    assert _theme_ids(session, smaller) == {part.id}
    assert part.name == "Return label will not print"
    assert (lineage_of(session, theme.id)[-1].kind, lineage_of(session, theme.id)[-1].other_theme_id) == (
        "split", part.id,
    )  # fmt: skip


def test_a_new_encoder_finds_every_theme_again_by_its_mentions(session, world, now, say):
    theme = _theme(session, world, 0)
    say(10, 0)
    _run(session, now)
    fresh = say(5, 3, model="new")
    for row in session.scalars(select(MentionVector).where(MentionVector.model == "m").limit(9)):
        row.model, row.vector = "new", np.eye(1, 8, 3).astype(np.float16).tobytes()
    _run(session, now)
    assert _theme_ids(session, fresh) == {theme.id}
    models = session.scalars(select(ThemeAnchor.model).where(ThemeAnchor.theme_id == theme.id)).all()
    assert sorted(models) == ["m", "new"]


def test_a_new_encoder_reads_a_themes_texts_again_where_history_was_not_read_anew(session, world, now, say):
    theme, other = _theme(session, world, 0), _theme(session, world, 5, model="new")
    say(10, 0)
    fresh = say(5, 7, model="new")
    say(1, 5, model="new")
    _run(session, now)
    _run(session, now + timedelta(days=8))
    assert _theme_ids(session, fresh) == {theme.id}
    assert other.state == "active"
