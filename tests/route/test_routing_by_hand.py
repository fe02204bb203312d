"""A person may give a theme an owner before the threshold does."""

from datetime import timedelta

import pytest

from app.domain.actor import OPERATOR
from app.errors import AppError, Kind
from app.route import assign
from app.route.override import route_theme
from app.store import reference


def test_a_theme_below_the_threshold_is_routed_by_its_rules_when_somebody_asks(session, now, theme_of, complain):
    theme = theme_of("slow")
    complain(theme, 1)
    routing = route_theme(session, now, OPERATOR, theme.id)
    assert routing.owner_id == reference.find_owner(session, "jonas").id
    assert (routing.rule, routing.complaints, routing.people) == ("money", 1, 1)
    assert routing.why[-1] == "cli opened it without waiting for the threshold"


def test_a_theme_that_nobody_complained_about_lately_can_be_routed_too(session, now, theme_of):
    routing = route_theme(session, now, OPERATOR, theme_of("slow").id)
    assert (routing.complaints, routing.people) == (0, 0)
    assert routing.deadline_at > now


def test_the_owner_that_a_person_chooses_gets_it_with_the_durations_of_the_rule(session, now, theme_of):
    routing = route_theme(session, now, OPERATOR, theme_of("slow").id, owner="mira")
    assert routing.owner_id == reference.find_owner(session, "mira").id
    assert routing.deadline_why["duration"] == "3 working days"
    assert "cli chose Mira" in routing.why


def test_what_is_routed_by_hand_is_not_routed_again(session, now, theme_of, complain):
    theme = theme_of("slow")
    complain(theme, 9)
    route_theme(session, now, OPERATOR, theme.id)
    assert assign.claim(session, now) is None
    with pytest.raises(AppError) as caught:
        route_theme(session, now, OPERATOR, theme.id)
    assert (caught.value.kind, caught.value.code) == (Kind.CONFLICT, "already_routed")


def test_after_its_item_was_closed_a_person_need_not_wait(session, now, theme_of, item_of):
    theme = theme_of("slow")
    first = route_theme(session, now, OPERATOR, theme.id)
    item_of(first, closed_at=now + timedelta(hours=1))
    second = route_theme(session, now + timedelta(hours=2), OPERATOR, theme.id)
    assert first.superseded_at == now + timedelta(hours=2)
    assert second.superseded_at is None


@pytest.mark.parametrize(
    ("theme_id", "owner", "code"), [(0, None, "theme_not_found"), (None, "nobody", "owner_not_found")]
)
def test_what_is_not_there_is_refused_with_what_to_do(session, now, theme_of, theme_id, owner, code):
    wanted = theme_of("slow").id if theme_id is None else theme_id
    with pytest.raises(AppError, match="list the") as caught:
        route_theme(session, now, OPERATOR, wanted, owner=owner)
    assert caught.value.code == code
