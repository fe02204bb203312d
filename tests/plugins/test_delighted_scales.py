"""Delighted sends six kinds of survey in one field; each keeps its own scale."""

import json

import pytest

from app.connectors import delighted
from app.payloads.delivery import RawDelivery


@pytest.mark.parametrize(
    ("kind", "value", "score"),
    [
        ("nps", 0, ("nps", 0, 0, 10)),
        ("csat", 1, ("csat", 1, 1, 5)),
        ("ces", 7, ("ces", 7, 1, 7)),
        ("five_star", 5, ("stars", 5, 1, 5)),
        ("smileys", 2, ("smileys", 2, 1, 5)),
        ("thumbs", 0, ("thumbs", 0, 0, 1)),
    ],
)
def test_t85_the_scale_follows_the_kind_of_survey(kind, value, score):
    response = {"id": "1", "score": value, "survey_type": kind, "created_at": 1_772_000_000, "comment": None}
    event = {"event_type": "survey_response.created", "event_id": "e", "event_data": response}
    (item,) = delighted.parse(RawDelivery(json.dumps(event).encode()), delighted.Config())
    (found,) = item.scores
    assert (found.metric, found.value, found.min, found.max) == score
