"""Why a text got its topic: asked on request, nothing is stored."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from app.errors import AppError, Kind

if TYPE_CHECKING:
    from app.classify.loading import Readers
    from app.classify.taxonomy import Known


def explain_topic(readers: Readers, known: Known, text: str) -> dict[str, Any]:
    """What the most probable topic of a text rests on, by the reader of now.

    Args:
        readers: From the runtime's tools.
        known: From `taxonomy.load_known`, read in a session that is closed again before this is called.
        text: The words of one mention. Hostile: so is what comes back of them.

    Returns:
        text (as the model sees it), topic, confidence, given (whether it is sure enough), nearest, labelled,
        similarity, words (word, weight, start, end in that text), runner_up (label, confidence) or None.

    Raises:
        AppError: `no_taxonomy`: there are no topics yet.
    """
    reader = readers.current(known)
    if reader.topics is None:
        message = "There are no topics yet. Publish a taxonomy, or apply a company document that has topics."
        raise AppError(Kind.CONFLICT, "no_taxonomy", message)
    seen, given, why = reader.explain(text)
    return {"text": seen, "given": given, **asdict(why)}
