"""What rules would do is told before they are applied."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.actor import OPERATOR
from app.errors import AppError
from app.processes.apply import apply_document
from app.processes.reader import read_document, read_rules
from app.route.preview import Share, preview_rules
from app.store.tables import Routing, Topic


@pytest.fixture
def history(now, theme_of, complain):
    slow, lost = theme_of("slow"), theme_of("lost")
    complain(slow, 6)
    complain(lost, 3)
    complain(None, 1)
    complain(slow, 5, at=now - timedelta(days=60))
    return {"slow": slow, "lost": lost}


def rule(**parts):
    return read_rules([{"key": "tried", **parts}])[0]


def test_the_stored_rules_are_told_per_owner_and_rule(session, now, history):
    preview = preview_rules(session, now, days=30)
    assert preview.complaints == 10
    assert preview.owners == (Share("jonas", 1, 6, 1), Share("clara", 1, 3, 0))
    assert preview.rules == (Share("money", 1, 6, 1), Share(None, 1, 3, 0))
    assert preview.holders == (Share("owner:jonas", 1, 6, 1), Share("fallback", 1, 3, 0))
    assert preview.uncovered == {"no_owner": 3, "no_topic": 1}
    assert preview.moves == ()


def test_tried_rules_tell_what_would_change_hands_and_store_nothing(session, now, history):
    tried = [rule(when={"topic": ["lost"]}, then={"owner": "mira"})]
    preview = preview_rules(session, now, tried, days=30)
    assert preview.owners == (Share("jonas", 1, 6, 1), Share("mira", 1, 3, 0))
    assert preview.uncovered == {"no_topic": 1}
    (move,) = preview.moves
    assert (move.theme_id, move.before, move.after, move.rule) == (history["lost"].id, "clara", "mira", "tried")
    assert session.scalars(select(Routing)).all() == []


def test_a_reorganisation_that_was_entered_shows_what_it_will_do(session, now, history, company_yaml):
    monday = now + timedelta(days=5)
    dated = company_yaml.replace(
        "    owner: jonas\n",
        f"    owners: [{{owner: jonas, until: {monday:%Y-%m-%d}}}, {{owner: mira, from: {monday:%Y-%m-%d}}}]\n",
    )
    apply_document(session, now, OPERATOR, read_document(dated), dry_run=False)
    assert preview_rules(session, now, days=30).moves == ()
    preview = preview_rules(session, now, days=30, at=monday)
    assert [(move.before, move.after) for move in preview.moves] == [("jonas", "mira")]
    assert preview.at == monday


def test_what_is_not_covered_is_told_with_its_reason(session, now, history, theme_of, complain):
    history["lost"].state = "muted"
    retired = theme_of("lost", kind="cluster", state="retired")
    complain(retired, 2)
    topic = session.get(Topic, history["slow"].topic_id)
    topic.active = False
    session.flush()
    assert preview_rules(session, now, days=30).uncovered == {
        "topic_inactive": 6,
        "muted": 3,
        "retired": 2,
        "no_topic": 1,
    }


def test_a_longer_history_holds_more(session, now, history):
    assert preview_rules(session, now, days=90).complaints == 15
    assert preview_rules(session, now, days=10**9).days == 366


def test_without_complaints_nothing_is_uncovered(session, now, company):
    preview = preview_rules(session, now)
    assert (preview.complaints, preview.uncovered) == (0, {})


def test_a_rule_that_names_nobody_known_is_refused_with_near_names(session, now, company):
    with pytest.raises(AppError, match="did you mean mira") as caught:
        preview_rules(session, now, [rule(then={"owner": "myra"})])
    assert caught.value.code == "invalid_rules"
    assert caught.value.facts["problems"][0]["path"] == "rules[0].then.owner"


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("rules", "rules"),
        ([{"key": "a", "then": {}}], "rules[0].then"),
        ([{"key": "a", "then": {"owner": "mira"}, "whem": {}}], "rules[0].whem"),
        ([{"key": "a", "when": {"medium": ["fax"]}, "then": {"owner": "mira"}}], "rules[0].when.medium[0]"),
        ([{"key": "a", "then": {"goal": "\ud800"}}], "rules"),
    ],
)
def test_rules_that_are_not_rules_are_refused_by_path(raw, path):
    with pytest.raises(AppError) as caught:
        read_rules(raw)
    assert caught.value.code == "invalid_rules"
    assert caught.value.facts["problems"][0]["path"] == path
