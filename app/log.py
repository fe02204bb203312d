"""Structured logs without customer text or secrets: one event name, flat facts, one line each."""

import logging
import sys
from typing import cast

import structlog


def configure_logs(level: str, form: str) -> None:
    """Send every log line to standard error, as JSON (`json`) or for people (`text`)."""
    # JSON escapes by itself what could be taken for another line or turn the terminal's colours.
    escaped: list[structlog.typing.Processor] = [] if form == "json" else [_escape]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
    )
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *escaped, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    # Alembic tells at each look which database it looks at; HTTP clients tell whole addresses and headers.
    for talkative in ("alembic", "httpx", "httpx2", "httpcore", "httpcore2"):
        logging.getLogger(talkative).setLevel(max(root.level, logging.WARNING))


def _escape(_logger: object, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {name: _printable(value) if name != "exception" else value for name, value in event.items()}


def _printable(value: object) -> object:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in value)


def get_logger(room: str) -> structlog.stdlib.BoundLogger:
    """A logger that marks its lines with the room they come from."""
    return cast("structlog.stdlib.BoundLogger", structlog.get_logger(room=room))
