"""How a mention is shown: the span, the words around it, and what was made of it."""

from datetime import datetime

from pydantic import BaseModel, Field

from app.store.quotes import Quote

_AROUND = 300  # characters of the turn shown on each side of the span


class QuoteOut(BaseModel):
    """A mention: one span of the customer's words with one topic and one sentiment."""

    mention_id: int
    feedback_id: int
    medium: str = Field(examples=["survey"])
    occurred_at: datetime
    text: str = Field(description="The customer's words around the span; the whole turn where it is short.")
    start: int = Field(description="Where the span begins in `text`, in characters (code points).")
    end: int = Field(description="Where it ends, in characters.")
    turn: int
    topic: str | None = Field(description="Key of the topic; null where the classifier abstained.")
    topic_confidence: float
    sentiment: float = Field(description="-1 to 1.")
    sentiment_label: str
    complaint: bool
    complaint_confidence: float
    friction: str | None
    urgent: bool = Field(description="Whether it cannot wait.")
    response_needed: bool = Field(description="Whether the customer expects an answer.")
    escalation_intent: bool = Field(description="Whether the customer threatens to take it further.")
    theme_id: int | None
    uncounted: str | None = Field(description="Why no count includes it: `copy` or `boilerplate`; null: it is counted.")
    copy_of: int | None = Field(description="Of a `copy`: the feedback that is counted instead.")
    corrected: bool = Field(description="Whether a human's label stands here.")
    fingerprint: str = Field(description="The model that made the labels.")


def show_quote(quote: Quote) -> QuoteOut:
    """A mention with the words around it."""
    mention = quote.mention
    first = max(0, mention.start - _AROUND)
    return QuoteOut(
        mention_id=mention.id,
        feedback_id=mention.feedback_id,
        medium=quote.feedback.medium,
        occurred_at=quote.feedback.occurred_at,
        text=quote.text[first : mention.end + _AROUND],
        start=mention.start - first,
        end=mention.end - first,
        turn=mention.turn,
        topic=quote.topic,
        topic_confidence=mention.topic_confidence,
        sentiment=mention.sentiment,
        sentiment_label=mention.sentiment_label,
        complaint=mention.complaint,
        complaint_confidence=mention.complaint_confidence,
        friction=mention.friction,
        urgent=mention.urgent,
        response_needed=mention.response_needed,
        escalation_intent=mention.escalation_intent,
        theme_id=quote.theme_id,
        uncounted=quote.uncounted,
        copy_of=quote.copy_of,
        corrected=mention.corrected,
        fingerprint=mention.fingerprint,
    )
