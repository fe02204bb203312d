from statistics import median
from time import perf_counter_ns

import pytest

from app.domain.actor import OPERATOR
from app.errors import AppError
from app.ingest.receive import verify_delivery
from app.ingest.sources import NewSource, create_source
from app.payloads.delivery import RawDelivery

KEY = "a secret for tests that is long enough"


@pytest.mark.slow
def test_t18_an_unknown_hook_is_as_slow_as_a_wrong_signature(database, now):
    with database.writing() as session:
        source, _ = create_source(session, now, OPERATOR, NewSource("tool", "typeform"), KEY)
    delivery = RawDelivery(b"{}" * 500, {"typeform-signature": "sha256=" + "A" * 43 + "="})
    taken = {None: [], source: []}
    for _ in range(2_000):
        for which, times in taken.items():
            begun = perf_counter_ns()
            with pytest.raises(AppError):
                verify_delivery(which, delivery, now, KEY)
            times.append(perf_counter_ns() - begun)
    unknown, wrong = (median(times) for times in taken.values())
    assert 0.5 < unknown / wrong < 2
