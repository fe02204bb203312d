import pytest

from classifiers.contract import TopicSpec
from classifiers.reader import load_encoder


@pytest.fixture(scope="session")
def encoder():
    """Loading costs seconds: once for the whole run."""
    return load_encoder()


@pytest.fixture(scope="session")
def topics():
    return (
        TopicSpec("refunds", "Refund payment", "Whether and when money is paid back", ("My refund has not arrived",)),
        TopicSpec("delivery", "Delivery", "Whether the parcel comes on the promised day", ("The parcel is late",)),
        TopicSpec("phone", "Waiting on the phone", "Hold queues", ("I was on hold for an hour", "Nobody picks up")),
        TopicSpec("staff", "Staff", "How friendly the staff are", ("The cashier was rude", "Friendly advisers")),
    )
