import numpy as np
from sqlalchemy import func, select

from app.domain.actor import OPERATOR
from app.store.act_tables import ActionItem
from app.store.anchors import next_asking
from app.store.curation import lineage_of
from app.store.routings import current_routings
from app.store.tables import Calendar, Owner, Process
from app.store.theme_tables import Theme, ThemeAnchor, ThemeMention
from app.theme import adopt, extract, match
from app.theme.anchors import Spot, plant_anchor
from app.theme.curate import merge_themes
from app.theme.loader import load_discover
from app.theme.undo import undo_curation
from classifiers.themes.discover import Group
from tests.theme.conftest import unit


class Tools:
    discover = staticmethod(load_discover())


def _run(session, now, *stations):
    for station in stations:
        while (batch := station.claim(session, now)) is not None:
            station.record(session, now, station.work(batch, Tools()))
    session.expire_all()


def _theme(session, world, *axis, rank=0):
    theme = Theme(
        topic_id=world.refunds.id, kind="cluster", name="n", terms=[], centroid=unit(*axis), created_at=world.now,
        updated_at=world.now,
    )  # fmt: skip
    session.add(theme)
    session.flush()
    plant_anchor(session, world.now, theme, Spot("m", theme.centroid), rank=rank)
    session.flush()
    return theme


def _held(session, theme):
    return session.scalar(select(func.count()).where(ThemeMention.theme_id == theme.id))


def test_a_new_anchor_asks_what_was_there_before_it_in_bounded_steps(session, world, now):
    for _ in range(10):
        world.complain("where is my money", [1, 0, 0, 0, 0, 0, 0, 0])
    world.complain("the form froze", [0, 1, 0, 0, 0, 0, 0, 0])
    _run(session, now, match)
    theme = _theme(session, world, 0)
    first = next_asking(session, 4)
    assert [each.mention_id for each in first.candidates] == [11, 10, 9, 8]
    adopt.record(session, now, adopt.work(first, None))
    assert (_held(session, theme), session.scalar(select(ThemeAnchor.asks_below))) == (3, 8)
    _run(session, now, adopt)
    assert (_held(session, theme), session.scalar(select(ThemeAnchor.asks_below))) == (10, None)


def test_what_two_workers_asked_at_once_is_moved_once(session, world, now):
    world.complain("where is my money", [1, 0, 0, 0, 0, 0, 0, 0])
    _run(session, now, match)
    theme = _theme(session, world, 0)
    for outcome in [adopt.work(adopt.claim(session, now), None) for _ in range(2)]:
        adopt.record(session, now, outcome)
    assert _held(session, theme) == 1


class OneGroup:
    """Takes all texts for one group."""

    @staticmethod
    def discover(texts, vectors, *, smallest):
        centre = vectors.mean(axis=0)
        members = tuple(range(len(texts)))
        group = Group("Money gone", ("money",), members, centre / np.linalg.norm(centre))
        return [group] if len(members) >= smallest else []


def test_a_group_close_to_a_theme_continues_it_with_one_more_anchor(session, world, now):
    theme = _theme(session, world, 0)
    for axis in range(2, 8):
        for sign in (-1, 1, -1, 1):
            vector = [0.49, 0.4, 0, 0, 0, 0, 0, 0]
            vector[axis] = 0.775 * sign
            world.complain("where is my money", vector)
    _run(session, now, match, adopt)
    assert _held(session, theme) == 0
    extract.record(session, now, extract.work(extract.claim(session, now), OneGroup()))
    _run(session, now, adopt)
    assert session.scalars(select(Theme.id).where(Theme.kind == "cluster")).all() == [theme.id]
    assert lineage_of(session, theme.id)[-1].kind == "continued"
    assert session.scalars(select(ThemeAnchor.theme_id)).all() == [theme.id, theme.id]
    assert _held(session, theme) == 24


def test_anchors_go_with_a_merge_and_come_back(session, world, now):
    gone, into = _theme(session, world, 0), _theme(session, world, 1)
    merge_themes(session, now, OPERATOR, gone.id, into_id=into.id)
    assert session.scalars(select(ThemeAnchor.theme_id)).all() == [into.id, into.id]
    undo_curation(session, now, OPERATOR, into.id)
    assert session.scalars(select(ThemeAnchor.theme_id).order_by(ThemeAnchor.id)).all() == [gone.id, into.id]


def test_an_open_item_about_a_merged_theme_stands_for_the_one_that_goes_on(session, world, now):
    gone, between, into = (_theme(session, world, axis) for axis in range(3))
    process = Process(key="refunds", name="Refunds")
    calendar = Calendar(key="c", zone="UTC", week={}, closed=[])
    session.add_all([process, calendar])
    session.flush()
    owner = Owner(key="jonas", name="Jonas", calendar_id=calendar.id, absences=[])
    session.add(owner)
    session.flush()
    session.add(
        ActionItem(
            kind="process", theme_id=gone.id, process_id=process.id, owner_id=owner.id, title="t", state="new",
            opened_at=now, goal_at=now, deadline_at=now, ladder=[], updated_at=now,
        )
    )  # fmt: skip
    session.flush()
    merge_themes(session, now, OPERATOR, gone.id, into_id=between.id)
    merge_themes(session, now, OPERATOR, between.id, into_id=into.id)
    assert current_routings(session)[into.id, process.id].closed_at is None
