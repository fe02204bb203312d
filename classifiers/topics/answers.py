"""What a topic model says: of a text, and of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from classifiers.contract import Judgement


@dataclass(frozen=True, slots=True)
class TopicAnswer:
    """What a text is about.

    Attributes:
        topics: The topics that are sure enough, best first; empty where the model abstains.
        best: The most probable topic, also when abstaining.
    """

    topics: tuple[Judgement, ...]
    best: Judgement


@dataclass(frozen=True, slots=True)
class TopicQuality:
    """How well one topic is judged on texts that were held back.

    Attributes:
        topic: Its key.
        support: Labelled texts of the topic.
        threshold: Probability from which the topic is given.
        precision: Share of the topic's answers that are right with its 95 % interval; None without any.
        recall: Share of the topic's texts that are found with its 95 % interval; None without any.
    """

    topic: str
    support: int
    threshold: float
    precision: tuple[float, float, float] | None
    recall: tuple[float, float, float] | None
