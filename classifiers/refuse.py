"""What a reader refuses before it reads or learns: the place, and what to give instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from classifiers.contract import ClassifierError, Correction, TopicSpec, Traffic, Turn


def bad_conversations(given: object, questions: object) -> None:
    """Refuse what is no list of conversations with a question for each.

    Raises:
        ClassifierError: What stands where.
    """
    conversations = _listed(given, "read() takes a list of conversations, each of them a list of Turn")
    for at, turns in enumerate(conversations):
        for place, turn in enumerate(_listed(turns, f"Conversation {at} has to be a list of Turn")):
            if not isinstance(turn, Turn) or not isinstance(turn.text, str):
                what = "a Turn whose text is a string" if isinstance(turn, Turn) else f"a Turn but {_kind(turn)}"
                raise ClassifierError(f'Turn {place} of conversation {at} is not {what}. Give Turn("customer", "...").')
    if questions is not None:
        asked = _listed(questions, "The questions have to be a list, one for each conversation or None")
        if len(asked) != len(conversations):
            counted = f"There are {len(conversations)} conversations and {len(asked)} questions"
            raise ClassifierError(f"{counted}. Give one each, or None.")


def bad_asked(given: object) -> None:
    """Refuse what is no list of (text, question, span).

    Raises:
        ClassifierError: What stands where.
    """
    for at, one in enumerate(_listed(given, "feel() takes a list of (text, question, span)")):
        match one:
            case tuple((str(text), str() | None, span)):
                if span is not None and not _lies_in(span, len(text)):
                    told = f"The span of row {at} is not (start, end) in its text of {len(text)} characters"
                    raise ClassifierError(f"{told}. Count characters.")
            case _:
                raise ClassifierError(f"Row {at} is not (text, question, span). Give None for what is not known.")


def bad_parts(
    encoder: object,
    topics: Iterable[object],
    corrections: Iterable[object],
    traffic: object,
    languages: object,
    confidence: float,
) -> None:
    """Refuse what a reader cannot be made of.

    Raises:
        ClassifierError: What stands where.
    """
    if isinstance(encoder, str):
        raise ClassifierError(f"The encoder is a plain string. Give load_encoder({encoder!r}).")
    for what, given, kind in (("topic", topics, TopicSpec), ("correction", corrections, Correction)):
        for at, one in enumerate(given):
            if not isinstance(one, kind):
                wanted = kind.__name__
                raise ClassifierError(f"The {what} {at} is no {wanted} but {_kind(one)}. Give {wanted}(...).")
    if not isinstance(traffic, Traffic | None):
        raise ClassifierError(f'The traffic is no Traffic but {_kind(traffic)}. Give Traffic("a name", texts).')
    if isinstance(languages, str):
        raise ClassifierError(f"The languages are a plain string. Give {{{languages!r}}}, or None for all.")
    if not 0 <= confidence <= 1:
        raise ClassifierError(f"A topic's confidence lies between 0 and 1; {confidence} does not.")


def _listed(given: object, otherwise: str) -> Sequence[object]:
    if isinstance(given, Sequence) and not isinstance(given, str | bytes):
        return given
    raise ClassifierError(f"{otherwise}, and got {_kind(given)}.")


def _lies_in(span: object, length: int) -> bool:
    match span:
        case tuple((int(start), int(end))):
            return 0 <= start < end <= length
    return False


def _kind(given: object) -> str:
    return type(given).__name__
