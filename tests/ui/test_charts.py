from datetime import date, timedelta
from xml.etree import ElementTree as ET

from app.ui.charts import Week, effect_chart, impact_chart, sparkline


def _weeks():
    start = date(2026, 1, 5)
    phases = ["before"] * 8 + ["rollout"] + ["after"] * 5
    return [
        Week(start + timedelta(weeks=i), 40.0 - 15 * (phase == "after"), 41.0, 30.0, 52.0, phase)
        for i, phase in enumerate(phases)
    ]


def test_the_impact_chart_is_well_formed_and_has_one_dot_a_counted_week():
    svg = ET.fromstring(str(impact_chart(_weeks(), title="Down 34 % <since> June")))  # noqa: S314 - our own
    circles = [node for node in svg.iter() if node.tag == "circle"]
    assert len(circles) == 13
    assert svg.find("title").text == "Down 34 % <since> June"


def test_no_chart_carries_colours_or_numbers_that_are_none():
    weeks = [Week(date(2026, 1, 5), None, None, None, None, "before"), *_weeks()]
    for narrow in (False, True):
        svg = impact_chart(weeks, title="t", narrow=narrow)
        assert "nan" not in svg.lower()
        assert "None" not in svg
        assert "style=" not in svg
        assert "fill=" not in svg


def test_a_higher_rate_stands_higher():
    svg = ET.fromstring(str(impact_chart(_weeks(), title="t")))  # noqa: S314 - our own
    heights = [float(node.get("cy")) for node in svg.iter() if node.tag == "circle"]
    assert heights[0] < heights[-1]


def test_an_empty_history_draws_nothing_wrong():
    ET.fromstring(str(impact_chart([], title="t")))  # noqa: S314 - our own
    assert sparkline([3]) == ""


def test_the_effect_says_its_interval_in_words():
    assert "-34 per cent, 95 per cent interval -45 to -21" in effect_chart(0.66, 0.55, 0.79, 0.25)


def test_a_sparkline_names_its_highest_week():
    assert "highest 9" in sparkline([1, 9, 4])
