"""Makes native items of rows, by the columns' map; a row that does not fit says why."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any

from app.domain.feedback import Medium
from app.errors import AppError
from app.ingest.dates import DateReader
from app.ingest.mapping import DATE_FIELDS, ColumnMap
from app.ingest.prepared import content_id
from app.payloads.native import NativeItem, known_parts, read_item

_PLACEHOLDER = "-"


class RowRefusedError(Exception):
    """This row cannot become an item; the text says why without repeating its words."""


@dataclass(frozen=True)
class RowReader:
    """Makes an item of a row.

    Attributes:
        columns: Which column is which field.
        dates: How to read the columns of instants.
        medium: Counts where a row names none.
        assumed_at: Stands in where the file has no date column.
        off_scale: Counts per metric the answers that were no number on its scale (often "don't know").
    """

    columns: ColumnMap
    dates: Mapping[str, DateReader]
    medium: Medium
    assumed_at: datetime
    off_scale: Counter[str] = field(default_factory=Counter)

    @property
    def dated(self) -> bool:
        """Whether the file says when things were said."""
        return "occurred_at" in self.columns.columns

    def item(self, cells: Mapping[str, object]) -> NativeItem:
        """The item of one row.

        Raises:
            RowRefusedError: It has no usable date, id or words.
        """
        draft: dict[str, Any] = {"medium": self.medium, "occurred_at": self.assumed_at}
        for name, column in self.columns.columns.items():
            self._fill(draft, name, cells.get(column))
        has_id = "external_id" in draft
        draft.setdefault("external_id", _PLACEHOLDER)
        if "text" in self.columns.columns:
            draft.setdefault("text", "")
        segment = draft.pop("segment", None)
        if "customer" in draft:
            draft["customer"] = {"ref": draft["customer"]} | ({} if segment is None else {"segment": segment})
        try:
            item = read_item(draft)
        except AppError as error:
            raise RowRefusedError(error.message) from None
        return item if has_id else item.model_copy(update={"external_id": content_id(item, dated=self.dated)})

    def _fill(self, draft: dict[str, Any], name: str, value: object) -> None:
        if name == "turns":
            draft["turns"] = _turns(value)
        elif name in DATE_FIELDS:
            self._fill_instant(draft, name, value)
        elif name.startswith("score:"):
            self._add_score(draft, name.removeprefix("score:"), value)
        elif name.startswith("attributes."):
            if value not in (None, ""):
                draft.setdefault("attributes", {})[name.removeprefix("attributes.")] = value
        elif name == "text":
            draft["text"] = _text(value)
        elif (plain := _plain(name, value)) is not None:
            draft[name] = int(plain) if name == "version" and plain.isdecimal() else plain

    def _fill_instant(self, draft: dict[str, Any], name: str, value: object) -> None:
        if value in (None, "") and name != "occurred_at":
            return
        try:
            draft[name] = self.dates[name].read(value)
        except (ValueError, OverflowError):
            missing = "has no date" if value in (None, "") else "has a date that cannot be read"
            raise RowRefusedError(f"the row {missing} in column {self.columns.columns[name]}") from None

    def _add_score(self, draft: dict[str, Any], metric: str, value: object) -> None:
        if value in (None, ""):
            return
        low, high = self.columns.scales[metric]
        number = _number(value)
        if number is None or not low <= number <= high:
            self.off_scale[metric] += 1
            return
        draft.setdefault("scores", []).append({"metric": metric, "value": number, "min": low, "max": high})


def _turns(value: object) -> object:
    if not isinstance(value, list) or not value:
        raise RowRefusedError("the row has no list of turns")
    kept = known_parts({"turns": value})
    return kept["turns"] if isinstance(kept, dict) else value


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowRefusedError("the row's text is not a text")
    return str(value)


def _plain(name: str, value: object) -> str | None:
    """An id or name as it is written; numbers keep their digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if not isinstance(value, str):
        raise RowRefusedError(f"the row's {name} is neither a text nor a whole number")
    return value.strip().lower() if name == "medium" else value.strip()


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value.strip().replace(",", ".") if isinstance(value, str) else value)
    except ValueError:
        return None
    return number if isfinite(number) else None
