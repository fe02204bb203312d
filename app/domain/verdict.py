"""What can be said about a change and the sentence that says it: always with range and date, never "proved"."""

from enum import StrEnum


class VerdictState(StrEnum):
    """The answer to "did complaints fall because of the change?"."""

    IMPROVED = "improved"
    NO_CHANGE = "no_change"
    WORSE = "worse"
    INCONCLUSIVE = "inconclusive"
    TOO_EARLY = "too_early"
    INVALID = "invalid"
