"""The quota of a source: only deliveries that it has signed count, so that a forger cannot use it up."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response

from app.api.bodies import OpenRoute, StrictRequest
from app.api.deps import now_of
from app.api.quotas import Quotas


class HookRoute(OpenRoute):
    """A route that takes deliveries of the source in its address."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap the handler."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            answer = await handler(request)
            if request.method == "POST" and answer.status_code < 300:  # noqa: PLR2004 - what was verified and kept
                _, request.state.standing = _quotas(request).take(request.path_params["source"], now_of(request))
            return answer

        return handle

    async def admit(self, request: StrictRequest) -> None:
        """Refuse before anything is read or verified, if the source has used up its quota.

        Raises:
            AppError: ``quota_exceeded`` (rate limited).
        """
        standing = _quotas(request).look(request.path_params["source"], now_of(request))
        if request.method == "POST" and not standing.left:
            request.state.standing = standing
            raise _quotas(request).exceeded()


def _quotas(request: Request) -> Quotas:
    quotas: Quotas = request.app.state.hook_quotas
    return quotas
