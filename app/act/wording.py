"""The words of item titles and notices. Names and dates only: a customer's own words are never in a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from app.channels.contract import Part

MAX_TITLE = 200
MAX_PARTS = 20

SECTIONS = {
    "escalated": "Escalated to you",
    "overdue": "Overdue",
    "due_soon": "Due in 48 hours",
    "assigned": "Assigned to you",
    "reopened": "Reopened",
    "resumed": "Back from snooze",
    "nudged": "Untouched",
    "paused_long": "Waiting for long",
    "verdict": "Verdicts",
    "duplicate": "Duplicates",
}
"""What a message that tells several things calls each event, the most urgent first."""


@dataclass(frozen=True, slots=True)
class Letter:
    """Subject and body of a notice, plain text."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class About:
    """What a notice is about, in the reader's zone."""

    title: str
    state: str
    goal_at: datetime
    deadline_at: datetime
    zone: str

    def at(self, instant: datetime) -> str:
        """An instant as the reader's clock shows it, e.g. `Wed 16 Sep 2026, 11:00 (Europe/Berlin)`."""
        return f"{instant.astimezone(ZoneInfo(self.zone)):%a %d %b %Y, %H:%M} ({self.zone})"


def write_title(theme: str, step: str | None, process: str | None) -> str:
    """The title of an item as a sentence, at most 200 characters."""
    where = f" in {one_line(process, 60)}" if process else ""
    if step:
        where = f" at the step {one_line(step, 60)}" + (f" of {one_line(process, 60)}" if process else "")
    room = MAX_TITLE - len(where) - len('Customers complain about ""')
    return f'Customers complain about "{one_line(theme, room)}"{where}'


def write_case_title(signals: Sequence[str], medium: str, topic: str | None) -> str:
    """The title of a case as a sentence: what called for it, how it was said, what about; none of the words said."""
    about = f' about "{one_line(topic, 100)}"' if topic else ""
    called = ", ".join(signal.replace("_", " ") for signal in signals)
    article = "an" if medium == "email" else "a"
    return f"Answer a customer: {f'{called} in ' if called else ''}{article} {medium}{about}"


def one_line(text: str, limit: int) -> str:
    """`text` on one line without control characters, cut at `limit` characters with a mark."""
    visible = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return visible if len(visible) <= limit else visible[: limit - 3].rstrip() + "..."


def assigned(about: About, why: list[str], by: str | None = None) -> Letter:
    """For the owner of a new item, or of one that was handed over by `by`."""
    lead = f"{by} handed this item to you." if by else "This item is yours to answer."
    reasons = "".join(f"\n- {sentence}" for sentence in why)
    body = (
        f"{lead}\n\n{about.title}\n\nGoal: {about.at(about.goal_at)}\nAnswer by: {about.at(about.deadline_at)}\n"
        + (f"\nWhy you have this:{reasons}\n" if reasons else "")
        + "\nAn answer is a planned change, a reasoned decline or the item that this one repeats."
    )
    return Letter(f"Assigned to you: {about.title}", body)


def assigned_case(about: About, why: list[str]) -> Letter:
    """For the owner of a new case."""
    reasons = "".join(f"\n- {sentence}" for sentence in why)
    body = (
        f"A customer waits for an answer from you.\n\n{about.title}\n\nGoal: {about.at(about.goal_at)}\n"
        f"Answer by: {about.at(about.deadline_at)}\n\nWhy you have this:{reasons}\n"
        "\nThe item shows what they said. Write down there what they were answered, or decline with a reason."
    )
    return Letter(f"Assigned to you: {about.title}", body)


def repeated(about: About, by: str | None) -> Letter:
    """For the owner of an item that somebody else called a duplicate, or of the item that stays."""
    said = (
        f"{by} says that this item is about the same as another one: work goes on there, and it is closed here."
        if by
        else "Another item is about the same as this one and was closed: what its customers said now waits for you."
    )
    body = f"{said}\n\n{about.title}"
    return Letter(f"Duplicate: {about.title}", body)


def due_soon(about: About) -> Letter:
    """Two days before the deadline."""
    body = f"No answer yet. It is due {about.at(about.deadline_at)}.\n\n{about.title}"
    return Letter(f"Due in 48 hours: {about.title}", body)


def overdue(about: About, next_rung: tuple[datetime, str] | None) -> Letter:
    """At the deadline; says to whom the item escalates next, and when."""
    warning = f"\n\nEscalates to {next_rung[1]} on {about.at(next_rung[0])} if there is no answer." if next_rung else ""
    body = f"This item was to be answered by {about.at(about.deadline_at)}.\n\n{about.title}{warning}"
    return Letter(f"Overdue: {about.title}", body)


def escalated(about: About, owner: str, *, overdue: bool = True) -> Letter:
    """For the person on the rung of the ladder that was reached."""
    left = "has not" if overdue else "has not touched it for days, not even when reminded"
    body = (
        f"{owner} was to answer this item by {about.at(about.deadline_at)} and {left}. You are next on its ladder: "
        f"answer it, hand it over, or settle with {owner} who does.\n\n{about.title}"
        if overdue
        else f"{owner} is to answer this item by {about.at(about.deadline_at)} and {left}. You are next on its ladder: "
        f"settle with {owner} who answers it.\n\n{about.title}"
    )
    return Letter(f"Escalated to you: {about.title}", body)


def standing_in(about: About, owner: str) -> Letter:
    """For the person who stands in for an owner who has gone away with this item open."""
    body = (
        f"{owner} is away and you stand in. The item stays theirs; it may be overdue before they are back: answer it "
        f"by {about.at(about.deadline_at)}, or hand it over to whoever can.\n\n{about.title}"
    )
    return Letter(f"You stand in for {owner}: {about.title}", body)


def stands_in(letter: Letter, name: str) -> Letter:
    """The same letter for whoever stands in for somebody who is away or has left."""
    return Letter(letter.subject, f"{name} is not there: you are told in their place.\n\n{letter.body}")


def nudged(about: About) -> Letter:
    """When an acknowledged item has not been touched for days."""
    body = (
        f"You acknowledged this item and nothing has happened since. An answer is due {about.at(about.deadline_at)}; "
        f"if it still lies untouched, the next one on its ladder hears of it.\n\n{about.title}"
    )
    return Letter(f"Untouched: {about.title}", body)


def paused_long(about: About, owner: str, waits: tuple[str, datetime]) -> Letter:
    """For the manager, when the clock of an item stands longer than the company allows."""
    reason, since = waits
    body = (
        f"{owner} has stopped the clock of this item on {about.at(since)}: {reason.replace('_', ' ')}. It has been "
        f"standing longer than it should. Ask whether it can go on.\n\n{about.title}"
    )
    return Letter(f"Waiting for long: {about.title}", body)


def resumed(about: About) -> Letter:
    """When a snooze ends."""
    body = f"You had put this item aside until now. Answer by {about.at(about.deadline_at)}.\n\n{about.title}"
    return Letter(f"Back from snooze: {about.title}", body)


def verdict_reached(about: About, interval: str | None) -> Letter:
    """When a measurement moved the item; `interval` is the change of the rate with its range, if there is one."""
    sentence = {
        "improved": "Complaints fell after your change.",
        "no_effect": "No change in complaints was seen after your change.",
        "worse": "Complaints rose after your change.",
        "inconclusive": "It cannot be told yet whether your change did anything.",
    }.get(about.state, "Your change was measured.")
    numbers = f"\n{interval}" if interval else ""
    body = f"{sentence}{numbers}\n\n{about.title}\n\nThe item shows what was counted and what you can do next."
    return Letter(f"Verdict {about.state.replace('_', ' ')}: {about.title}", body)


def reopened(about: About, reason: str) -> Letter:
    """When an item opens again, by a relapse or by a person."""
    body = f"{reason}\n\n{about.title}\n\nAnswer by: {about.at(about.deadline_at)}"
    return Letter(f"Reopened: {about.title}", body)


def change_in_rate(ratio: float, low: float, high: float) -> str:
    """A rate ratio with its 95 % interval in words: `Down 34 % (95 % interval: 45 % down to 21 % down)`."""
    return f"{_percent(ratio).capitalize()} (95 % interval: {_percent(low)} to {_percent(high)})."


def _percent(ratio: float) -> str:
    share = round((ratio - 1) * 100)
    return "unchanged" if share == 0 else f"{abs(share)} % {'up' if share > 0 else 'down'}"


def several(told: Sequence[tuple[str, Letter, int | None]]) -> tuple[Letter, tuple[Part, ...]]:
    """One letter for several things, the most urgent first; what comes after the twentieth is only counted.

    Args:
        told: Event, letter and item of each.

    Returns:
        The letter, and the same as parts.
    """
    order = list(SECTIONS)
    ranked = sorted(told, key=lambda one: order.index(one[0]) if one[0] in SECTIONS else len(order))
    parts = tuple(Part(_section(event), letter.body, item_id) for event, letter, item_id in ranked[:MAX_PARTS])
    counted = {section: sum(_section(event) == section for event, *_ in ranked) for section in _sections(ranked)}
    body = "\n\n----\n\n".join(f"{part.section}\n\n{part.text}" for part in parts)
    if len(ranked) > MAX_PARTS:
        body += f"\n\nand {len(ranked) - MAX_PARTS} more"
    summary = ", ".join(f"{count} {section.lower()}" for section, count in counted.items())
    return Letter(f"{len(ranked)} things for you: {summary}", body), parts


def _sections(told: Sequence[tuple[str, Letter, int | None]]) -> list[str]:
    return list(dict.fromkeys(_section(event) for event, *_ in told))


def _section(event: str) -> str:
    return SECTIONS.get(event, event.replace("_", " ").capitalize())


def tell_event(event_type: str, title: str | None) -> Letter:
    """An event as a chat shows it: `Change planned: Customers complain about ...`."""
    words = event_type.split(".")
    what = words[2].replace("_", " ").capitalize() if len(words) > 2 else event_type  # noqa: PLR2004 - voc.object.what.version
    return Letter(f"{what}: {title}" if title else what, title or f"Closeloop: {what.lower()}")
