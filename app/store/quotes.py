"""The customers' own words behind a theme: mentions with the turn that they stand in."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from app.domain.quoting import Quotation
from app.store.act_tables import ActionItem
from app.store.copy_tables import UncountedMention
from app.store.keyset import After, keyset_page
from app.store.label_tables import Mention
from app.store.reach import reach
from app.store.tables import Feedback, Topic, Turn
from app.store.theme_tables import Theme, ThemeMention

_CENTRAL = 3


@dataclass(frozen=True, slots=True)
class Quote:
    """One mention with its feedback and the whole text of its turn; `topic` is the topic's key.

    `uncounted` says why no count includes it (`copy`, of the feedback `copy_of`, or `boilerplate`).
    """

    mention: Mention
    feedback: Feedback
    text: str
    topic: str | None
    theme_id: int | None
    uncounted: str | None
    copy_of: int | None


def theme_quotes(session: Session, theme_id: int, after: After | None, limit: int) -> list[Quote]:
    """The complaints of a theme, newest first by when they were said; one more than `limit` where more follow."""
    query = _quotes().where(ThemeMention.theme_id == theme_id, Mention.complaint)
    page = keyset_page(query, (Feedback.occurred_at, Mention.id), after, limit)
    return [Quote(*row) for row in session.execute(page)]


def theme_evidence(session: Session, theme_id: int, newest: int) -> list[Quote]:
    """What to read first about a theme: its most central complaints, then the newest ones; no feedback twice.

    Only what is counted: no copies, no boilerplate.
    """
    return _read_first(session, theme_id, ThemeMention.theme_id == theme_id, newest)


def _read_first(session: Session, theme_id: int, held: ColumnElement[bool], newest: int) -> list[Quote]:
    theirs = _quotes().where(held, Mention.complaint, UncountedMention.mention_id.is_(None))
    named = select(Theme.central_mention_id).where(Theme.id == theme_id).scalar_subquery()
    nearest = theirs.where(ThemeMention.similarity.is_not(None)).order_by(ThemeMention.similarity.desc(), Mention.id)
    found: dict[int, Quote] = {}
    for query, most in (
        (theirs.where(Mention.id == named), 1),
        (nearest.limit(_CENTRAL), _CENTRAL),
        (theirs.order_by(Feedback.occurred_at.desc(), Mention.id.desc()).limit(newest + _CENTRAL), _CENTRAL + newest),
    ):
        for row in session.execute(query):
            quote = Quote(*row)
            if len(found) < most:
                found.setdefault(quote.feedback.id, quote)
    return list(found.values())


def evidence_of(session: Session, item: ActionItem, newest: int) -> Sequence[Quote]:
    """What customers said that an item is about: within its reach, or all that the customer of a case said."""
    if item.theme_id is not None:
        return _read_first(session, item.theme_id, ThemeMention.theme_id.in_(reach(item.theme_id)), newest)
    return [] if item.feedback_id is None else feedback_quotes(session, item.feedback_id)


def quotations_of_item(session: Session, item_id: int, limit: int) -> tuple[Quotation, ...]:
    """Customers' words behind an item for a message: of its theme, else of its one feedback."""
    item = session.get(ActionItem, item_id)
    quotes = evidence_of(session, item, limit)[:limit] if item is not None else ()
    return tuple(Quotation(one.text[one.mention.start : one.mention.end], one.text) for one in quotes)


def feedback_quotes(session: Session, feedback_id: int) -> Sequence[Quote]:
    """Every mention of a feedback, in the order of its words; of a span with several topics the surest first."""
    order = (Mention.turn, Mention.start, Mention.topic_confidence.desc(), Mention.id)
    query = _quotes().where(Mention.feedback_id == feedback_id).order_by(*order)
    return [Quote(*row) for row in session.execute(query)]


def topics_beside(session: Session, quotes: Sequence[Quote]) -> dict[int, list[str]]:
    """Names of the other topics of each mention's span, the surest first, by mention id; only where there are any."""
    wanted = {quote.mention.id: _place(quote.mention) for quote in quotes}
    query = (
        select(Mention, Topic.name)
        .join(Topic, Topic.id == Mention.topic_id)
        .where(Mention.feedback_id.in_(sorted({place[0] for place in wanted.values()})))
        .order_by(Mention.topic_confidence.desc(), Mention.id)
    )
    found: dict[int, list[str]] = {}
    for mention, name in session.execute(query):
        for mention_id, place in wanted.items():
            if place == _place(mention) and mention.id != mention_id:
                found.setdefault(mention_id, []).append(name)
    return found


def mention_quotes(session: Session, mention_ids: Collection[int]) -> Sequence[Quote]:
    """Mentions by their ids; those that are gone are left out."""
    query = _quotes().where(Mention.id.in_(sorted(set(mention_ids)))).order_by(Mention.id)
    return [Quote(*row) for row in session.execute(query)]


def _quotes() -> Select[Mention, Feedback, str, str, int | None, str, int | None]:
    labels = (Topic.key, ThemeMention.theme_id, UncountedMention.kind, UncountedMention.first_id)
    return (
        select(Mention, Feedback, Turn.text, *labels)
        .join(Feedback, Feedback.id == Mention.feedback_id)
        .join(Turn, and_(Turn.feedback_id == Mention.feedback_id, Turn.position == Mention.turn))
        .outerjoin(Topic, Topic.id == Mention.topic_id)
        # A person may have said that it is no complaint: its place in a theme counts for nothing then.
        .outerjoin(ThemeMention, and_(ThemeMention.mention_id == Mention.id, Mention.complaint))
        .outerjoin(UncountedMention, UncountedMention.mention_id == Mention.id)
    )


def _place(mention: Mention) -> tuple[int, int, int, int]:
    return mention.feedback_id, mention.turn, mention.start, mention.end
