"""A document is read whole or refused with every problem's path, line and what to do."""

import pytest

from app.errors import AppError, Kind
from app.processes.reader import MAX_BYTES, read_document


def refused(text):
    with pytest.raises(AppError) as caught:
        read_document(text)
    return caught.value


def problems(text):
    error = refused(text)
    assert error.kind is Kind.INVALID
    assert error.code == "invalid_document"
    return {problem["path"]: problem["message"] for problem in error.facts["problems"]}


def test_the_documented_example_is_valid(example):
    assert [owner.key for owner in example.owners] == ["clara", "jonas", "mira", "tomas"]
    assert example.owners[1].absences[0].first.isoformat() == "2026-08-03"
    assert example.processes[0].steps[1].owners[0].owner == "mira"
    assert example.ladder[2].to == "second_manager"
    assert example.fallback_owner == "clara"


def test_bytes_with_a_byte_order_mark_are_read(example, example_yaml):
    assert read_document(b"\xef\xbb\xbf" + example_yaml.encode()) == example


def test_the_error_names_path_line_and_near_keys(example_yaml):
    error = refused(example_yaml.replace("then: {owner: clara", "then: {owner: klara", 1))
    line = next(n for n, text in enumerate(example_yaml.splitlines(), 1) if "then: {owner: clara" in text)
    assert error.facts["problems"] == [
        {
            "path": "rules[0].then.owner",
            "line": line,
            "message": "there is no owner with the key klara; did you mean clara?",
        }
    ]
    assert str(error) == f"line {line}, rules[0].then.owner: there is no owner with the key klara; did you mean clara?"


def test_all_problems_are_told_at_once(example_yaml):
    broken = example_yaml.replace("deputy: mira", "deputy: nobody").replace("step: refund\n", "step: refunds\n")
    assert set(problems(broken)) == {"owners[1].deputy", "topics[0].step"}


@pytest.mark.parametrize(
    ("old", "new", "path", "message"),
    [
        ("rules:", "rulez:", "rulez", "did you mean rules"),
        ("key: returns", "key: Returns", "processes[0].key", "lower-case"),
        ("mon-thu:", "mo-th:", "calendars[0].week.mo-th", "mon-fri"),
        ("mon-thu:", "thu-mon:", "calendars[0]", "runs backwards"),
        ("mon-thu:", "mon-fri:", "calendars[0]", "fri is written twice"),
        ('"09:00-12:30"', '"09:00-14:30"', "calendars[0]", "do not overlap"),
        ('["09:00-15:00"]', '["22:00-06:00"]', "calendars[0].week.fri[0]", "split a night shift"),
        ('["09:00-15:00"]', "[540]", "calendars[0].week.fri[0]", "quotes"),
        ("zone: Europe/Berlin", "zone: Europe/Berln", "calendars[0]", "did you mean Europe/Berlin"),
        ("country: DE", "country: Germany", "calendars[0].holidays.country", "ISO 3166"),
        ("country: DE", "country: QQ", "calendars[0].holidays", "no holidays are known for country QQ"),
        ("subdivision: BE", "subdivision: XX", "calendars[0].holidays", "no subdivision of that name"),
        ("email: jonas@example.com", "email: jonas", "owners[1].email", "name@example.com"),
        ("until: 2026-08-21", "until: 2026-08-01", "owners[1].absences[0]", "before `from`"),
        ("deputy: mira", "deputy: jonas", "owners[1].deputy", "own deputy"),
        (
            "clara@example.com, calendar: berlin",
            "clara@example.com, calendar: berlin, manager: mira",
            "owners[0].manager",
            "comes back to its start",
        ),
        ("stage: own", "stage: owned", "processes[0].stage", "did you mean own"),
        ("{owner: mira, until: 2026-03-01}", "{owner: mira}", "processes[0].steps[1].owners", "at the same time"),
        ("parent: refund_speed", "parent: refund_amount", "topics[1].parent", "comes back to its start"),
        ("key: refund_amount", "key: refund_speed", "topics[1].key", "taken by an earlier entry"),
        ("[process_opacity]", "[opacity]", "rules[0].when.friction[0]", "process_opacity"),
        ("goal: 8 hours", "goal: 8 weeks", "rules[2].then.goal", "5 days"),
        ("goal: 8 hours", "goal: 8 days", "rules[2].then", "goal comes after the deadline"),
        ("{to: deputy, after", "{to: deputy, owner: clara, after", "ladder[0]", "one of them"),
        ("min_people: 3", "min_people: 0", "thresholds.min_people", "greater than or equal to 1"),
        ("min_people: 3", "min_people: true", "thresholds.min_people", "whole number"),
        ("fallback_owner: clara", "fallback_owner:", "fallback_owner", "text"),
        ("version: 1", "version: 1\nversion: 1", "version", "written twice"),
        ("{team: desk, deadline", "{team: dask, deadline", "rules[1].then.team", "did you mean desk"),
        ("{team: desk, deadline", "{team: desk, owner: clara, deadline", "rules[1].then", "not to both"),
        ("{team: desk, from", "{team: desc, from", "processes[0].steps[1].owners[2].team", "did you mean desk"),
        ("{team: desk, from", "{team: desk, owner: mira, from", "processes[0].steps[1].owners[2]", "one of them"),
        ("[{owner: mira}", "[{owner: mirra}", "teams[0].members[0].owner", "did you mean mira"),
        ("[{owner: mira}", "[{owner: tomas}", "teams[0].members", "are in desk at the same time"),
        (
            "{owner: jonas, from: 2027-01-04}",
            "{owner: jonas}",
            "owners[2].managers",
            "are managers of mira at the same time",
        ),
        (
            "{owner: jonas, from: 2027-01-04}",
            "{owner: mira, from: 2027-01-04}",
            "owners[2].managers",
            "back to its start",
        ),
        ("manager: clara\n", "manager: mira\n", "owners[1].manager", "comes back to its start"),
        ("    managers: ", "    manager: clara\n    managers: ", "owners[2]", "not both"),
        ("until: 2027-04-01", "until: 2026-01-01", "owners[3]", "comes after `from`"),
        ("fallback_owner: clara", "fallback_owner: tomas", "fallback_owner", "the fallback owner is always there"),
        ('hours: "13:00-24:00"', 'hours: "13-24"', "owners[1].absences[1].hours", "opening hours look like"),
        ("min_growth: 1.5", "min_growth: fast", "rules[1].when.min_growth", "number"),
        ("[high, critical]", "[severe]", "rules[1].when.severity[0]", "critical"),
        ("{metric: nps, min_detractors: 0.5}", "{metric: nps}", "rules[1].when.score", "how low"),
        ("min_detractors: 0.5", "min_detractors: 50", "rules[1].when.score.min_detractors", "less than or equal to 1"),
        ("min_growth: 1.5", "min_complaints: 9, max_complaints: 8", "rules[1].when", "no theme can be both"),
        ("move_open: unanswered", "move_open: some", "reorganisation.move_open", "unanswered"),
    ],
)
def test_each_mistake_is_named_where_it_is(example_yaml, old, new, path, message):
    assert old in example_yaml
    broken = example_yaml.replace(old, new)
    told = problems(broken)
    assert path in told
    assert message in told[path]


def test_a_missing_fallback_owner_is_refused(example_yaml):
    text = "\n".join(line for line in example_yaml.splitlines() if not line.startswith("fallback_owner"))
    assert problems(text) == {"fallback_owner": "this is missing: add it"}


def test_words_that_yaml_1_1_would_turn_into_other_things_stay_words(example_yaml):
    norway = example_yaml.replace("{country: DE, subdivision: BE}", "{country: NO}")
    assert read_document(norway).calendars[0].holidays.country == "NO"
    switch = example_yaml.replace("name: Refund\n", "name: on\n")
    assert read_document(switch).processes[0].steps[1].name == "on"
    times = example_yaml.replace("name: Return label", "name: 12:30")
    assert read_document(times).processes[0].steps[0].name == "12:30"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "mapping"),
        ("[]", "mapping"),
        ("a: [", "not YAML"),
        ("a: 1\n\tb: 2", "not YAML"),
        ("--- {}\n--- {}", "not YAML"),
        ("a: \x00", "characters that YAML does not allow"),
        ('a: "\\0"', "control characters"),
        ('a: "\\ud800"', "control characters"),
        ("a: !!python/object/apply:os.system [ls]", "tags (!)"),
        ("a: &x {b: 1}\nc: *x", "anchors and aliases"),
        ("a: &x [1]\nb: {<<: {c: 1}}", "plain words"),
        ("? [a, b]\n: 1", "plain words"),
        ("[" * 100_000, "nested"),
        ("a: " + "[" * 40 + "]" * 40, "nested deeper"),
        (b"\xff\xfe\x00a", "not UTF-8"),
    ],
    ids=lambda value: value[:12] if isinstance(value, str) else "bytes",
)
def test_hostile_or_broken_yaml_is_refused(text, message):
    assert any(message in told for told in problems(text).values())


def test_a_document_over_the_limit_is_refused_before_it_is_parsed():
    error = refused("#" * (MAX_BYTES + 1))
    assert error.kind is Kind.TOO_LARGE
    assert error.code == "document_too_large"


def test_a_thousand_laughs_are_not_expanded():
    lines = ["l0: &l0 [lol, lol]", *(f"l{n}: &l{n} [*l{n - 1}, *l{n - 1}]" for n in range(1, 60))]
    assert any("anchors and aliases" in told for told in problems("\n".join(lines)).values())
