import pytest
from argon2 import extract_parameters
from argon2.low_level import Type

from app.access.passwords import _NOBODYS, hash_password, is_password
from app.errors import AppError

GOOD = "violet kettle marching"


def test_a_password_is_kept_as_argon2id_with_the_parameters_of_owasp():
    kept = hash_password(GOOD)
    found = extract_parameters(kept)
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (Type.ID, 19456, 2, 1)
    assert GOOD not in kept
    assert kept != hash_password(GOOD)


@pytest.mark.parametrize(
    "password", [GOOD, "ünïcödé 密码 🗝 тест", " spaces at both ends ", "".join(map(chr, range(200, 1224)))]
)
def test_a_password_is_taken_exactly_as_it_was_typed(password):
    kept = hash_password(password)
    assert is_password(kept, password)
    for other in (password.strip() + "x", password.upper() + "!", password[:-1]):
        assert not is_password(kept, other)


@pytest.mark.parametrize("password", ["", "elevenchars", "x7!" * 342])
def test_a_password_has_twelve_to_1024_characters(password):
    with pytest.raises(AppError) as raised:
        hash_password(password)
    assert raised.value.code == "bad_password"


@pytest.mark.parametrize(
    "password",
    [
        "password1234", "Password!!!!", "P@ssw0rd2026!", "passwordpassword", "123456789012", "qwertyuiop12",
        "abcabcabcabc", "aaaaaaaaaaaaa", "iloveyou12345", "Welcome123456", "letmein-please", "1q2w3e4r5t6y",
        "correct horse battery staple", "abcdefghijklmn", "Closeloop2026", "summer2026!!", "mira.kaya1234",
        "example.com1", "administrator",
    ],
)  # fmt: skip
def test_what_everybody_tries_first_is_refused(password):
    with pytest.raises(AppError) as raised:
        hash_password(password, "mira.kaya", "mira.kaya@example.com")
    assert raised.value.code == "common_password"
    assert password not in raised.value.message


def test_there_is_no_rule_about_kinds_of_characters():
    assert is_password(hash_password("onlysmallletters"), "onlysmallletters")


def test_nothing_opens_an_account_without_a_password():
    assert not is_password(None, GOOD)
    assert not is_password(None, "")
    assert not is_password("not a hash", GOOD)


def test_t52_comparing_with_nobodys_password_is_the_same_work():
    assert extract_parameters(_NOBODYS) == extract_parameters(hash_password(GOOD))
