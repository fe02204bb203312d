"""`closeloop evaluate impact`: cases in, verdicts out, by the same estimator that the service uses."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.measure.stats.case import Case, CaseError, parse_case
from app.measure.stats.estimate import estimate
from app.measure.stats.plan import plan
from app.measure.stats.portfolio import control_discoveries
from app.measure.stats.verdict import dump_verdict

Answer = dict[str, Any]


@dataclass
class Tally:
    """Counts of what was answered, for the summary."""

    cases: int = 0
    bad: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)

    def summary(self) -> Answer:
        """One JSON object."""
        return {"cases": self.cases, "bad": self.bad, "verdicts": dict(sorted(self.verdicts.items()))}


def answer_line(line: str) -> Answer:
    """Answer one line of a file of cases (one look).

    Raises:
        CaseError: the line is no JSON or no case; the message says what is expected.
    """
    return dump_verdict(estimate(parse_case(_load(line))))


def answer_operation(line: str) -> Answer:
    """Answer one line of the open conversation (`--stdio`): `estimate`, `portfolio` or `plan`.

    Raises:
        CaseError: the line is no JSON, no known operation or no case.
    """
    request = _load(line)
    operation = request.get("op")
    if not isinstance(operation, str) or operation not in OPERATIONS:
        raise CaseError(f"op must be one of {', '.join(OPERATIONS)}")
    return OPERATIONS[operation](request)


def converse(lines: Iterable[str]) -> Iterator[Answer]:
    """Answer line by line; a bad line is answered by `{"error": reason}` and does not end the conversation."""
    for line in lines:
        if not line.strip():
            continue
        try:
            yield answer_operation(line)
        except CaseError as error:
            yield {"error": str(error)}


def _load(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise CaseError("the line is no JSON object") from None
    if not isinstance(value, Mapping):
        raise CaseError("the line is no JSON object")
    return value


def _estimate(request: Mapping[str, Any]) -> Answer:
    return dump_verdict(estimate(parse_case(request.get("case"))))


def _portfolio(request: Mapping[str, Any]) -> Answer:
    raw = request.get("cases")
    if not isinstance(raw, list):
        raise CaseError("cases must be a list of cases")
    cases = [_numbered(item, number) for number, item in enumerate(raw)]
    verdicts = control_discoveries([estimate(case) for case in cases], _strictest(cases))
    return {"verdicts": [dump_verdict(verdict) for verdict in verdicts]}


def _numbered(item: object, number: int) -> Case:
    try:
        return parse_case(item)
    except CaseError as error:
        raise CaseError(f"cases[{number}]: {error}") from None


def _strictest(cases: list[Case]) -> float:
    return min((case.alpha for case in cases), default=0.05)


def _plan(request: Mapping[str, Any]) -> Answer:
    ratio = request.get("rate_ratio", 0.7)
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not 0 < ratio < 100:  # noqa: PLR2004 - absurd
        raise CaseError("rate_ratio must be a number above 0")
    result = plan(parse_case(request.get("case")), float(ratio))
    return {
        "verdict_day": result.verdict_day,
        "days_after_change": result.days_after_change,
        "minimum_detectable": result.minimum_detectable,
        "horizon_days": result.horizon_days,
        "chance": result.chance,
    }


OPERATIONS: dict[str, Callable[[Mapping[str, Any]], Answer]] = {
    "estimate": _estimate,
    "portfolio": _portfolio,
    "plan": _plan,
}
