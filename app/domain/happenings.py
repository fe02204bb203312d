"""The events that other systems can subscribe to: their types, as CloudEvents calls them."""

from enum import StrEnum


class Happening(StrEnum):
    """What can happen; the version in a type changes when a fact is renamed or taken away, never when one is added."""

    ASSIGNED = "voc.action_item.assigned.v1"
    ACKNOWLEDGED = "voc.action_item.acknowledged.v1"
    CHANGE_PLANNED = "voc.action_item.change_planned.v1"
    DEPLOYED = "voc.action_item.deployed.v1"
    VERDICT = "voc.action_item.verdict.v1"
    REOPENED = "voc.action_item.reopened.v1"
    ESCALATED = "voc.action_item.escalated.v1"
    DECLINED = "voc.action_item.declined.v1"
    DUPLICATE = "voc.action_item.duplicate.v1"
    CLOSED = "voc.action_item.closed.v1"
    FIXED = "voc.change.fixed.v1"
    ALERT = "voc.theme.alert.v1"
    TEST = "voc.subscription.test.v1"


TOLD_BY: dict[str, Happening] = {
    "opened": Happening.ASSIGNED,
    "reassigned": Happening.ASSIGNED,
    "acknowledged": Happening.ACKNOWLEDGED,
    "change_planned": Happening.CHANGE_PLANNED,
    "deployed": Happening.DEPLOYED,
    "verdict": Happening.VERDICT,
    "reopened": Happening.REOPENED,
    "escalated": Happening.ESCALATED,
    "declined": Happening.DECLINED,
    "marked_duplicate": Happening.DUPLICATE,
    "closed": Happening.CLOSED,
    "answered": Happening.CLOSED,
    "withdrawn": Happening.CLOSED,
}
"""Kind of a line in an item's history -> the event that it is told as; other lines are nobody else's business."""
