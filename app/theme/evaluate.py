"""`closeloop evaluate themes`: texts in, recurring problems out, by the same discovery as the station's."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.json_lines import BadLines, check_text, read_lines
from app.errors import AppError, Kind
from app.files import lines_of, open_answers

if TYPE_CHECKING:
    from classifiers.embedders.encoder import Encoder

SMALLEST = 5

Summary = dict[str, float | int | None]


def evaluate_themes(model: str, source: Path, out: Path, bad: BadLines, *, smallest: int = SMALLEST) -> Summary:
    """Group texts by what they are about.

    Args:
        model: As the setting of the same name: `packaged`, a folder or a hub name.
        source: Lines with id and text.
        out: Gets a line with id, theme (t1 is the largest) or null, and its name for each line read.
        bad: What becomes of bad lines.
        smallest: Texts that make a theme.

    Raises:
        AppError: `bad_line`, `unreadable_input` or `model_unavailable`.
    """
    from classifiers.text.clean import clean, has_content  # noqa: PLC0415 - loaded when they are needed
    from classifiers.themes.discover import discover  # noqa: PLC0415

    started = time.perf_counter()
    rows = [(row["id"], row["text"]) for row in read_lines(lines_of(source), source.name, check_text, bad)]
    said = [at for at, (_, text) in enumerate(rows) if has_content(text)]
    texts = [rows[at][1] for at in said]
    themes: dict[int, tuple[str, str]] = {}
    groups = []
    if texts:
        vectors = _encoder(model).encode([clean(text) for text in texts], layers=False).vectors
        groups = discover(texts, vectors, smallest=smallest)
        for number, group in enumerate(groups, start=1):
            themes |= {said[member]: (f"t{number}", group.name) for member in group.members}
    with open_answers(out) as file:
        for at, (identity, _) in enumerate(rows):
            theme, name = themes.get(at, (None, None))
            file.write(json.dumps({"id": identity, "theme": theme, "name": name}) + "\n")
    return {
        "texts": len(rows),
        "themes": len(groups),
        "share_unassigned": round(1 - len(themes) / len(rows), 4) if rows else None,
        "texts_per_s": round(len(rows) / max(time.perf_counter() - started, 1e-9), 1),
        "bad_lines": len(bad.named),
    }


def _encoder(model: str) -> Encoder:
    from classifiers.contract import ClassifierError  # noqa: PLC0415 - loads the model libraries
    from classifiers.embedders.encoder import Encoder  # noqa: PLC0415

    try:
        return Encoder(model)
    except ClassifierError as error:
        raise AppError(Kind.UNAVAILABLE, "model_unavailable", str(error)) from error
