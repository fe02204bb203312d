"""How good answers are: accuracy, F1, calibration; plain arithmetic."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from app.domain.quality import Rate

BINS = 15

Summary = dict[str, float | int | str | None]


@dataclass
class Sets:
    """Right and wrong labels, counted per label."""

    hits: dict[str, int] = field(default_factory=dict)
    false: dict[str, int] = field(default_factory=dict)
    missed: dict[str, int] = field(default_factory=dict)

    def add(self, truth: Collection[str], answer: Collection[str]) -> None:
        """Count one text."""
        for label in {*truth, *answer}:
            kind = self.hits if label in truth and label in answer else self.missed if label in truth else self.false
            kind[label] = kind.get(label, 0) + 1

    def micro_f1(self) -> float | None:
        """F1 over all labels together; None without any."""
        return _f1(sum(self.hits.values()), sum(self.false.values()), sum(self.missed.values()))

    def macro_f1(self) -> float | None:
        """Mean F1 of the labels that occur in the truth; None without any."""
        labels = sorted({*self.hits, *self.missed})
        found = [
            _f1(self.hits.get(label, 0), self.false.get(label, 0), self.missed.get(label, 0)) or 0.0 for label in labels
        ]
        return sum(found) / len(found) if found else None


def calibration_error(pairs: Iterable[tuple[float, bool]]) -> float | None:
    """Expected calibration error over fifteen equal bins (Guo et al. 2017); None without any pair.

    Args:
        pairs: Confidence and whether the answer was right.
    """
    bins: list[tuple[float, int, int]] = [(0.0, 0, 0)] * BINS
    for confidence, right in pairs:
        at = min(int(confidence * BINS), BINS - 1)
        total, hits, count = bins[at]
        bins[at] = (total + confidence, hits + right, count + 1)
    everything = sum(count for _, _, count in bins)
    return sum(abs(total - hits) for total, hits, _ in bins) / everything if everything else None


def share(values: Sequence[bool]) -> float | None:
    """Share of true values; None without any."""
    return sum(values) / len(values) if values else None


def _accuracy(values: Sequence[bool]) -> Summary:
    """Share of right answers with its 95 % interval (Wilson 1927)."""
    rate = Rate(sum(values), len(values))
    low, high = rate.interval or (None, None)
    return {"accuracy": rate.value, "accuracy_low": low, "accuracy_high": high}


def rounded(summary: Summary) -> Summary:
    """Four decimals are all that a measurement is worth."""
    return {key: round(value, 4) if isinstance(value, float) else value for key, value in summary.items()}


class TopicTally:
    """Adds up `evaluate topics`."""

    def __init__(self) -> None:
        """Nothing was counted yet."""
        self.texts = self.answered = 0
        self._sets = Sets()
        self._right: list[bool] = []
        self._right_answered: list[bool] = []
        self._sure: list[tuple[float, bool]] = []

    def add(
        self, labels: Sequence[str] | None, listed: Sequence[str], best: float, *, abstained: bool, several: bool
    ) -> None:
        """Count one text.

        Args:
            labels: The right topics; empty means "none of them", for which abstaining is right; None is not scored.
            listed: Topics of the answer, best first.
            best: Confidence of the first.
            abstained: Whether the answer is no answer.
            several: Whether a text may have several topics: then all must be right.
        """
        self.texts += 1
        self.answered += not abstained
        if labels is None:
            return
        truth = set(labels)
        chosen = set(listed) if several and not abstained else set(listed[:1])
        if not truth:
            self._right.append(abstained)
            self._sets.add((), () if abstained else chosen)
        else:
            self._sets.add(truth, chosen)
            self._right.append(chosen == truth if several else listed[0] in truth)
            self._sure.append((best, listed[0] in truth))
        if not abstained:
            self._right_answered.append(bool(truth) and listed[0] in truth)

    def summary(self, seconds: float) -> Summary:
        """The figures; None where nothing was labelled."""
        return rounded(
            {"texts": self.texts}
            | _accuracy(self._right)
            | {
                "macro_f1": self._sets.macro_f1(),
                "micro_f1": self._sets.micro_f1(),
                "ece": calibration_error(self._sure),
                "coverage": self.answered / self.texts if self.texts else None,
                "accuracy_when_answering": share(self._right_answered),
                "texts_per_s": self.texts / max(seconds, 1e-9),
            }
        )


class FeelingTally:
    """Adds up `evaluate sentiment`."""

    def __init__(self) -> None:
        """Nothing was counted yet."""
        self.texts = 0
        self._sets = Sets()
        self._sure: list[tuple[float, bool]] = []
        self._poles: list[bool] = []

    def add(self, truth: str | None, label: str, confidence: float, chances: Sequence[float]) -> None:
        """Count one text; `chances` are the probabilities of negative, neutral and positive."""
        self.texts += 1
        if truth is None:
            return
        self._sets.add([truth], [label])
        self._sure.append((confidence, truth == label))
        if truth != "neutral":
            self._poles.append((chances[2] > chances[0]) == (truth == "positive"))

    def summary(self, seconds: float) -> Summary:
        """The figures; None where nothing was labelled."""
        return rounded(
            {"texts": self.texts}
            | _accuracy([right for _, right in self._sure])
            | {
                "macro_f1": self._sets.macro_f1(),
                "ece": calibration_error(self._sure),
                "binary_accuracy": share(self._poles),
                "texts_per_s": self.texts / max(seconds, 1e-9),
            }
        )


def _f1(hits: int, false: int, missed: int) -> float | None:
    return 2 * hits / (2 * hits + false + missed) if hits + false + missed else None
