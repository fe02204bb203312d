"""`Prefer: wait=N` (RFC 7240): the answer is held back until the item has been read, or the time is over."""

import asyncio
import json
import re
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from app.api.bodies import ApiRoute
from app.api.deps import runtime_of
from app.api.quotes import QuoteOut, show_quote
from app.domain.feedback import FeedbackState
from app.ingest.items import Status
from app.store.feedback import read_state
from app.store.quotes import feedback_quotes

LONGEST_S = 30
"""Seconds that an answer is held back at most, whatever is asked for."""
MOST_WAITING = 100
"""Requests of one process that wait at once; the others are answered at once, as if they had not asked."""

_WAIT = re.compile(r'(?:^|[,\s])wait\s*=\s*"?(\d{1,6})"?\s*(?:$|[,;\s])', re.IGNORECASE)
_OWN_WORDS = frozenset({Status.CREATED, Status.UPDATED, Status.DUPLICATE})
_LOOK_S = 0.1


class WaitingRoute(ApiRoute):
    """A route that stores one item, and waits for what is found in it if its sender prefers that.

    Nothing is held while it waits: no thread, no connection, no transaction.
    """

    _waiting = 0

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            answer, seconds = await handler(request), _preferred(request)
            if not seconds or self._waiting >= MOST_WAITING:
                return answer
            told = json.loads(bytes(answer.body))
            # Who sent an older version must not read the words of the newer one.
            if told.get("state") not in _OWN_WORDS:
                return answer
            self._waiting += 1
            try:
                found = await _wait(request, told["id"], seconds)
            finally:
                self._waiting -= 1
            return _with_mentions(answer, told, found, seconds)

        return handle


def _preferred(request: Request) -> int:
    found = _WAIT.search(",".join(request.headers.getlist("prefer")))
    return min(int(found[1]), LONGEST_S) if found else 0


async def _wait(request: Request, feedback_id: int, seconds: int) -> list[QuoteOut] | None:
    stopping: Callable[[], bool] = request.app.state.stopping
    end = asyncio.get_running_loop().time() + seconds
    while True:
        read, found = await run_in_threadpool(_look, request, feedback_id)
        if read or stopping() or asyncio.get_running_loop().time() >= end or await request.is_disconnected():
            return found
        await asyncio.sleep(_LOOK_S)


def _look(request: Request, feedback_id: int) -> tuple[bool, list[QuoteOut] | None]:
    """Whether there is nothing to wait for any more, and what was found."""
    with runtime_of(request).database.reading() as session:
        state = read_state(session, feedback_id)
        if state != FeedbackState.LABELLED:
            return state != FeedbackState.PENDING, None
        return True, [show_quote(quote) for quote in feedback_quotes(session, feedback_id)]


def _with_mentions(answer: Response, told: dict[str, Any], found: list[QuoteOut] | None, seconds: int) -> Response:
    headers = {name: value for name, value in answer.headers.items() if name != "content-length"}
    headers["Preference-Applied"] = f"wait={seconds}"
    if found is None:
        return Response(answer.body, answer.status_code, headers)
    told["mentions"] = [each.model_dump(mode="json") for each in found]
    return Response(json.dumps(told), 200, headers)
