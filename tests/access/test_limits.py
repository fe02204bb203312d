from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.access.limits import ACCOUNT, ADDRESS, give_back, network_of, sweep_limits, take_attempt
from app.errors import AppError, Kind
from app.store.people_tables import SignInLimit


def _wait(session, now, who="mira", bucket=ACCOUNT):
    with pytest.raises(AppError) as raised:
        take_attempt(session, now, bucket, who)
    assert raised.value.kind is Kind.RATE_LIMITED
    return raised.value.facts["retry_after"]


def _fill(session, now, who="mira", bucket=ACCOUNT):
    for _ in range(10):
        take_attempt(session, now, bucket, who)


def test_ten_attempts_are_free_and_then_one_every_six_minutes(session, now):
    _fill(session, now)
    assert _wait(session, now) == 360
    assert _wait(session, now + timedelta(minutes=5)) == 60
    take_attempt(session, now + timedelta(minutes=6), ACCOUNT, "mira")
    assert _wait(session, now + timedelta(minutes=6)) == 360
    take_attempt(session, now + timedelta(minutes=6), ACCOUNT, "jonas")


def test_asking_too_early_does_not_make_it_longer(session, now):
    _fill(session, now)
    assert {_wait(session, now) for _ in range(5)} == {360}


def test_the_right_password_forgets_the_wrong_ones(session, now):
    _fill(session, now)
    give_back(session, ACCOUNT, "mira", all_of_it=True)
    take_attempt(session, now, ACCOUNT, "mira")


def test_an_attempt_that_was_right_does_not_count_for_its_address(session, now):
    for _ in range(30):
        take_attempt(session, now, ADDRESS, "192.0.2.1")
        give_back(session, ADDRESS, "192.0.2.1")
    _fill(session, now, "192.0.2.1", ADDRESS)
    assert _wait(session, now, "192.0.2.1", ADDRESS) == 60


def test_neither_names_nor_addresses_are_kept_and_old_rows_go(session, now):
    take_attempt(session, now, ACCOUNT, "mira")
    assert "mira" not in session.scalars(select(SignInLimit.digest)).one()
    sweep_limits(session, now + timedelta(hours=2))
    assert session.scalar(select(func.count()).select_from(SignInLimit)) == 0


def test_a_v6_network_counts_as_one_address():
    assert network_of("2001:db8:1:2::5") == network_of("2001:db8:1:2:ffff::9") == "2001:db8:1:2::/64"
    assert network_of("2001:db8:1:3::5") != network_of("2001:db8:1:2::5")
    assert network_of("::ffff:192.0.2.1") == network_of("192.0.2.1") == "192.0.2.1"
    assert network_of("testclient") == network_of(None) == "unknown"


def test_t52_of_many_guesses_at_once_no_more_than_ten_are_looked_at(database, now):
    def guess(_):
        try:
            with database.writing() as session:
                take_attempt(session, now, ACCOUNT, "mira")
        except AppError as error:
            return error.kind
        return "looked at"

    with ThreadPoolExecutor(15) as pool:
        told = list(pool.map(guess, range(30)))
    assert (told.count("looked at"), told.count(Kind.RATE_LIMITED)) == (10, 20)
