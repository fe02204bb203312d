"""What is known of one feedback, put together from its mentions, its scores and the risks in its words. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from app.domain.cases import CaseFacts, Feeling, Signal
from app.domain.feedback import Medium
from app.domain.routing import Place
from app.store.cases import Said, Unseen

RISKS = (Signal.LEGAL_THREAT, Signal.SAFETY, Signal.CHURN_RISK)


class Judge(Protocol):
    """Judges the risks in embedded words."""

    def judge(self, vectors: Sequence[bytes], model: str) -> Mapping[str, Sequence[float]]:
        """The probability of each risk for each embedding of one encoder."""


Topics = Mapping[int, tuple[str, tuple[str, ...], Place]]
"""By topic id: its name, its key and those above, where it belongs."""


def read_facts(unseen: Sequence[Unseen], topics: Topics, judge: Judge) -> list[CaseFacts]:
    """The facts that case rules ask for, one for each feedback."""
    risks = _risks([said for one in unseen for said in one.said], judge)
    return [_facts(one, topics, risks) for one in unseen]


def _facts(one: Unseen, topics: Topics, risks: Mapping[int, Mapping[Signal, float]]) -> CaseFacts:
    mentions = [said.mention for said in one.said]
    signals: dict[Signal, float] = {}
    for mention in mentions:
        labels = {
            Signal.ESCALATION_INTENT: mention.escalation_intent_confidence * mention.escalation_intent,
            Signal.URGENT: mention.urgent_confidence * mention.urgent,
            Signal.COMPLAINT: mention.complaint_confidence * mention.complaint,
        }
        for signal, sure in (labels | dict(risks.get(mention.id, {}))).items():
            signals[signal] = max(sure, signals.get(signal, 0.0))
    named = [mention for mention in mentions if mention.topic_id in topics]
    main = max(named, key=lambda mention: (mention.complaint, mention.topic_confidence), default=None)
    name, _, place = topics[main.topic_id] if main is not None and main.topic_id is not None else (None, (), Place())
    return CaseFacts(
        feedback_id=one.feedback_id,
        content_rev=one.content_rev,
        occurred_at=one.occurred_at,
        received_at=one.received_at,
        medium=Medium(one.medium),
        segment=one.segment,
        signals=signals,
        response_needed=any(mention.response_needed for mention in mentions),
        sentiments=frozenset(Feeling(mention.sentiment_label) for mention in mentions),
        topics=frozenset(key for mention in named for key in topics[mention.topic_id or 0][1]),
        place=place,
        topic_name=name,
        answers=one.answers,
    )


def _risks(said: Sequence[Said], judge: Judge) -> dict[int, dict[Signal, float]]:
    by_model: dict[str, list[Said]] = {}
    for one in said:
        if one.vector is not None and one.model is not None:
            by_model.setdefault(one.model, []).append(one)
    found: dict[int, dict[Signal, float]] = {}
    for model, group in by_model.items():
        judged = judge.judge([one.vector for one in group if one.vector is not None], model)
        for place, one in enumerate(group):
            found[one.mention.id] = {risk: judged[risk][place] for risk in RISKS if risk in judged}
    return found
