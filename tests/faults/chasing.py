"""A worker that chases owners through simulated days and dies by SIGKILL, now and then, wherever it stands.

Usage: chasing.py DATABASE_URL FROM UNTIL SENT SEED DEATHS; it goes from FROM to UNTIL (ISO) in steps of half an hour,
appends a line for each message that leaves to the file SENT, and may still die DEATHS times out of a hundred chances.
"""

import os
import random
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

from app.act import digest, escalate, gather, notify
from app.act import open as opening
from app.clock import SteppedClock
from app.pipeline import Station, run_station
from app.runtime import Runtime
from app.settings import Settings
from app.store.session import Database

CHASERS = (("open", opening), ("escalate", escalate), ("digest", digest), ("gather", gather), ("notify", notify))


class Fate:
    """Kills the process with a small chance each time it is asked."""

    def __init__(self, seed, percent):
        self._random, self._chance = random.Random(seed), percent / 100  # noqa: S311 - nobody is to be surprised by it

    def decide(self):
        if self._random.random() < self._chance:
            os.kill(os.getpid(), signal.SIGKILL)


def mortal(module, fate):
    """The same station, which may die before its claim is kept, around its work, and before it is recorded."""

    def claim(session, now):
        batch = module.claim(session, now)
        if batch is not None:
            fate.decide()
        return batch

    def work(batch, tools):
        fate.decide()
        outcome = module.work(batch, tools)
        fate.decide()
        return outcome

    def record(session, now, outcome):
        module.record(session, now, outcome)
        fate.decide()

    parts = {"claim": claim, "work": work, "record": record}
    if hasattr(module, "release"):
        parts["release"] = module.release
    return SimpleNamespace(**parts)


def main():
    url, start, end, sent, seed, deaths = sys.argv[1:]
    fate = Fate(seed, float(deaths))
    clock = SteppedClock(datetime.fromisoformat(start))

    def send(message):
        with Path(sent).open("a") as file:
            file.write(f"{clock.now().isoformat()} {message.owner} {message.key}\n")

    tools = SimpleNamespace(senders={"log": send}, secret_key="a secret for tests that is long enough")
    database = Database(url, synchronous="NORMAL")
    runtime = Runtime(Settings(), database, clock, tools)
    stations = [Station(name, mortal(module, fate), (), "* * * * *") for name, module in CHASERS]
    while clock.now() < datetime.fromisoformat(end):
        for station in stations:
            run_station(runtime, station)
        clock.set(clock.now() + timedelta(minutes=30))


main()
