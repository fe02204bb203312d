"""`closeloop evaluate themes`: texts in, recurring problems out, by the same discovery as the station's."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.domain.json_lines import BadLines, check_text, read_lines
from app.errors import AppError, Kind
from app.files import lines_of, open_answers

if TYPE_CHECKING:
    from classifiers.embedders.encoder import Encoder
    from classifiers.themes.discover import Group

SMALLEST = 5

FAR = 0.3
"""Similarity to the nearest theme's centre below which a text tells of something else."""

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

    started = time.perf_counter()
    rows = [(row["id"], row["text"]) for row in read_lines(lines_of(source), source.name, check_text, bad)]
    said = [at for at, (_, text) in enumerate(rows) if has_content(text)]
    texts = [rows[at][1] for at in said]
    themes: dict[int, tuple[str, str]] = {}
    groups: list[Group] = []
    if texts:
        vectors = _encoder(model).encode([clean(text) for text in texts], layers=False).vectors
        groups, members = group_texts(texts, vectors, smallest=smallest)
        for number, (group, own) in enumerate(zip(groups, members, strict=True), start=1):
            themes |= {said[member]: (f"t{number}", group.name) for member in own}
    with open_answers(out, source) as file:
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


def group_texts(
    texts: Sequence[str], vectors: np.ndarray, *, smallest: int = SMALLEST
) -> tuple[list[Group], list[list[int]]]:
    """Groups, and all texts of each: those that found it, and what is left over and nearest to it, if near at all.

    Args:
        texts: As they were written.
        vectors: Their unit vectors, shape (n, dim).
        smallest: Texts that make a theme.
    """
    from classifiers.themes.discover import discover  # noqa: PLC0415 - loaded when it is needed

    groups = discover(texts, vectors, smallest=smallest)
    members = [list(group.members) for group in groups]
    left = np.setdiff1d(np.arange(len(texts)), [member for own in members for member in own])
    if groups and len(left):
        near = vectors[left] @ np.stack([group.centroid for group in groups]).T
        for text, nearest, similarity in zip(left, near.argmax(axis=1), near.max(axis=1), strict=True):
            if similarity >= FAR:
                members[int(nearest)].append(int(text))
    return groups, members


def _encoder(model: str) -> Encoder:
    from classifiers.contract import ClassifierError  # noqa: PLC0415 - loads the model libraries
    from classifiers.embedders.encoder import Encoder  # noqa: PLC0415

    try:
        return Encoder(model)
    except ClassifierError as error:
        raise AppError(Kind.UNAVAILABLE, "model_unavailable", str(error)) from error
