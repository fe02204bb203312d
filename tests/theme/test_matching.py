from datetime import timedelta

import numpy as np
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.store.coverage import measure_coverage
from app.store.label_tables import MentionVector
from app.store.theme_tables import Theme, ThemeMention
from app.store.themes import list_themes
from app.theme import match
from app.theme.anchors import Spot, plant_anchor
from app.theme.curate import merge_themes


def _run(session, now):
    while (batch := match.claim(session, now)) is not None:
        match.record(session, now, match.work(batch, None))


def _theme_of(session, mention):
    return session.get(ThemeMention, mention.id)


def _cluster(session, world, vector, name="Money not back", rank=0):
    unit = np.asarray(vector, np.float32) / np.linalg.norm(vector)
    theme = Theme(
        topic_id=world.refunds.id, kind="cluster", name=name, terms=[], centroid=unit.astype(np.float32).tobytes(),
        created_at=world.now, updated_at=world.now,
    )  # fmt: skip
    session.add(theme)
    session.flush()
    plant_anchor(session, world.now, theme, Spot("m", theme.centroid), rank=rank)
    session.flush()
    return theme


def test_a_complaint_joins_the_nearest_theme_of_its_topic(session, world, now):
    near = _cluster(session, world, [1, 0.1, 0])
    _cluster(session, world, [0, 0, 1], name="Label missing")
    mention = world.complain("where is my money", [1, 0, 0])
    _run(session, now)
    placed = _theme_of(session, mention)
    assert placed.theme_id == near.id
    assert placed.similarity > 0.9


def test_a_complaint_near_nothing_stays_in_its_topics_own_theme(session, world, now):
    _cluster(session, world, [0, 0, 1])
    first = world.complain("the form crashed", [1, 0, 0])
    second = world.complain("the form froze", [0.9, 0.1, 0])
    _run(session, now)
    theme = session.get(Theme, _theme_of(session, first).theme_id)
    assert (theme.kind, theme.name) == ("topic", "Refunds")
    assert _theme_of(session, second).theme_id == theme.id


def test_a_complaint_of_another_topic_is_not_taken_however_near(session, world, now):
    cluster = _cluster(session, world, [1, 0, 0])
    mention = world.complain("parcel gone", [1, 0, 0], topic="delivery")
    _run(session, now)
    assert _theme_of(session, mention).theme_id != cluster.id


def test_a_complaint_without_topic_keeps_its_reason(session, world, now):
    mention = world.complain("no idea what this is", [1, 0, 0], topic=None)
    _run(session, now)
    placed = _theme_of(session, mention)
    assert placed.theme_id is None
    assert "abstained" in placed.reason


def test_praise_gets_no_theme(session, world, now):
    mention = world.complain("all fine", [1, 0, 0], complaint=False)
    _run(session, now)
    assert _theme_of(session, mention) is None


def test_a_corrected_topic_moves_the_complaint(session, world, now):
    mention = world.complain("parcel gone", [1, 0, 0])
    _run(session, now)
    mention.topic_id = world.delivery.id
    session.flush()
    _run(session, now)
    assert session.get(Theme, _theme_of(session, mention).theme_id).topic_id == world.delivery.id


def test_a_complaint_goes_where_its_theme_was_merged_into_meanwhile(session, world, now):
    near, other = _cluster(session, world, [1, 0, 0]), _cluster(session, world, [0, 1, 0])
    mention = world.complain("where is my money", [1, 0, 0])
    outcome = match.work(match.claim(session, now), None)
    merge_themes(session, now, OPERATOR, near.id, into_id=other.id)
    match.record(session, now, outcome)
    assert _theme_of(session, mention).theme_id == other.id


def test_a_complaint_waits_on_when_its_topic_gets_a_theme_meanwhile(session, world, now):
    mention = world.complain("where is my money", [1, 0, 0])
    outcome = match.work(match.claim(session, now), None)
    near = _cluster(session, world, [1, 0, 0])
    match.record(session, now, outcome)
    assert _theme_of(session, mention) is None
    _run(session, now)
    assert _theme_of(session, mention).theme_id == near.id


def test_of_two_workers_with_the_same_complaints_one_places_them(session, world, now):
    mention = world.complain("where is my money", [1, 0, 0])
    outcomes = [match.work(match.claim(session, now), None) for _ in range(2)]
    for outcome in outcomes:
        match.record(session, now, outcome)
    assert _theme_of(session, mention).theme_id is not None
    assert match.claim(session, now) is None


def test_an_older_theme_goes_on_taking_what_it_took_when_another_is_found_nearer(session, world, now):
    first = _cluster(session, world, [1, 0, 0])
    later = _cluster(session, world, [0.6, 0.8, 0], name="Label missing", rank=1)
    between = world.complain("in between", [0.8, 0.6, 0])
    beyond = world.complain("beyond", [0, 1, 0])
    _run(session, now)
    assert _theme_of(session, between).theme_id == first.id
    assert _theme_of(session, beyond).theme_id == later.id


def test_vectors_of_another_encoder_are_not_compared_with_an_anchor(session, world, now):
    _cluster(session, world, [1, 0, 0])
    mention = world.complain("where is my money", [1, 0, 0])
    session.get(MentionVector, mention.id).model = "another"
    _run(session, now)
    assert session.get(Theme, _theme_of(session, mention).theme_id).kind == "topic"


def test_what_is_no_complaint_any_more_waits_for_nothing(session, world, now):
    mention = world.complain("parcel gone", [1, 0, 0])
    mention.complaint = False
    session.flush()
    _run(session, now)
    assert _theme_of(session, mention) is None
    assert match.claim(session, now) is None
    mention.complaint = True
    session.flush()
    _run(session, now)
    assert _theme_of(session, mention).theme_id is not None


def test_matching_again_changes_nothing(session, world, now):
    world.complain("a", [1, 0, 0])
    world.complain("b", [1, 0, 0], topic=None)
    _run(session, now)
    before = session.execute(select(ThemeMention.mention_id, ThemeMention.theme_id)).all()
    assert match.claim(session, now) is None
    assert session.execute(select(ThemeMention.mention_id, ThemeMention.theme_id)).all() == before


def test_themes_count_mentions_and_people(session, world, now):
    for customer in ("anna", "ben", None, None):
        world.complain("where is my money", [1, 0, 0], customer=customer)
    world.complain("you owe me two hundred", [1, 0, 0], customer="anna")
    world.complain("lost", [0, 1, 0], topic=None)
    _run(session, now)
    (row,) = list_themes(session, OPERATOR, None, 10)
    assert (row.complaints, row.people, row.topic) == (5, 4, "refunds")
    total = measure_coverage(session, now - timedelta(days=2), now).total
    assert (total.counted, total.people, total.by_fate) == (6, 5, {"not_near": 5, "no_topic": 1})
