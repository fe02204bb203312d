"""The life of an action item: its states, what moves it from one to the next, and what is possible in each.

The deadline of an item is for an *answer*: a planned change, a reasoned decline or a duplicate. Acknowledging says
"seen" and stops no clock. Once a change is deployed only a verdict ends the wait: implemented is not verified.

A case is about one customer. It is closed by what they were answered; no change is planned for it and nothing is
measured, so that it knows none of those states.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ItemKind(StrEnum):
    """What an item is for: fix what many complain about, or answer one customer."""

    PROCESS = "process"
    CASE = "case"


class State(StrEnum):
    """Where an action item stands."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    CHANGE_PLANNED = "change_planned"
    DEPLOYED = "deployed"
    MEASURING = "measuring"
    IMPROVED = "improved"
    NO_EFFECT = "no_effect"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"
    CLOSED = "closed"
    DECLINED = "declined"
    SNOOZED = "snoozed"
    DUPLICATE = "duplicate"
    REOPENED = "reopened"


class Action(StrEnum):
    """What can happen to an item: the first group is done by people, the second by stations."""

    ACKNOWLEDGE = "acknowledge"
    PLAN = "plan"
    DEPLOY = "deploy"
    DECLINE = "decline"
    REASSIGN = "reassign"
    SNOOZE = "snooze"
    RESUME = "resume"
    COMMENT = "comment"
    CLOSE = "close"
    MARK_DUPLICATE = "mark_duplicate"
    REOPEN = "reopen"
    ANSWER = "answer"
    PAUSE = "pause"
    CONTINUE = "continue"

    START_MEASURING = "start_measuring"
    FIND_IMPROVED = "find_improved"
    FIND_NO_EFFECT = "find_no_effect"
    FIND_WORSE = "find_worse"
    FIND_INCONCLUSIVE = "find_inconclusive"
    RELAPSE = "relapse"
    COME_BACK = "come_back"
    WITHDRAW = "withdraw"


class PauseReason(StrEnum):
    """For whom an item waits while its clock stands."""

    CUSTOMER = "waiting_for_customer"
    SUPPLIER = "waiting_for_supplier"


class Tab(StrEnum):
    """The four lists that an owner works from."""

    TO_DO = "to_do"
    WAITING = "waiting"
    MEASURING = "measuring"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Move:
    """From which states an action is possible, and where it leads.

    Attributes:
        sources: States in which the action is possible.
        target: The state afterwards; None: the item stays where it is (`RESUME`: goes back to where it was before).
    """

    sources: frozenset[State]
    target: State | None


AWAITS_ANSWER = frozenset({State.NEW, State.ACKNOWLEDGED, State.REOPENED})
"""States in which the deadline runs: reminders are sent and overdue items climb their ladder."""

FINISHED = frozenset({State.CLOSED, State.DECLINED, State.DUPLICATE})
"""States in which the item is closed and its theme may open another one."""

JUDGED = frozenset({State.IMPROVED, State.NO_EFFECT, State.WORSE, State.INCONCLUSIVE})
"""States that a verdict led to."""

TABS: dict[Tab, frozenset[State]] = {
    Tab.TO_DO: AWAITS_ANSWER | {State.CHANGE_PLANNED} | JUDGED - {State.IMPROVED},
    Tab.WAITING: frozenset({State.SNOOZED}),
    Tab.MEASURING: frozenset({State.DEPLOYED, State.MEASURING}),
    Tab.DONE: FINISHED | {State.IMPROVED},
}
"""Every state is in exactly one tab."""

_ANSWERABLE = AWAITS_ANSWER | {State.SNOOZED}
_IN_EFFECT = frozenset({State.DEPLOYED, State.MEASURING})
_UNSETTLED = _IN_EFFECT | JUDGED - {State.IMPROVED}

TRANSITIONS: dict[Action, Move] = {
    Action.ACKNOWLEDGE: Move(frozenset({State.NEW, State.REOPENED}), State.ACKNOWLEDGED),
    Action.PLAN: Move(_ANSWERABLE | {State.CHANGE_PLANNED} | JUDGED - {State.IMPROVED}, State.CHANGE_PLANNED),
    Action.DEPLOY: Move(frozenset({State.CHANGE_PLANNED}), State.DEPLOYED),
    Action.DECLINE: Move(_ANSWERABLE | {State.CHANGE_PLANNED}, State.DECLINED),
    Action.REASSIGN: Move(frozenset(State) - FINISHED, None),
    Action.SNOOZE: Move(AWAITS_ANSWER | {State.CHANGE_PLANNED}, State.SNOOZED),
    Action.RESUME: Move(frozenset({State.SNOOZED}), None),
    Action.COMMENT: Move(frozenset(State), None),
    Action.CLOSE: Move(JUDGED, State.CLOSED),
    Action.MARK_DUPLICATE: Move(_ANSWERABLE, State.DUPLICATE),
    Action.REOPEN: Move(FINISHED | {State.IMPROVED}, State.REOPENED),
    Action.PAUSE: Move(AWAITS_ANSWER, None),
    Action.CONTINUE: Move(AWAITS_ANSWER, None),
    Action.START_MEASURING: Move(frozenset({State.DEPLOYED}), State.MEASURING),
    Action.FIND_IMPROVED: Move(_UNSETTLED, State.IMPROVED),
    Action.FIND_NO_EFFECT: Move(_UNSETTLED - {State.NO_EFFECT}, State.NO_EFFECT),
    Action.FIND_WORSE: Move(_UNSETTLED - {State.WORSE}, State.WORSE),
    Action.FIND_INCONCLUSIVE: Move(_UNSETTLED - {State.INCONCLUSIVE}, State.INCONCLUSIVE),
    Action.RELAPSE: Move(_IN_EFFECT | {State.IMPROVED, State.CLOSED}, State.REOPENED),
    Action.COME_BACK: Move(FINISHED, State.REOPENED),
    Action.ANSWER: Move(_ANSWERABLE, State.CLOSED),
    Action.WITHDRAW: Move(_ANSWERABLE, State.CLOSED),
}
"""The whole life cycle: nothing else moves an item."""

OF_A_CASE = frozenset(
    {
        Action.ACKNOWLEDGE,
        Action.ANSWER,
        Action.DECLINE,
        Action.REASSIGN,
        Action.SNOOZE,
        Action.RESUME,
        Action.PAUSE,
        Action.CONTINUE,
        Action.COMMENT,
        Action.MARK_DUPLICATE,
        Action.REOPEN,
        Action.WITHDRAW,
    }
)
"""What can happen to a case."""

OF_A_PROCESS = frozenset(Action) - {Action.ANSWER, Action.WITHDRAW}
"""What can happen to an item about a theme."""

_HAPPENS_TO = {ItemKind.CASE: OF_A_CASE, ItemKind.PROCESS: OF_A_PROCESS}

PEOPLE = (
    Action.ACKNOWLEDGE,
    Action.ANSWER,
    Action.PLAN,
    Action.DEPLOY,
    Action.DECLINE,
    Action.REASSIGN,
    Action.SNOOZE,
    Action.RESUME,
    Action.COMMENT,
    Action.CLOSE,
    Action.MARK_DUPLICATE,
    Action.REOPEN,
    Action.PAUSE,
    Action.CONTINUE,
)
"""The actions that people take, in the order in which they are offered."""

_FINDINGS = {
    "too_early": Action.START_MEASURING,
    "improved": Action.FIND_IMPROVED,
    "no_change": Action.FIND_NO_EFFECT,
    "worse": Action.FIND_WORSE,
    "inconclusive": Action.FIND_INCONCLUSIVE,
    "invalid": Action.FIND_INCONCLUSIVE,
}
_NO_LONGER = frozenset({"no_change", "worse"})


class ActionNotPossibleError(ValueError):
    """An action that the item's state does not allow; says which actions it does allow."""

    def __init__(self, action: Action, state: State, kind: ItemKind) -> None:
        """Keep what was asked, where the item stands and what is possible instead."""
        self.action = action
        self.state = state
        self.possible = allowed_actions(state, kind)
        offered = ", ".join(self.possible)
        called = "A case" if kind is ItemKind.CASE else "An item"
        super().__init__(f"{called} that is {state} cannot take the action {action}. Possible now: {offered}.")


def allowed_actions(state: State, kind: ItemKind = ItemKind.PROCESS, *, paused: bool = False) -> tuple[Action, ...]:
    """What a person can do with an item in `state`, in the order in which it is offered.

    Args:
        state: Where the item stands.
        kind: What the item is for.
        paused: Whether its clock stands: then it can go on, else it can be paused.
    """
    other = Action.PAUSE if paused else Action.CONTINUE
    possible = _HAPPENS_TO[kind] - {other}
    return tuple(action for action in PEOPLE if action in possible and state in TRANSITIONS[action].sources)


def next_state(
    action: Action, state: State, *, kind: ItemKind = ItemKind.PROCESS, before: State | None = None
) -> State:
    """Where `action` leads from `state`; the same state where the action moves nothing.

    Args:
        action: What happens.
        state: Where the item stands.
        kind: What the item is for.
        before: For `RESUME`: the state in which the item was snoozed.

    Raises:
        ActionNotPossibleError: `state`, or the kind, does not allow it.
    """
    move = TRANSITIONS[action]
    if state not in move.sources or action not in _HAPPENS_TO[kind]:
        raise ActionNotPossibleError(action, state, kind)
    if action is Action.RESUME:
        return before or State.ACKNOWLEDGED
    return move.target or state


def action_of_verdict(state: State, verdict: str, *, relapse: bool) -> Action | None:
    """What a measurement does to an item.

    An improvement is taken back by a relapse, or by a later verdict that sees no change or a worsening. A later
    `inconclusive`, `too_early` or `invalid` takes nothing back: it is no finding, and items must not flap.

    Args:
        state: Where the item stands.
        verdict: `improved`, `no_change`, `worse`, `inconclusive`, `too_early` or `invalid`.
        relapse: Whether the rate test says that a verified improvement came back.

    Returns:
        The action, or None where the measurement moves nothing.
    """
    lost = relapse or (verdict in _NO_LONGER and state in {State.IMPROVED, State.CLOSED})
    action = Action.RELAPSE if lost else _FINDINGS.get(verdict)
    return action if action is not None and state in TRANSITIONS[action].sources else None
