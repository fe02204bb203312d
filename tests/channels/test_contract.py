"""Every channel keeps the contract: its examples are replayed."""

import pytest
from pydantic import BaseModel, SecretStr

from app.channels.contract import choosable, open_senders, subscribable
from app.plugins import load_plugin, plugin_names
from app.settings import Settings

CHANNELS = plugin_names("app.channels")


def test_the_five_channels_are_there():
    assert {"log", "email", "slack", "teams", "webhook"} <= set(CHANNELS)


@pytest.mark.parametrize("name", CHANNELS)
def test_every_example_renders_as_it_says(name):
    channel = load_plugin("app.channels", name)
    assert channel.EXAMPLES
    for example in channel.EXAMPLES:
        rendered = channel.render(channel.Config(**example.config), example.message)
        assert rendered == channel.render(channel.Config(**example.config), example.message)
        for text in example.shows:
            assert text in rendered.decode()


@pytest.mark.parametrize("name", CHANNELS)
def test_a_config_is_frozen_and_strict(name):
    config = load_plugin("app.channels", name).Config
    assert issubclass(config, BaseModel)
    assert config.model_config["frozen"]
    assert config.model_config["extra"] == "forbid"


def test_only_what_is_set_up_gets_a_sender(tmp_path):
    assert set(open_senders(Settings(data_dir=tmp_path))) == {"log"}
    mail = Settings(data_dir=tmp_path, smtp_url=SecretStr("smtp://localhost:2525"))
    assert set(open_senders(mail)) == {"log", "email"}


def test_each_channel_takes_notices_or_events_or_both():
    assert choosable() == ("email", "slack", "teams")
    assert subscribable() == ("slack", "teams", "webhook")
