import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.ingest.items import Status, accept_items
from app.store.tables import Feedback, Score, Turn


@pytest.fixture
def accept(database, source, now):
    def run(*items, **options):
        with database.writing() as session:
            return accept_items(session, now, source, items, **options)

    return run


@pytest.fixture
def stored(database):
    def read(external_id="r-1"):
        with database.reading() as session:
            row = session.scalars(select(Feedback).where(Feedback.external_id == external_id)).one()
            turns = session.scalars(select(Turn).where(Turn.feedback_id == row.id).order_by(Turn.position)).all()
            scores = session.scalars(select(Score).where(Score.feedback_id == row.id).order_by(Score.position)).all()
        return row, turns, scores

    return read


def _statuses(outcomes):
    return [outcome.status for outcome in outcomes]


def test_a_new_item_is_stored_with_its_turns_scores_and_facts(accept, stored, make_item, now):
    item = make_item(
        version=3,
        question="What went wrong?",
        scores=[{"metric": "nps", "value": 0, "min": 0, "max": 10}],
        customer={"ref": "C-1", "segment": "private"},
        case_id="000123456789012345678901",
        attributes={"country": "DE", "orders": 9007199254740993, "premium": False},
    )
    (outcome,) = accept(item)
    row, turns, scores = stored()
    assert (outcome.status, outcome.feedback_id) == (Status.CREATED, row.id)
    assert (row.version, row.content_rev, row.state, row.received_at) == (3, 1, "pending", now)
    assert (row.customer_ref, row.segment, row.case_ref) == ("C-1", "private", "000123456789012345678901")
    assert row.attributes == {"country": "DE", "orders": 9007199254740993, "premium": False}
    assert row.attributes["premium"] is False
    assert [(turn.role, turn.text) for turn in turns] == [("customer", "The parcel came late.")]
    assert [(score.metric, score.value, score.low, score.high) for score in scores] == [("nps", 0, 0, 10)]


def test_the_same_item_again_adds_nothing(accept, stored, make_item):
    first = accept(make_item(version=1))
    again = accept(make_item(version=1))
    assert _statuses(again) == [Status.DUPLICATE]
    assert again[0].feedback_id == first[0].feedback_id
    assert stored()[0].content_rev == 1


def test_a_newer_version_replaces_words_and_scores_and_is_due_again(database, accept, stored, make_item):
    accept(make_item(version=1, scores=[{"metric": "csat", "value": 1, "min": 1, "max": 5}]))
    with database.writing() as session:
        session.get(Feedback, stored()[0].id).state = "labelled"
    assert _statuses(accept(make_item(version=2, text="It arrived after all."))) == [Status.UPDATED]
    row, turns, scores = stored()
    assert (row.version, row.content_rev, row.state) == (2, 2, "pending")
    assert [turn.text for turn in turns] == ["It arrived after all."]
    assert scores == []


def test_t81_an_update_that_arrives_before_its_original_wins(accept, stored, make_item):
    accept(make_item(version=2, text="new"))
    assert _statuses(accept(make_item(version=1, text="old"))) == [Status.STALE]
    assert [turn.text for turn in stored()[1]] == ["new"]


def test_t82_an_update_without_comment_takes_the_comment_away(accept, stored, make_item):
    accept(make_item(version=1))
    accept(make_item(version=2, text=""))
    assert stored()[1] == []


def test_the_same_version_with_other_content_is_a_conflict_and_changes_nothing(accept, stored, make_item):
    accept(make_item(version=1))
    (outcome,) = accept(make_item(version=1, text="Something else."))
    assert (outcome.status, outcome.code, outcome.is_stored) == (Status.CONFLICT, "version_conflict", False)
    assert "Something" not in outcome.message
    assert [turn.text for turn in stored()[1]] == ["The parcel came late."]


def test_update_times_count_as_versions_to_the_microsecond(accept, stored, make_item):
    accept(make_item(updated_at="2026-09-15T12:00:00.000002Z", text="new"))
    assert _statuses(accept(make_item(updated_at="2026-09-15T14:00:00.000001+02:00", text="old"))) == [Status.STALE]
    assert stored()[0].version % 1_000_000 == 2


def test_several_versions_in_one_batch_end_with_the_newest(accept, stored, make_item):
    outcomes = accept(
        make_item(version=1, text="one"),
        make_item(version=3, text="three"),
        make_item(version=2, text="two"),
        make_item(version=3, text="three"),
        make_item(version=3, text="other"),
    )
    assert _statuses(outcomes) == [Status.STALE, Status.CREATED, Status.STALE, Status.DUPLICATE, Status.CONFLICT]
    assert [turn.text for turn in stored()[1]] == ["three"]


def test_a_thousand_items_twice_are_a_thousand_items(database, accept, make_item):
    items = [make_item(f"r-{number}") for number in range(1_000)]
    assert set(_statuses(accept(*items))) == {Status.CREATED}
    assert set(_statuses(accept(*items))) == {Status.DUPLICATE}
    with database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Feedback)) == 1_000


def test_t87_a_time_a_year_ahead_is_refused_and_its_neighbours_are_not(accept, make_item):
    outcomes = accept(
        make_item("r-1", occurred_at="2027-09-15T12:00:00Z"),
        make_item("r-2", occurred_at="2026-09-16T11:00:00Z"),
        make_item("r-3", updated_at="2031-01-01T00:00:00Z"),
    )
    assert _statuses(outcomes) == [Status.REFUSED, Status.CREATED, Status.REFUSED]
    assert outcomes[0].code == "time_in_future"


def test_a_time_that_we_assumed_is_no_part_of_the_content(accept, make_item):
    accept(make_item(), dated=False)
    assert _statuses(accept(make_item(occurred_at="2026-09-16T01:00:00Z"), dated=False)) == [Status.DUPLICATE]


def test_personal_numbers_are_gone_before_anything_is_stored(accept, stored, make_item):
    accept(
        make_item(
            turns=[{"role": "customer", "text": "Write to jo@example.org", "speaker": "jo@example.org"}],
            question="Was jo@example.org right?",
            attributes={"note": "iban DE89 3704 0044 0532 0130 00"},
        )
    )
    row, turns, _ = stored()
    assert (turns[0].text, turns[0].speaker) == ("Write to [email]", "[email]")
    assert (row.question, row.attributes) == ("Was [email] right?", {"note": "iban [iban]"})


def test_items_of_another_source_are_other_items(database, accept, make_item, source, now):
    accept(make_item())
    with database.writing() as session:
        other = type(source)(key="shop", connector="native", config={}, created_at=now)
        session.add(other)
        session.flush()
        assert _statuses(accept_items(session, now, other, [make_item(text="Other")])) == [Status.CREATED]


def test_changes_wake_the_next_room_once_and_duplicates_do_not(database, source, make_item, now):
    heard = []
    database.enqueue = lambda _session, station, key: heard.append((station, key))
    with database.writing() as session:
        accept_items(session, now, source, [make_item("a"), make_item("b")])
    with database.writing() as session:
        accept_items(session, now, source, [make_item("a"), make_item("b")])
    assert [station for station, _ in heard] == ["label"]


def test_t80_a_hundred_concurrent_posts_of_one_item_make_one_item(database, accept, make_item):
    outcomes, failures = [], []

    def post():
        try:
            outcomes.extend(accept(make_item(version=1)))
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)

    _run_threads([post] * 100, at_once=20)
    assert failures == []
    assert sorted(_statuses(outcomes)) == [Status.CREATED] + [Status.DUPLICATE] * 99


def test_shuffled_versions_from_many_threads_end_with_the_newest_of_each(database, accept, make_item):
    posts = [make_item(f"r-{n}", version=v, text=f"v{v}") for n in range(15) for v in range(1, 6)]
    posts = posts[::2] + posts[1::2][::-1]
    failures = []

    def post(items):
        try:
            accept(*items)
        except Exception as error:  # noqa: BLE001 - shown by the assertion
            failures.append(error)

    _run_threads([lambda part=posts[start::10]: post(part) for start in range(10)], at_once=10)
    assert failures == []
    with database.reading() as session:
        found = session.execute(select(Feedback.version, Turn.text).join(Turn, Turn.feedback_id == Feedback.id)).all()
    assert [tuple(row) for row in found] == [(5, "v5")] * 15


def _run_threads(tasks, at_once):
    for start in range(0, len(tasks), at_once):
        threads = [threading.Thread(target=task) for task in tasks[start : start + at_once]]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


def test_t87_words_of_a_clock_that_is_ahead_count_from_their_arrival(database, source, make_item, now):
    ahead = (now + timedelta(hours=2)).isoformat()
    item = make_item(occurred_at=ahead, attributes={"country": "DE"})
    with database.writing() as session:
        assert [one.status for one in accept_items(session, now, source, [item])] == [Status.CREATED]
        assert [one.status for one in accept_items(session, now, source, [item])] == [Status.DUPLICATE]
        row = session.scalars(select(Feedback)).one()
        assert row.occurred_at == now
        assert row.attributes == {"country": "DE", "sender_clock_ahead": ahead}
