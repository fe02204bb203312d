"""The transition table of action items, without a database."""

import pytest

from app.domain.items import (
    AWAITS_ANSWER,
    FINISHED,
    PEOPLE,
    TABS,
    TRANSITIONS,
    Action,
    ActionNotPossibleError,
    State,
    action_of_verdict,
    allowed_actions,
    next_state,
)


def test_every_action_has_one_row_in_the_table():
    assert set(TRANSITIONS) == set(Action)


def test_every_state_is_in_exactly_one_tab():
    assert sorted(state for states in TABS.values() for state in states) == sorted(State)


def test_every_state_can_be_reached_from_new():
    reached = {State.NEW}
    for _ in State:
        reached |= {move.target for move in TRANSITIONS.values() if move.target and move.sources & reached}
    assert reached == set(State)


def test_from_every_state_the_item_can_be_brought_to_an_end():
    ends = set(FINISHED)
    for _ in State:
        ends |= {source for move in TRANSITIONS.values() if move.target in ends for source in move.sources}
    assert ends | {State.SNOOZED} == set(State)


def test_the_main_road_leads_from_new_to_closed():
    state = State.NEW
    for action in ("acknowledge", "plan", "deploy", "start_measuring", "find_improved", "close"):
        state = next_state(Action(action), state)
    assert state is State.CLOSED


@pytest.mark.parametrize("state", [State.DEPLOYED, State.MEASURING])
def test_implemented_is_not_verified_so_only_a_verdict_ends_the_wait(state):
    assert allowed_actions(state) == (Action.REASSIGN, Action.COMMENT)


def test_an_action_that_is_not_possible_says_what_is():
    with pytest.raises(ActionNotPossibleError, match="Possible now: acknowledge, plan, decline") as caught:
        next_state(Action.DEPLOY, State.NEW)
    assert Action.ACKNOWLEDGE in caught.value.possible


@pytest.mark.parametrize("state", list(State))
def test_what_is_offered_is_exactly_what_works(state):
    for action in PEOPLE:
        if action in {*allowed_actions(state), *allowed_actions(state, paused=True)}:
            assert next_state(action, state, before=State.NEW) in State
        else:
            with pytest.raises(ActionNotPossibleError):
                next_state(action, state)


def test_a_snoozed_item_goes_back_to_where_it_was():
    assert next_state(Action.RESUME, State.SNOOZED, before=State.CHANGE_PLANNED) is State.CHANGE_PLANNED


@pytest.mark.parametrize(
    ("state", "verdict", "relapse", "action"),
    [
        (State.DEPLOYED, "too_early", False, Action.START_MEASURING),
        (State.MEASURING, "too_early", False, None),
        (State.DEPLOYED, "improved", False, Action.FIND_IMPROVED),
        (State.MEASURING, "no_change", False, Action.FIND_NO_EFFECT),
        (State.MEASURING, "worse", False, Action.FIND_WORSE),
        (State.MEASURING, "invalid", False, Action.FIND_INCONCLUSIVE),
        (State.INCONCLUSIVE, "inconclusive", False, None),
        (State.INCONCLUSIVE, "improved", False, Action.FIND_IMPROVED),
        (State.IMPROVED, "improved", False, None),
        (State.IMPROVED, "inconclusive", False, None),
        (State.IMPROVED, "too_early", False, None),
        (State.IMPROVED, "improved", True, Action.RELAPSE),
        (State.IMPROVED, "no_change", False, Action.RELAPSE),
        (State.CLOSED, "worse", False, Action.RELAPSE),
        (State.CLOSED, "improved", False, None),
        (State.NO_EFFECT, "no_change", True, None),
        (State.DECLINED, "worse", True, None),
    ],
)
def test_a_verdict_moves_the_item_only_where_it_is_a_finding(state, verdict, relapse, action):
    assert action_of_verdict(state, verdict, relapse=relapse) is action


def test_only_unanswered_items_are_chased():
    assert {State.NEW, State.ACKNOWLEDGED, State.REOPENED} == AWAITS_ANSWER
