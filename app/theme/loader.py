"""Where the station reaches for the model library: late, so that the web process stays small."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.theme.extract import Discover


def load_discover() -> Discover:
    """The function that finds recurring problems among texts."""
    from classifiers.themes.discover import discover  # noqa: PLC0415 - loads the model library: only workers do

    return discover
