"""Three thousand invented feedback items over forty weeks, the same for a seed, and the truth about each of them.

What is sent (``list_feedback``) and what is true (``list_truth``) come from the same draw but never travel together:
the truth is for tests and benchmarks, which ask how much of it the service finds out by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from app.demo.people import Crowd, Person
from app.demo.phrases import Phrases, Remark, Theme, Voice, load_phrases
from app.demo.story import STORY, Story
from app.demo.volume import draw_counts, draw_poisson, expect_orders, list_exposures
from app.demo.writing import Intent, Kind, write_text, write_turns

Item = dict[str, object]

SEED = 27
"""Its history is near the story's own numbers on whichever weekday it ends: chance is kept out of the demo."""

_MEDIA: dict[Kind, dict[str, int]] = {
    "complaint": {"survey": 31, "email": 17, "review": 14, "chat": 12, "phone": 11, "ticket": 8, "social": 7},
    "praise": {"survey": 52, "review": 32, "social": 9, "email": 4, "phone": 3},
    "neutral": {"survey": 25, "chat": 30, "email": 25, "ticket": 20},
    "silence": {"survey": 100},
}
_PER_WEEK: dict[Kind, float] = {"praise": 11.0, "neutral": 4.0, "silence": 1.4}
_OPEN: dict[str, tuple[int, int]] = {"phone": (8, 17), "chat": (8, 21)}
_NPS: dict[Kind, tuple[int, ...]] = {
    "complaint": (6, 5, 8, 12, 12, 16, 22, 12, 5, 2, 0),
    "praise": (0, 0, 0, 0, 0, 0, 1, 4, 20, 35, 40),
    "neutral": (0, 0, 0, 1, 2, 8, 14, 30, 25, 12, 8),
    "silence": (2, 0, 1, 2, 3, 10, 12, 20, 22, 15, 13),
}
_STARS: dict[Kind, tuple[int, ...]] = {
    "complaint": (40, 30, 20, 8, 2),
    "praise": (0, 0, 3, 32, 65),
    "neutral": (5, 10, 45, 30, 10),
    "silence": (10, 10, 30, 25, 25),
}
# Shares of items: with two problems, with praise beside the problem, with two remarks, from a present, with an order
# number, surveys that ask for NPS (the others for CSAT), chats that are rated.
_TWO_PROBLEMS, _MIXED, _TWO_REMARKS, _GIFT, _CASE, _ASKS_NPS, _RATED = 0.09, 0.14, 0.2, 0.08, 0.85, 0.62, 0.5


@dataclass(frozen=True, slots=True)
class TrueMention:
    """One thing that an item really says: its topic, the recurring problem (of a complaint), and which it is."""

    topic: str | None
    theme: str | None
    complaint: bool


@dataclass(frozen=True, slots=True)
class Truth:
    """What an item really says; no mentions: nothing."""

    external_id: str
    day: date
    mentions: tuple[TrueMention, ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    at: datetime
    medium: str
    person: Person
    intent: Intent


def list_feedback(end: date, seed: int = SEED, story: Story = STORY) -> Iterator[Item]:
    """Give native feedback items, oldest first, of the weeks that are over when the day ``end`` begins."""
    for item, _ in _draw(end, seed, story):
        yield item


def list_truth(end: date, seed: int = SEED, story: Story = STORY) -> dict[str, Truth]:
    """Give the truth about each item of ``list_feedback`` with the same arguments, by external id."""
    return {truth.external_id: truth for _, truth in _draw(end, seed, story)}


def _draw(end: date, seed: int, story: Story) -> Iterator[tuple[Item, Truth]]:
    rng = Random(f"{seed}:feedback")  # noqa: S311 - the same seed has to give the same texts again
    phrases = load_phrases()
    crowd = Crowd(rng, phrases)
    orders = [exposure.count for exposure in list_exposures(end, seed, story)]
    counts = {theme.key: draw_counts(theme, orders, seed, story) for theme in phrases.themes}
    number = 0
    for day in range(story.days):
        intents = _intents(rng, phrases, [theme for theme in phrases.themes for _ in range(counts[theme.key][day])])
        for kind, weekly in _PER_WEEK.items():
            mean = weekly / 7 * expect_orders(story, end, day) / story.orders_per_day
            intents += [_remark(rng, phrases, kind) for _ in range(draw_poisson(rng, mean))]
        on = story.first_day(end) + timedelta(days=day)
        for draft in sorted((_draft(rng, crowd, on, intent) for intent in intents), key=lambda draft: draft.at):
            number += 1
            item = _write(rng, crowd, draft, number)
            yield item, Truth(str(item["external_id"]), on, _mentions(draft.intent))


def _intents(rng: Random, phrases: Phrases, problems: list[Theme]) -> list[Intent]:
    rng.shuffle(problems)
    intents: list[Intent] = []
    while problems:
        problem = problems.pop()
        second = [other for other in problems if other.topic != problem.topic][:1]
        if second and rng.random() < _TWO_PROBLEMS:
            problems.remove(second[0])
            intents.append(Intent((problem, second[0])))
            continue
        praise = [remark for remark in phrases.praise if remark.topic not in (None, problem.topic)]
        intents.append(Intent((problem,), (rng.choice(praise),) if rng.random() < _MIXED else ()))
    return intents


def _remark(rng: Random, phrases: Phrases, kind: Kind) -> Intent:
    if kind == "silence":
        return Intent()
    pool = phrases.praise if kind == "praise" else phrases.neutral
    chosen: tuple[Remark, ...] = tuple(rng.sample(pool, 2 if rng.random() < _TWO_REMARKS else 1))
    return Intent(praise=chosen) if kind == "praise" else Intent(neutral=chosen)


def _draft(rng: Random, crowd: Crowd, on: date, intent: Intent) -> _Draft:
    media = _MEDIA[intent.kind]
    medium = rng.choices(tuple(media), tuple(media.values()))[0]
    first, last = _OPEN.get(medium, (6, 22))
    person = crowd.next_person()
    time = (rng.randint(first, last), rng.randint(0, 59), rng.randint(0, 59))
    return _Draft(datetime(on.year, on.month, on.day, *time, tzinfo=ZoneInfo(person.zone)), medium, person, intent)


def _write(rng: Random, crowd: Crowd, draft: _Draft, number: int) -> Item:
    person, intent, medium = draft.person, draft.intent, draft.medium
    order = crowd.next_order()
    known = {"first": person.first, "last": person.last, "order": order} | crowd.private_facts(person)
    voice = Voice(rng, load_phrases(), known)
    item: Item = {
        "external_id": f"{medium}-{number:05d}",
        "updated_at": draft.at.isoformat(),
        "medium": medium,
        "occurred_at": draft.at.isoformat(),
        "language": "en",
        "customer": {"ref": person.ref, "segment": person.segment},
        "attributes": {
            "country": person.country,
            "device": rng.choice(("web", "ios", "android")),
            "order_value": round(rng.lognormvariate(4.3, 0.7), 2),
            "gift": rng.random() < _GIFT,
        },
    }
    if medium in {"chat", "phone"}:
        item["turns"] = write_turns(voice, intent, medium)
    else:
        item["text"] = write_text(voice, intent, medium)
    if rng.random() < _CASE:
        item["case_id"] = order
    return item | _answers(rng, voice, draft)


def _answers(rng: Random, voice: Voice, draft: _Draft) -> Item:
    kind: Kind = "neutral" if draft.intent.problems and draft.intent.praise else draft.intent.kind
    stars = rng.choices(range(1, 6), _STARS[kind])[0]
    if draft.medium == "review":
        return {"scores": [_score("stars", stars, 1, 5)]}
    if draft.medium == "chat" and rng.random() < _RATED:
        return {"scores": [_score("csat", stars, 1, 5)]}
    if draft.medium != "survey":
        return {}
    if rng.random() < _ASKS_NPS:
        nps = rng.choices(range(11), _NPS[kind])[0]
        return {"question": _question(voice, "nps"), "scores": [_score("nps", nps, 0, 10)]}
    return {"question": _question(voice, "csat"), "scores": [_score("csat", stars, 1, 5)]}


def _question(voice: Voice, kind: str) -> str:
    return voice.rng.choice(voice.phrases.questions[kind])


def _score(metric: str, value: int, low: int, high: int) -> dict[str, object]:
    return {"metric": metric, "value": value, "min": low, "max": high}


def _mentions(intent: Intent) -> tuple[TrueMention, ...]:
    return (
        *(TrueMention(problem.topic, problem.key, complaint=True) for problem in intent.problems),
        *(TrueMention(remark.topic, None, complaint=False) for remark in (*intent.praise, *intent.neutral)),
    )
