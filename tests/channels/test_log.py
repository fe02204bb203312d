"""The log channel: a file that anybody can follow."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from app.channels import log
from app.channels.contract import ChannelError
from app.settings import Settings

MESSAGE = log.EXAMPLES[0].message


@pytest.fixture
def config(tmp_path):
    return log.configure(Settings(data_dir=tmp_path, public_url="https://cl.example/"))


def test_a_notice_is_one_json_line(config):
    log.send(config, MESSAGE)
    log.send(config, replace(MESSAGE, key="other", subject="two\nlines é", item_id=None))
    first, second = (json.loads(line) for line in config.path.read_text().splitlines())
    assert (first["key"], first["link"]) == (MESSAGE.key, "https://cl.example/items/7")
    assert (second["subject"], second["link"]) == ("two\nlines é", None)


def test_the_file_is_for_its_owner_only(config):
    log.send(config, MESSAGE)
    assert config.path.stat().st_mode & 0o077 == 0


def test_lines_of_several_workers_do_not_mix(config):
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: log.send(config, replace(MESSAGE, key=str(n), body="x" * 5000)), range(100)))
    assert sorted(int(json.loads(line)["key"]) for line in config.path.read_text().splitlines()) == list(range(100))


def test_a_file_that_cannot_be_written_is_a_reason_to_try_again(config):
    config.path.mkdir()
    with pytest.raises(ChannelError, match=r"notices.jsonl cannot be written") as caught:
        log.send(config, MESSAGE)
    assert not caught.value.permanent
