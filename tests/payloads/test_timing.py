import inspect
import random
import time
from statistics import fmean, variance

import pytest

from app.payloads import verifying
from app.payloads.verifying import verify

SAMPLES = 10_000
LIMIT = 4.5


@pytest.mark.slow
def test_t20_how_wrong_a_signature_is_cannot_be_told_from_the_time(senders, now):
    """Welch's t between signatures that are wrong from the first byte on and those wrong in the last one only."""
    for name in ("typeform", "bearer"):
        sender = senders[name]
        delivery = sender.send()
        header = next(key for key in ("typeform-signature", "authorization") if key in delivery.headers)
        value = delivery.headers[header]
        begin = value.index("=") + 1 if "=" in value[:8] else len("Bearer ")
        early = value[:begin] + ("B" if value[begin] != "B" else "C") + value[begin + 1 :]
        late = value[:-2] + ("B" if value[-2] != "B" else "C") + value[-1]
        # Where an object lies in memory is felt too: each attempt has its own, now the one, now the other made first.
        pairs = [_made(delivery, header, (early, late), attempt) for attempt in range(8)]
        smallest = min(abs(_apart(sender, pair, now)) for pair in pairs)
        assert smallest < LIMIT, name


def _made(delivery, header, values, attempt):
    made = {}
    for which in (0, 1) if attempt % 2 else (1, 0):
        copied = "".join(list(values[which]))
        made[which] = type(delivery)(delivery.body, delivery.headers | {header: copied}, url=delivery.url)
    return made


def _apart(sender, made, now):
    order = [which for which in (0, 1) for _ in range(SAMPLES)]
    random.Random(20_261_126).shuffle(order)  # noqa: S311 - an order, not a secret
    taken = ([], [])
    for which in order:
        begun = time.perf_counter_ns()
        assert not verify(sender.auth, made[which], [sender.secret], now)
        taken[which].append(time.perf_counter_ns() - begun)
    kept = [sorted(times)[: int(SAMPLES * 0.9)] for times in taken]  # interruptions say nothing
    spread = sum(variance(times) / len(times) for times in kept)
    return (fmean(kept[0]) - fmean(kept[1])) / spread**0.5


def test_t20_signatures_and_tokens_are_compared_by_the_library_that_takes_constant_time():
    for compares in (verifying._is_signed, verifying._has_token):
        source = inspect.getsource(compares)
        assert "hmac.compare_digest(" in source
        assert "==" not in source
