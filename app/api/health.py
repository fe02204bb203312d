"""Probes for operators: alive, ready (with reasons), and numbers for Prometheus. No key, no customer data."""

import time
from collections.abc import Iterator, Mapping
from typing import cast

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.deps import EdgeRuntime, runtime_of
from app.classify.loading import Readers
from app.store.health import Waiting, drift_alarms, heartbeat_ages, waiting_rows
from app.store.imports import count_imports
from app.store.migrate import schema_revisions
from app.store.subscriptions import count_subscriptions

WORKER_SILENT_S = 60.0
WAITS_LONG_S = 600.0

router = APIRouter(include_in_schema=False)


@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers; says nothing of what it depends on, so that a database outage restarts nothing."""
    return {"status": "alive"}


@router.get("/readyz")
def ready(request: Request) -> JSONResponse:
    """Whether requests can be served; 503 with reasons if not. Warnings do not make it unready."""
    reasons, warnings = _judge(runtime_of(request))
    readers: Readers | None = request.app.state.readers
    if readers is not None and readers.failure is not None:
        warnings = [*warnings, f"Texts wait, because the model cannot be loaded: {readers.failure}"]
    return JSONResponse(
        {"ready": not reasons, "reasons": reasons, "warnings": warnings},
        status_code=503 if reasons else 200,
        headers={"Cache-Control": "no-store"},
    )


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Numbers in Prometheus's text format."""
    registry = cast("CollectorRegistry", request.app.state.metrics)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def install_health(app: FastAPI) -> None:
    """Add the probes and the registry that `/metrics` prints; `app` must have its runtime."""
    registry = CollectorRegistry(auto_describe=False)
    ProcessCollector(registry=registry)
    registry.register(_Rows(app.state.runtime))
    app.state.metrics = registry
    app.include_router(router)


class Counted:
    """ASGI middleware that counts and times requests by route template: addresses as sent would name people."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        """Wrap `app`; the numbers go to `registry`."""
        self._app = app
        labels = ["method", "route", "status"]
        self._requests = Counter("closeloop_http_requests", "Requests answered.", labels, registry=registry)
        self._seconds = Histogram("closeloop_http_seconds", "Time to the answer's end.", ["route"], registry=registry)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun, status = time.perf_counter(), 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            route = getattr(scope.get("route"), "path_format", "unmatched")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            self._requests.labels(method, route, str(status)).inc()
            self._seconds.labels(route).observe(time.perf_counter() - begun)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class _Rows(Collector):
    """Reads the database at each scrape: the rows are the queue."""

    def __init__(self, runtime: EdgeRuntime) -> None:
        self._runtime = runtime

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("closeloop_database_up", "Whether the database answers.")
        try:
            with self._runtime.database.reading() as session:
                waiting, beats, alarms = waiting_rows(session), heartbeat_ages(session), drift_alarms(session)
                subscribed, imported = count_subscriptions(session), count_imports(session)
        except SQLAlchemyError:
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield _gauge("closeloop_drift_alarm", "Whether a drift alarm is on.", "statistic", alarms)
        yield _gauge("closeloop_subscriptions", "Subscriptions by state.", "state", subscribed)
        yield _gauge("closeloop_imports", "Imports by state.", "state", imported.jobs)
        yield _gauge("closeloop_import_rows", "Rows of imports by what became of them.", "outcome", imported.rows)
        yield from self._families(waiting, beats)

    def _families(self, waiting: list[Waiting], beats: list[float]) -> Iterator[Metric]:
        now = self._runtime.clock.now()
        rows = GaugeMetricFamily("closeloop_rows", "Rows by state.", labels=["table", "state"])
        age = GaugeMetricFamily("closeloop_oldest_seconds", "How long the oldest row has waited.", labels=["table"])
        for table in waiting:
            age.add_metric([table.table], table.age_s(now))
            for state, count in table.states.items():
                rows.add_metric([table.table, state], count)
        alive = sum(beat < WORKER_SILENT_S for beat in beats)
        yield rows
        yield age
        yield GaugeMetricFamily("closeloop_workers", "Workers with a fresh heartbeat.", value=alive)


def _gauge(name: str, told: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, told, labels=[label])
    for value, number in values.items():
        family.add_metric([value], number)
    return family


def _judge(runtime: EdgeRuntime) -> tuple[list[str], list[str]]:
    try:
        here, newest = schema_revisions(runtime.database.engine)
    except SQLAlchemyError:
        return ["The database does not answer: check that it runs and that CLOSELOOP_DATABASE_URL is right."], []
    if here != newest:
        return [
            f"The database is at schema {here or 'none'}, this release needs {newest}: run `closeloop migrate`."
        ], []
    now, warnings = runtime.clock.now(), []
    try:
        with runtime.database.reading() as session:
            waiting, beats, alarms = waiting_rows(session), heartbeat_ages(session), drift_alarms(session)
    except SQLAlchemyError:
        return ["The database stopped answering."], []
    if not beats or beats[0] >= WORKER_SILENT_S:
        warnings.append("No worker is alive: what comes in is kept, but nothing is read. Start `closeloop work`.")
    warnings.extend(
        f"The oldest waiting row of {table.table} has waited {int(table.age_s(now))} s."
        for table in waiting
        if table.age_s(now) > WAITS_LONG_S
    )
    on = [statistic for statistic, alarm in alarms.items() if alarm]
    if on:
        warnings.append(f"Last week is not like the weeks before: {', '.join(on)}. See GET /v1/model.")
    return [], warnings
