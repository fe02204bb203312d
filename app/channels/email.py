"""E-mail by SMTP.

Set up with one URL: `smtp://user:password@mail.example:587` (STARTTLS; demanded as soon as there is a password),
`smtps://user:password@mail.example:465` (TLS from the first byte), or `smtp://localhost:25?starttls=never`. User and
password are percent-encoded. `?starttls=always` demands STARTTLS without a password; `&ca=/path/to/ca.pem` trusts an
authority of your own.
"""

from __future__ import annotations

import hashlib
import re
import smtplib
import ssl
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError

from app.channels.contract import (
    ChannelError,
    Example,
    Message,
    Part,
    item_link,
    paragraphs,
    verbatims_of,
)
from app.domain.quoting import Verbatims, choose_quotes
from app.errors import AppError, Kind
from app.settings import Settings

MAX_SUBJECT = 200
TIMEOUT_SECONDS = 10.0
_PORTS = {"smtp": 587, "smtps": 465}
_PERMANENT = range(500, 600)
_ADDRESS_LIKE = re.compile(r"(?<=:)(?=//)|(?<=\w\.)(?=[^\W\d])|(?<=\w)(?=@\w)")


class Config(BaseModel):
    """A mail server and who the mail is from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field(min_length=1)
    port: int = Field(ge=1, le=65535)
    tls: bool = False
    starttls: Literal["always", "if_offered", "never"] = "if_offered"
    user: str | None = None
    password: SecretStr | None = None
    ca: str | None = None
    sender: str
    base_url: str
    verbatims: Verbatims = Verbatims.REDACTED


def configure(settings: Settings) -> Config | None:
    """From `CLOSELOOP_SMTP_URL` and `CLOSELOOP_MAIL_FROM`; None without a URL.

    Raises:
        AppError: `bad_setting`; the URL itself is never repeated.
    """
    if settings.smtp_url is None:
        return None
    try:
        url = urlsplit(settings.smtp_url.get_secret_value())
        if url.scheme not in _PORTS or not url.hostname:
            raise _bad_url()
        sender = Address(addr_spec=settings.mail_from).addr_spec
        allowed = verbatims_of(settings, "email")
        own = {"sender": sender, "base_url": settings.base_url, "verbatims": allowed}
        return Config.model_validate(_parts(url) | own)
    except (ValueError, IndexError, MessageError, ValidationError) as error:
        raise _bad_url() from error


def render(config: Config, message: Message) -> bytes:
    """The mail as it goes over the wire; what cannot stand in a header is replaced, never passed through.

    Raises:
        ChannelError: The address is none that mail can be sent to.
    """
    return _mail(config, message).as_bytes()


def send(config: Config, message: Message) -> None:
    """Deliver one mail. Sent twice after a crash, it has the same Message-ID twice.

    Raises:
        ChannelError: With the server's code but without its words, which may repeat addresses.
    """
    mail = _mail(config, message)
    try:
        context = ssl.create_default_context(cafile=config.ca)
        with _connect(config, context) as server:
            if not config.tls:
                _start_tls(config, server, context)
            if config.user is not None and config.password is not None:
                server.login(config.user, config.password.get_secret_value())
            server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        codes = {code for code, _ in error.recipients.values()}
        reason = f"the mail server refused the recipient ({_listed(codes)})"
        raise ChannelError(reason, permanent=all(code in _PERMANENT for code in codes)) from None
    except smtplib.SMTPAuthenticationError as error:
        raise ChannelError(f"the mail server refused user and password ({error.smtp_code})") from None
    except smtplib.SMTPResponseException as error:
        reason = f"the mail server answered {error.smtp_code}"
        raise ChannelError(reason, permanent=error.smtp_code in _PERMANENT) from None
    except smtplib.SMTPException as error:
        raise ChannelError(f"the mail server does not speak as expected ({type(error).__name__})") from None
    except ssl.SSLError as error:
        raise ChannelError(
            f"no secure connection to the mail server ({error.reason or type(error).__name__})"
        ) from None
    except OSError as error:
        raise ChannelError(f"the mail server cannot be reached ({type(error).__name__})") from None


def _parts(url: SplitResult) -> dict[str, object]:
    options = dict(parse_qsl(url.query, strict_parsing=True)) if url.query else {}
    if set(options) - {"starttls", "ca"}:
        raise _bad_url()
    user = unquote(url.username) if url.username else None
    return {
        "host": url.hostname,
        "port": url.port or _PORTS[url.scheme],
        "tls": url.scheme == "smtps",
        # A password is never sent in the clear because somebody in between hid the server's offer of STARTTLS.
        "starttls": options.get("starttls", "always" if user else "if_offered"),
        "user": user,
        "password": unquote(url.password) if url.password else None,
        "ca": options.get("ca"),
    }


def _bad_url() -> AppError:
    message = (
        "CLOSELOOP_SMTP_URL or CLOSELOOP_MAIL_FROM does not fit. Write smtp://user:password@host:587 or smtps://... "
        "(user and password percent-encoded; options: starttls=always|if_offered|never, ca=FILE), and a plain address."
    )
    return AppError(Kind.MISCONFIGURED, "bad_setting", message)


def _mail(config: Config, message: Message) -> EmailMessage:
    try:
        recipient = Address(_header(message.name), addr_spec=message.address or "")
    except (ValueError, IndexError, MessageError):
        raise ChannelError("the owner has no address that mail can be sent to", permanent=True) from None
    digest = hashlib.sha256(message.key.encode()).hexdigest()[:32]
    mail = EmailMessage(policy=SMTP)
    mail["From"] = Address("Closeloop", addr_spec=config.sender)
    mail["To"] = recipient
    mail["Subject"] = _header(message.subject)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{digest}@{config.sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"
    if message.unsubscribe is not None:
        # RFC 8058: mail programs end digests by a POST; a GET, as scanners send it, only shows a button.
        mail["List-Unsubscribe"] = f"<{config.base_url}{message.unsubscribe}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(_text(config, message))
    if message.parts:
        mail.add_alternative(_html(config, message), subtype="html")
        mail.set_boundary(f"part-{digest}")
    return mail


def _text(config: Config, message: Message) -> str:
    quotes = [f'"{quote}"' for quote in choose_quotes(config.verbatims, message.quotes)]
    told = [*map(_inert, (message.body, *quotes)), item_link(config.base_url, message), _way_out(config, message)]
    return "\n\n".join(filter(None, told)) + "\n"


def _way_out(config: Config, message: Message) -> str | None:
    return f"No digests any more: {config.base_url}{message.unsubscribe}" if message.unsubscribe is not None else None


def _html(config: Config, message: Message) -> str:
    """The same without pictures, styles from elsewhere or anything that tells that it was read."""
    told = [f"<h1>{_written(message.subject)}</h1>"]
    for part in paragraphs(config.base_url, config.verbatims, message):
        link = f'<br><a href="{escape(part.link)}">Open the item</a>' if part.link is not None else ""
        told.append(f"<p>{_written(part.text)}{link}</p>")
    if message.unsubscribe is not None:
        address = escape(f"{config.base_url}{message.unsubscribe}")
        told.append(f'<p><small><a href="{address}">No digests any more</a></small></p>')
    return f'<!doctype html><html lang="en"><meta charset="utf-8"><body>{"".join(told)}</body></html>'


def _written(text: str) -> str:
    return escape(_inert(text)).replace("\n", "<br>")


def _inert(text: str) -> str:
    # Mail programs make links of what looks like an address; a joiner that nobody sees parts it.
    return _ADDRESS_LIKE.sub("\u2060", text)


def _header(text: str) -> str:
    # One line of visible characters: a line break in a header would start a header of somebody else's choice.
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:MAX_SUBJECT]


def _connect(config: Config, context: ssl.SSLContext) -> smtplib.SMTP:
    if config.tls:
        return smtplib.SMTP_SSL(config.host, config.port, timeout=TIMEOUT_SECONDS, context=context)
    return smtplib.SMTP(config.host, config.port, timeout=TIMEOUT_SECONDS)


def _start_tls(config: Config, server: smtplib.SMTP, context: ssl.SSLContext) -> None:
    if config.starttls == "never":
        return
    server.ehlo()
    if server.has_extn("starttls"):
        server.starttls(context=context)
    elif config.starttls == "always":
        raise ChannelError("the mail server offers no STARTTLS, which is demanded")


def _listed(codes: set[int]) -> str:
    return ", ".join(str(code) for code in sorted(codes))


EXAMPLES = (
    Example(
        config={
            "host": "mail.example",
            "port": 587,
            "sender": "closeloop@mail.example",
            "base_url": "https://cl.example",
        },
        message=Message(
            key="item:7:overdue:20260916T090000:mira:email",
            event="overdue",
            subject="Overdue: slow refunds\r\nBcc: everybody@mail.example",
            body="This item was to be answered by now.",
            owner="mira",
            name='Mira "M." Kaya',
            address="mira@mail.example",
            item_id=7,
            created_at=datetime(2026, 9, 16, 9, tzinfo=UTC),
        ),
        shows=(
            "Subject: Overdue: slow refunds Bcc: everybody@mail.example\r\n",
            'To: "Mira \\"M.\\" Kaya" <mira@mail.example>\r\n',
            "Auto-Submitted: auto-generated\r\n",
            "https://cl.example/items/7\r\n",
        ),
    ),
    Example(
        config={
            "host": "mail.example",
            "port": 587,
            "sender": "closeloop@mail.example",
            "base_url": "https://cl.example",
        },
        message=Message(
            key="digest:mira:2026-09-14:email",
            event="digest",
            subject="1 to answer",
            body="Needs you\n\nSlow refunds <script>",
            owner="mira",
            name="Mira Kaya",
            address="mira@mail.example",
            item_id=None,
            created_at=datetime(2026, 9, 14, 6, tzinfo=UTC),
            parts=(Part("Needs you", "Slow refunds <script>alert(1)</script>", 7),),
            unsubscribe="/a/token",
        ),
        shows=(
            "List-Unsubscribe: <https://cl.example/a/token>\r\n",
            "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n",
            "No digests any more: https://cl.example/a/token\r\n",
            "Content-Type: text/html",
        ),
    ),
)
