"""The real service with a small stand-in for the model, which may kill itself with SIGKILL at one chosen place, once.

Usage: service.py MARKER STAGE; the settings come from the environment as always. A file at MARKER says that it has died
already.
"""

import os
import signal
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from app.cli.serving import leave, serve_runtime
from app.engine.running import Pace
from app.log import configure_logs
from app.pipeline import STATIONS, Station
from app.runtime import Runtime, Tools, build_runtime
from app.settings import read_settings
from classifiers.contract import Mention, Reading

HURRY = Pace(poll_s=0.05, beat_s=0.5, dead_after_s=2.0, take_over="* * * * * *")


class Reader:
    """Calls everything one complaint about the first topic, or about none where there is none."""

    def __init__(self, topics):
        self._topic = topics[0].key if topics else None
        self.fingerprint = f"stand-in-{self._topic}.0"

    def read(self, conversations, _questions):
        return [Reading((self._mention(turns[0].text),)) for turns in conversations]

    def _mention(self, text):
        vector = np.zeros(384, dtype=np.float16)
        vector[0] = 1.0
        judged = {"sentiment": -0.8, "sentiment_label": "negative", "sentiment_confidence": 0.9}
        judged |= {"complaint": True, "complaint_confidence": 0.9, "friction": None, "friction_confidence": 0.9}
        return Mention(0, 0, len(text), self._topic, 0.9, **judged, vector=vector)


class StandIn(Tools):
    @property
    def readers(self):
        return SimpleNamespace(
            encoder=lambda: SimpleNamespace(fingerprint="x"),
            current=lambda known: Reader(known.specs()),
            known=None,
            failure=None,
        )


def die_once(marker):
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def dying(station, stage, marker):
    """The same station, but it kills its process at the stage that is meant for it."""
    module = station.module

    def claim_and_die(session, now):
        batch = module.claim(session, now)
        if batch is not None:
            die_once(marker)  # before the claim's transaction ends: nothing of it is left
        return batch

    def work_and_die(batch, tools):
        outcome = module.work(batch, tools)
        die_once(marker)
        return outcome

    def work_without_end(batch, tools):
        if not marker.exists():
            marker.touch()
            threading.Event().wait(600)
        return module.work(batch, tools)

    planted = {
        ("label", "stuck"): {"work": work_without_end},
        ("unpack", "accepted"): {"claim": claim_and_die},
        ("label", "labelling"): {"work": work_and_die},
        ("match", "labelled"): {"claim": claim_and_die},
        ("deliver_slow", "delivered"): {"work": work_and_die},  # it has arrived, and nobody has noted it
    }
    if station.name == "relabel" and stage in {"relabelling", "swapping"}:
        functions = _killed_while_relabelling(module, stage, marker)
    elif station.name == "load":
        functions = _killed_while_importing(module, marker).get(stage)
    else:
        functions = planted.get((station.name, stage))
    if functions is None:
        return station
    parts = {name: getattr(module, name) for name in ("claim", "work", "record", "release") if hasattr(module, name)}
    return Station(station.name, SimpleNamespace(**parts | functions), station.wakes, station.every)


def _killed_while_relabelling(module, stage, marker):
    def work_and_die(batch, tools):
        outcome = module.work(batch, tools)
        if stage == "relabelling":
            die_once(marker)
        return outcome

    def record_and_die(session, now, outcome):
        module.record(session, now, outcome)
        if stage == "swapping" and not outcome.batch.texts:
            die_once(marker)  # all of it was swapped in, but the transaction has not ended

    return {"work": work_and_die, "record": record_and_die}


def _killed_while_importing(module, marker):
    def work_and_die(batch, tools):
        outcome = module.work(batch, tools)
        if batch.position:
            die_once(marker)  # one chunk is stored, the next one is read and not stored
        return outcome

    def record_and_die(session, now, outcome):
        module.record(session, now, outcome)
        if outcome.position:
            die_once(marker)  # before the chunk's transaction ends: nothing of it is left

    return {"reading": {"work": work_and_die}, "storing": {"record": record_and_die}}


def main():
    marker, stage = Path(sys.argv[1]), sys.argv[2]
    settings = read_settings()
    configure_logs(settings.log_level, settings.log_format)
    built = build_runtime(settings)
    runtime = Runtime(settings, built.database, built.clock, StandIn(settings))
    leave(clean=serve_runtime(runtime, stations=[dying(station, stage, marker) for station in STATIONS], pace=HURRY))


if __name__ == "__main__":
    main()
