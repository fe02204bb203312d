from datetime import date, timedelta
from xml.etree import ElementTree as ET

from app.ui.charts import Mark, Size, Week, effect_chart, impact_chart, saving_bar, sparkline
from app.ui.standalone import standalone


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
    sizes = [Size("This change", 0.66, 0.55, 0.79, "change"), Size("Late delivery", 1.02, 0.9, 1.15, "control")]
    svg = effect_chart(sizes, 0.25)
    assert "This change: -34 per cent, 95 per cent interval -45 to -21" in svg
    assert "Late delivery: +2 per cent" in svg
    circles = [node for node in ET.fromstring(str(svg)).iter() if node.tag == "circle"]  # noqa: S314 - our own
    assert len(circles) == 2


def test_an_endless_interval_stays_inside_the_picture():
    svg = ET.fromstring(str(effect_chart([Size("This change", 1.0, 0.01, 900.0, "change")], 0.3)))  # noqa: S314
    (line,) = [node for node in svg.iter() if node.get("class") == "interval"]
    assert 18 <= float(line.get("x1")) < float(line.get("x2")) <= 342


def test_the_weeks_ahead_carry_the_expectation_but_no_dot():
    ahead = [Week(date(2026, 4, 13) + timedelta(weeks=n), None, 41.0, 30.0, 52.0, "ahead") for n in range(3)]
    svg = str(impact_chart([*_weeks(), *ahead], title="t"))
    assert svg.count("<circle") == 13
    assert "None" not in svg


def test_what_else_happened_stands_under_the_axis_with_its_words():
    marks = [Mark(date(2026, 2, 2), "the source <crm> began to send"), Mark(date(2030, 1, 1), "far away")]
    svg = ET.fromstring(str(impact_chart(_weeks(), title="t", marks=marks)))  # noqa: S314 - our own
    found = [node for node in svg.iter() if node.get("class") == "mark"]
    assert found[0].find("title").text == "2026-02-02: the source <crm> began to send"
    assert len(found) == 2


def test_a_chart_as_a_file_is_svg_with_its_colours_inside():
    text = standalone(impact_chart(_weeks(), title="t"))
    root = ET.fromstring(text)  # noqa: S314 - our own
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "stroke:#4450c8" in text
    assert root.find("{http://www.w3.org/2000/svg}title").text == "t"


def test_a_saving_says_its_range():
    assert "2.5 a week, 80 per cent range -1.0 to 6.0" in saving_bar(2.5, -1.0, 6.0, 6.0)


def test_a_sparkline_names_its_highest_week():
    assert "highest 9" in sparkline([1, 9, 4])
