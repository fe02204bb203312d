"""How jobs are written into the database: JSON, so that who can write a row cannot run code by it."""

import json
from datetime import datetime
from typing import Any

from dbos import Serializer

_TIME = "$time"
_FAILURE = "$failure"


class JobFailed(Exception):  # noqa: N818 - a past event, named like the log line it becomes
    """A job ended badly; carries the class of the error only, since messages may repeat customer text."""


class JsonSerializer(Serializer):
    """Plain JSON, with times and failures marked; anything else is refused when it is written."""

    def serialize(self, data: Any) -> str:  # noqa: ANN401 - the base's signature
        """One job's arguments, result or failure as JSON."""
        return json.dumps(data, default=_mark, separators=(",", ":"))

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: ANN401, N805 - the base's signature
        """The value back; tuples come back as lists."""
        return json.loads(serialized_data, object_hook=_unmark)

    def name(self) -> str:
        """What the database says beside each value."""
        return "closeloop_json"


def _mark(value: object) -> dict[str, str]:
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    if isinstance(value, JobFailed):
        return {_FAILURE: str(value)}
    if isinstance(value, BaseException):
        return {_FAILURE: type(value).__name__}
    raise TypeError(f"{type(value).__name__} has no place in a job")


def _unmark(value: dict[str, Any]) -> Any:  # noqa: ANN401 - whatever it was
    if _TIME in value:
        return datetime.fromisoformat(value[_TIME])
    if _FAILURE in value:
        return JobFailed(value[_FAILURE])
    return value
