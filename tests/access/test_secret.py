from concurrent.futures import ThreadPoolExecutor

import pytest

from app.access.secret import FILE_NAME, derive_key, read_secret
from app.errors import AppError
from app.settings import Settings


@pytest.fixture
def settings(tmp_path):
    return Settings(data_dir=tmp_path / "fresh" / "data")


def test_the_first_start_makes_a_secret_that_only_its_user_reads(settings):
    made = read_secret(settings)
    file = settings.data_dir / FILE_NAME
    assert len(made) >= 40
    assert file.stat().st_mode & 0o077 == 0
    assert read_secret(settings) == made


def test_processes_that_start_at_once_agree(settings):
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: read_secret(settings), range(16)))) == 1


def test_a_secret_that_was_set_wins_and_leaves_no_file(settings):
    given = settings.model_copy(update={"secret_key": Settings(secret_key="long enough to be one").secret_key})
    assert read_secret(given) == "long enough to be one"
    assert not (settings.data_dir / FILE_NAME).exists()


def test_t74_a_secret_that_can_be_guessed_is_refused(tmp_path):
    with pytest.raises(AppError) as raised:
        read_secret(Settings(data_dir=tmp_path, secret_key="short"))
    assert raised.value.code == "weak_secret_key"
    assert "short" not in raised.value.message.split()


def test_a_data_directory_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AppError) as raised:
        read_secret(Settings(data_dir=tmp_path / "file" / "data"))
    assert raised.value.code == "secret_key_unreadable"


def test_keys_of_two_purposes_differ():
    assert derive_key("secret", "cursors") != derive_key("secret", "others")
    assert derive_key("secret", "cursors") == derive_key("secret", "cursors")


@pytest.mark.parametrize(
    "given",
    [
        "changeme-changeme", "CHANGE_ME_IN_PRODUCTION", "please-replace-this-key", "your-secret-key-here", "a" * 64,
        "0123456789abcdef0123456789abcdef", "insecure-development-key", "supersecretsupersecret", "ab" * 10,
    ],
)  # fmt: skip
def test_t74_a_placeholder_refuses_to_start(tmp_path, given):
    with pytest.raises(AppError) as raised:
        read_secret(Settings(data_dir=tmp_path, secret_key=given))
    assert raised.value.code == "weak_secret_key"
    assert given not in raised.value.message


def test_t74_without_a_secret_a_random_one_is_made_and_no_two_are_alike(tmp_path):
    made = {read_secret(Settings(data_dir=tmp_path / str(k))) for k in range(3)}
    assert len(made) == 3
