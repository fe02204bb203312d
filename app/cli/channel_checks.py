"""What the doctor says of the ways out: the chats, and what may be quoted."""

from collections.abc import Iterator

from app.channels.contract import verbatims_of
from app.cli.checks import Finding, State
from app.errors import AppError
from app.outbound.guard import NoAnswer, guard_of
from app.plugins import plugin_names
from app.settings import Settings


def check_channels(settings: Settings) -> Iterator[Finding]:
    """Whether the settings of channels can be read, and whether the chats' addresses may be asked."""
    try:
        guard = guard_of(settings)
        for name in plugin_names("app.channels"):
            verbatims_of(settings, name)
    except AppError as error:
        yield Finding("channels", State.FAILED, error.message, "Correct that variable.")
        return
    for name, url in (("slack", settings.slack_url), ("teams", settings.teams_url)):
        if url is None:
            continue
        try:
            guard.check(url.get_secret_value())
        except AppError as error:
            yield Finding(name, State.FAILED, error.message, f"Correct CLOSELOOP_{name.upper()}_URL.")
        except NoAnswer as error:
            mend = f"Check CLOSELOOP_{name.upper()}_URL, and that this machine can look up names."
            yield Finding(name, State.FAILED, str(error), mend)
        else:
            yield Finding(name, State.OK, "its address may be asked")
