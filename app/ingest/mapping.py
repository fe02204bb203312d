"""Which column of a file is which field of the native item: guessed from names, or told."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from app.errors import AppError, Kind

# Names as `plain_name` writes them, the best first. English, and the German of survey and ticket exports.
_SYNONYMS = """
external_id = external_id id response_id responseid submission_id feedback_id comment_id review_id ticket_id message_id
  conversation_id call_id uuid key nummer nr antwort_id
turns = turns
text = text comment comments customer_comment verbatim feedback feedback_text review review_text message body answer
  response free_text freetext open_text content description complaint narrative tweet kommentar kommentare freitext
  bemerkung bemerkungen rückmeldung nachricht beschreibung antwort
occurred_at = occurred_at created_at created date datetime timestamp time submitted_at submitted submit_date submitdate
  response_date recorded_date survey_date review_date received_at completed_at start started_at datum zeit zeitpunkt
  zeitstempel erstellt erstellt_am eingang eingegangen_am
question = question question_text prompt frage fragetext
customer = customer customer_ref customer_id customer_no customerid client client_id user user_id respondent
  respondent_id contact_id account_id member_id person kunde kunden_id kundennummer kundennr teilnehmer
case_id = case_id case order_id order order_no order_number claim_id claim vorgang auftrag bestellung
segment = segment customer_segment kundensegment
language = language lang locale sprache
medium = medium
updated_at = updated_at modified_at last_modified geändert_am aktualisiert_am
score:nps = nps nps_score
score:csat = csat csat_score
score:ces = ces ces_score
score:stars = stars star_rating sterne
"""
_GUESSES: Mapping[str, list[str]] = {
    name: names.split() for name, names in re.findall(r"^([\w:]+) = (.*(?:\n  .*)*)", _SYNONYMS, flags=re.MULTILINE)
}

SCALES = {"nps": (0.0, 10.0), "csat": (1.0, 5.0), "ces": (1.0, 7.0), "stars": (1.0, 5.0)}
"""Scales that need not be told."""

PLAIN_FIELDS = ("version", *(name for name in _GUESSES if ":" not in name))
DATE_FIELDS = ("occurred_at", "updated_at")

_METRIC = re.compile(r"[a-z][a-z0-9_]{0,31}")
_WITH_SCALE = re.compile(r"(?P<column>.+):(?P<low>-?\d+(?:\.\d+)?):(?P<high>-?\d+(?:\.\d+)?)", re.DOTALL)
_ATTRIBUTE = "attributes."
_SCORE = "score:"


@dataclass(frozen=True)
class ColumnMap:
    """Fields and their columns.

    Attributes:
        columns: Field -> column; fields as `--map` writes them.
        scales: Metric -> lowest and highest value.
    """

    columns: Mapping[str, str]
    scales: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def map_columns(columns: Sequence[str], told: Iterable[str], *, unguessed: Iterable[str] = ()) -> ColumnMap:
    """Map a file's columns.

    Args:
        columns: The file's.
        told: `FIELD=COLUMN` each; for scores `score:NAME=COLUMN` or `score:NAME=COLUMN:MIN:MAX`.
        unguessed: Fields that are left out unless they are told.

    Raises:
        AppError: A field or column is unknown, or neither text nor turns are found; the message lists what there is.
    """
    found: dict[str, str] = {}
    scales: dict[str, tuple[float, float]] = {}
    for entry in told:
        name, column, scale = _told(entry, columns)
        if name in found:
            raise AppError(Kind.INVALID, "mapped_twice", f"{name} is mapped twice: keep one --map {name}=...")
        found[name] = column
        if scale is not None:
            scales[name.removeprefix(_SCORE)] = scale
    _guess(found, columns, frozenset(unguessed))
    for name in found:
        metric = name.removeprefix(_SCORE)
        if metric != name and metric not in scales:
            scales[metric] = SCALES[metric]
    if "text" not in found and "turns" not in found:
        message = f'No column looks like the text. Columns: {_list(columns)}. Say which: --map text="{columns[0]}"'
        raise AppError(Kind.INVALID, "text_not_found", message)
    if "turns" in found:
        found.pop("text", None)
    return ColumnMap(found, scales)


def plain_name(column: str) -> str:
    """A column's name for comparing: lower case, words joined by `_`."""
    return re.sub(r"[\W_]+", "_", re.sub(r"(?<=[a-zß-ÿ])(?=[A-Z])", "_", column).lower()).strip("_")


def _guess(found: dict[str, str], columns: Sequence[str], unguessed: frozenset[str]) -> None:
    taken = set(found.values())
    by_name: dict[str, str] = {}
    for column in columns:
        if column not in taken:
            by_name.setdefault(plain_name(column), column)
    for name, synonyms in _GUESSES.items():
        if name not in found and name not in unguessed:
            known = next((synonym for synonym in synonyms if synonym in by_name), None)
            if known is not None:
                found[name] = by_name.pop(known)


def _told(entry: str, columns: Sequence[str]) -> tuple[str, str, tuple[float, float] | None]:
    name, equals, column = entry.partition("=")
    name = name.strip()
    if not equals:
        raise AppError(Kind.INVALID, "bad_mapping", "A mapping is written FIELD=COLUMN, e.g. --map text=Comment")
    metric = name.removeprefix(_SCORE) if name.startswith(_SCORE) else None
    known = name in PLAIN_FIELDS or (metric and _METRIC.fullmatch(metric)) or name.removeprefix(_ATTRIBUTE) != name
    if not known:
        fields = ", ".join((*PLAIN_FIELDS, "score:NAME", "attributes.NAME"))
        raise AppError(Kind.INVALID, "unknown_field", f"There is no field of that name. Fields: {fields}.")
    scale = None
    if metric is not None and column not in columns and (parts := _WITH_SCALE.fullmatch(column)):
        column, scale = parts["column"], (float(parts["low"]), float(parts["high"]))
    if column not in columns:
        raise AppError(Kind.INVALID, "unknown_column", f"There is no column for {name}. Columns: {_list(columns)}.")
    if metric is not None and scale is None and metric not in SCALES:
        message = f"The scale of {metric} is not known: --map score:{metric}={column}:MIN:MAX, e.g. :1:5"
        raise AppError(Kind.INVALID, "unknown_scale", message)
    if scale is not None and scale[0] >= scale[1]:
        raise AppError(Kind.INVALID, "unknown_scale", f"The scale of {metric} must have MIN below MAX.")
    return name, column, scale


def _list(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)
