"""Several workers over the same subscriptions, while events keep happening: each arrives once, in order."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from app.act.deliver import FAST_LANE, SLOW_LANE
from app.act.happenings import tell
from app.act.subscribe import NewSubscription, create_subscription
from app.channels.contract import open_endpoint
from app.domain.actor import OPERATOR
from app.domain.happenings import Happening
from app.outbound.guard import Guard
from app.outbound.networks import read_networks
from app.settings import Settings
from app.store.subscription_tables import Dispatch

WORKERS, EVENTS, ENDPOINTS = 3, 8, 3


class Tools:
    secret_key = "a secret for tests that is long enough"
    guard = Guard(read_networks("127.0.0.0/8"))

    def open_endpoint(self, kind, endpoint):
        return open_endpoint(Settings(), kind, endpoint)


def left(database):
    with database.reading() as session:
        return session.query(Dispatch).filter_by(state="pending").count()


def test_several_workers_deliver_each_event_once_and_in_order(database, receiver, now):
    with database.writing() as session:
        for number in range(ENDPOINTS):
            new = NewSubscription("x", "webhook", f"{receiver.url}/{number}")
            create_subscription(session, now, OPERATOR, new, Tools.secret_key)
    start = Barrier(WORKERS + 1)

    def tell_all():
        start.wait(timeout=30)
        for number in range(EVENTS):
            with database.writing() as session:
                tell(session, now, Happening.CLOSED, f"action_item:{number}", number=number)

    def deliver():
        start.wait(timeout=30)
        while not telling.done() or left(database):
            for lane in (FAST_LANE, SLOW_LANE):
                with database.writing() as session:
                    batch = lane.claim(session, now)
                if batch is not None:
                    outcome = lane.work(batch, Tools())
                    with database.writing() as session:
                        lane.record(session, now, outcome)

    with ThreadPoolExecutor(WORKERS + 1) as pool:
        telling = pool.submit(tell_all)
        working = [pool.submit(deliver) for _ in range(WORKERS)]
        for each in [telling, *working]:
            each.result(timeout=60)
    for number in range(ENDPOINTS):
        told = [json.loads(body)["data"]["number"] for path, _, body in receiver.got if path == f"/{number}"]
        assert told == list(range(EVENTS))
