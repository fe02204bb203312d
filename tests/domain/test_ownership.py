"""Somebody is always named, and it is the right one for the day."""

from datetime import UTC, date, datetime

from app.domain.ownership import Absence, Holding, Named, Ownerships, Person

NOW = datetime(2026, 9, 16, 9, tzinfo=UTC)
AWAY = (Absence(date(2026, 9, 14), date(2026, 9, 18)),)


def person(number, **more):
    return Person(id=number, key=f"p{number}", name=f"Person {number}", calendar_id=1, zone="Europe/Berlin", **more)


def everybody(*people, holdings=(), fallback=9):
    return Ownerships({one.id: one for one in (*people, person(9))}, tuple(holdings), fallback)


def here(ownerships, number, at=NOW):
    return ownerships.stand_in(Named(ownerships.people[number], ("named",)), at).person.id


def test_the_owner_of_the_step_comes_before_the_owner_of_the_process():
    known = everybody(person(1), person(2), holdings=[Holding(7, None, 1), Holding(7, 70, 2)])
    assert known.owner_at(7, 70, NOW).person.id == 2
    assert known.owner_at(7, 71, NOW).person.id == 1
    assert known.owner_at(7, None, NOW).person.id == 1


def test_what_nobody_owns_goes_to_the_fallback_owner_who_is_told_why():
    known = everybody(person(1), holdings=[Holding(7, None, 1)])
    for process in (8, None):
        named = known.owner_at(process, None, NOW)
        assert named.person.id == 9
        assert named.fallback
        assert "nobody owns" in named.why[0]


def test_ownership_follows_the_day():
    handover = date(2026, 9, 16)
    known = everybody(
        person(1), person(2), holdings=[Holding(7, None, 1, until=handover), Holding(7, None, 2, since=handover)]
    )
    assert known.owner_at(7, None, datetime(2026, 9, 15, 23, 59, tzinfo=UTC)).person.id == 1
    assert known.owner_at(7, None, datetime(2026, 9, 16, 0, 0, tzinfo=UTC)).person.id == 2


def test_an_owner_who_has_left_owns_nothing():
    known = everybody(person(1, active=False), holdings=[Holding(7, None, 1)])
    assert known.owner_at(7, None, NOW).person.id == 9


def test_the_deputy_stands_in_while_the_owner_is_away():
    known = everybody(person(1, deputy_id=2, absences=AWAY), person(2))
    named = known.stand_in(Named(known.people[1], ("Person 1 owns the step",)), NOW)
    assert named.person.id == 2
    assert named.why == ("Person 1 owns the step", "Person 1 is away: Person 2 stands in")
    assert here(known, 1, datetime(2026, 9, 21, 9, tzinfo=UTC)) == 1


def test_absence_is_counted_in_days_of_the_owners_zone():
    known = everybody(person(1, deputy_id=2, absences=AWAY), person(2))
    assert here(known, 1, datetime(2026, 9, 13, 21, 59, tzinfo=UTC)) == 1
    assert here(known, 1, datetime(2026, 9, 13, 22, 0, tzinfo=UTC)) == 2
    assert here(known, 1, datetime(2026, 9, 18, 21, 59, tzinfo=UTC)) == 2
    assert here(known, 1, datetime(2026, 9, 18, 22, 0, tzinfo=UTC)) == 1


def test_the_deputys_deputy_is_next_and_circles_end_at_the_manager():
    known = everybody(
        person(1, deputy_id=2, manager_id=4, absences=AWAY),
        person(2, deputy_id=3, absences=AWAY),
        person(3, deputy_id=1, absences=AWAY),
        person(4),
    )
    assert here(known, 1) == 4


def test_with_everybody_away_the_fallback_owner_is_named_even_when_away():
    known = everybody(person(1, deputy_id=2, manager_id=3, absences=AWAY), person(2, absences=AWAY), fallback=3)
    away = Ownerships({**known.people, 3: person(3, absences=AWAY)}, (), 3)
    assert here(away, 1) == 3


def test_managers_are_found_level_by_level_and_circles_end():
    known = everybody(person(1, manager_id=2), person(2, manager_id=3), person(3, manager_id=1))
    assert known.manager_of(known.people[1], NOW).id == 2
    assert known.manager_of(known.people[1], NOW, 2).id == 3
    assert known.manager_of(known.people[1], NOW, 3) is None
