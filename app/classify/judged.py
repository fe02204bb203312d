"""What the heads said about a mention, under the names that tables and answers give it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from classifiers.contract import Mention


def labels_of(mention: Mention, fingerprint: str) -> dict[str, Any]:
    """Span, labels, confidences and the model's fingerprint; the topic is the caller's, who knows keys or ids."""
    return {
        "turn": mention.turn,
        "start": mention.start,
        "end": mention.end,
        "topic_confidence": mention.topic_confidence,
        "sentiment": mention.sentiment,
        "sentiment_label": mention.sentiment_label,
        "sentiment_confidence": mention.sentiment_confidence,
        "complaint": mention.complaint,
        "complaint_confidence": mention.complaint_confidence,
        "friction": mention.friction,
        "friction_confidence": mention.friction_confidence,
        "urgent": mention.urgent,
        "urgent_confidence": mention.urgent_confidence,
        "response_needed": mention.response_needed,
        "response_needed_confidence": mention.response_needed_confidence,
        "escalation_intent": mention.escalation_intent,
        "escalation_intent_confidence": mention.escalation_intent_confidence,
        "corrected": mention.corrected,
        "fingerprint": fingerprint,
    }
