"""E-mail against a real SMTP server on this machine."""

import email
import email.policy
import re
import socket
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from pydantic import SecretStr

from app.channels import email as channel
from app.channels.contract import ChannelError, Part
from app.domain.quoting import Quotation
from app.errors import AppError
from app.settings import Settings

MESSAGE = replace(channel.EXAMPLES[0].message, subject="Overdue: slow refunds")


class Inbox:
    """What the server has taken; `answer` is what it says to a mail instead of taking it."""

    def __init__(self, answer=None, refuse=None):
        self.answer, self.refuse, self.mails, self.users = answer, refuse, [], []

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - the library's name
        if self.refuse is not None:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - the library's name
        if self.answer is not None:
            return self.answer
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, mail, session.ssl is not None))
        return "250 OK"

    def authenticate(self, _server, _session, _envelope, _mechanism, data):
        self.users.append(data.login)
        return AuthResult(success=data.password == b"s3cret@:/", handled=False)


@pytest.fixture(scope="module")
def certificate(certificate_for):
    """For localhost: path of the authority, and a server's context."""
    return certificate_for("localhost")


@pytest.fixture
def serve():
    """Starts mail servers on free ports and stops them in the end."""
    running = []

    def start(inbox, **options):
        controller = Controller(inbox, hostname="localhost", port=_free_port(), **options)
        controller.start()
        running.append(controller)
        return controller.port

    yield start
    for controller in running:
        controller.stop()


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def settings(tmp_path, url, sender="closeloop@mail.example"):
    return Settings(data_dir=tmp_path, smtp_url=SecretStr(url), mail_from=sender, public_url="https://cl.example")


def send(tmp_path, url, message=MESSAGE):
    channel.send(channel.configure(settings(tmp_path, url)), message)


def test_a_plain_server_takes_the_mail(tmp_path, serve):
    inbox = Inbox()
    send(tmp_path, f"smtp://localhost:{serve(inbox)}")
    ((recipients, mail, secure),) = inbox.mails
    assert recipients == ["mira@mail.example"]
    assert not secure
    assert mail["From"] == "Closeloop <closeloop@mail.example>"
    assert mail["Subject"] == "Overdue: slow refunds"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == MESSAGE.created_at
    assert mail.get_content().splitlines()[-1] == "https://cl.example/items/7"


def test_starttls_and_a_password_that_needs_encoding(tmp_path, serve, certificate):
    ca, context = certificate
    inbox = Inbox()
    port = serve(inbox, tls_context=context, authenticator=inbox.authenticate, auth_required=True)
    send(tmp_path, f"smtp://mira:s3cret%40%3A%2F@localhost:{port}?ca={ca}")
    assert inbox.users == [b"mira"]
    assert inbox.mails[0][2]


def test_a_password_is_never_sent_in_the_clear(tmp_path, serve):
    inbox = Inbox()
    port = serve(inbox, authenticator=inbox.authenticate, auth_require_tls=False)
    with pytest.raises(ChannelError, match="offers no STARTTLS"):
        send(tmp_path, f"smtp://mira:s3cret@localhost:{port}")
    assert inbox.users == []
    assert inbox.mails == []


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path, serve, certificate):
    inbox = Inbox()
    port = serve(inbox, tls_context=certificate[1])
    with pytest.raises(ChannelError, match="no secure connection"):
        send(tmp_path, f"smtp://localhost:{port}?starttls=always")
    assert inbox.mails == []


def test_tls_from_the_first_byte(tmp_path, serve, certificate):
    ca, context = certificate
    inbox = Inbox()
    port = serve(inbox, ssl_context=context)
    send(tmp_path, f"smtps://localhost:{port}?ca={ca}")
    assert len(inbox.mails) == 1


def test_a_wrong_password_is_told_without_the_servers_words(tmp_path, serve, certificate):
    ca, context = certificate
    inbox = Inbox()
    port = serve(inbox, tls_context=context, authenticator=inbox.authenticate, auth_required=True)
    with pytest.raises(ChannelError, match=r"^the mail server refused user and password \(535\)$"):
        send(tmp_path, f"smtp://mira:wrong@localhost:{port}?ca={ca}")


@pytest.mark.parametrize(
    ("answer", "permanent"), [("450 mailbox mira@mail.example is busy", False), ("550 no mira@mail.example", True)]
)
def test_a_refused_recipient_is_permanent_only_if_the_server_says_so(tmp_path, serve, answer, permanent):
    with pytest.raises(ChannelError, match="refused the recipient") as caught:
        send(tmp_path, f"smtp://localhost:{serve(Inbox(refuse=answer))}")
    assert caught.value.permanent is permanent
    assert "mira" not in str(caught.value)


@pytest.mark.parametrize(("answer", "permanent"), [("451 later", False), ("554 spam from mira", True)])
def test_a_refused_mail_is_permanent_only_if_the_server_says_so(tmp_path, serve, answer, permanent):
    with pytest.raises(ChannelError, match=f"answered {answer[:3]}$") as caught:
        send(tmp_path, f"smtp://localhost:{serve(Inbox(answer=answer))}")
    assert caught.value.permanent is permanent


def test_a_server_that_is_down_is_a_reason_to_try_again(tmp_path):
    with pytest.raises(ChannelError, match="cannot be reached") as caught:
        send(tmp_path, f"smtp://localhost:{_free_port()}")
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "change",
    [
        {"subject": "Overdue\r\nBcc: all@mail.example"},
        {"subject": "Overdue\nBcc: all@mail.example\n\nanother body"},
        {"subject": "Overdue\u2028Bcc: all@mail.example"},
        {"name": "Mira\r\nBcc: all@mail.example"},
        {"name": 'Mira" <all@mail.example>, "'},
    ],
)
def test_nothing_can_add_a_header_or_a_recipient(tmp_path, serve, change):
    inbox = Inbox()
    send(tmp_path, f"smtp://localhost:{serve(inbox)}", replace(MESSAGE, **change))
    ((recipients, mail, _),) = inbox.mails
    assert recipients == ["mira@mail.example"]
    assert mail["Bcc"] is None
    assert len(mail["To"].addresses) == 1


@pytest.mark.parametrize(
    "address", [None, "", "nobody", "a@b\r\nBcc: c@d", "a@b, c@d", "Mira <a@b>", "a@b\x00", "a b@c"]
)
def test_an_address_that_is_none_is_parked_at_once(tmp_path, address):
    config = channel.configure(settings(tmp_path, "smtp://localhost:1"))
    with pytest.raises(ChannelError, match="no address") as caught:
        channel.send(config, replace(MESSAGE, address=address))
    assert caught.value.permanent


def test_a_dot_at_the_start_of_a_line_and_long_lines_survive(tmp_path, serve):
    inbox = Inbox()
    body = ".\nQUIT\n" + "word " * 400
    send(tmp_path, f"smtp://localhost:{serve(inbox)}", replace(MESSAGE, body=body, item_id=None))
    assert inbox.mails[0][1].get_content().split() == body.split()


def test_the_same_notice_has_the_same_message_id(tmp_path):
    config = channel.configure(settings(tmp_path, "smtp://localhost:1"))
    first, again = (email.message_from_bytes(channel.render(config, MESSAGE)) for _ in range(2))
    other = email.message_from_bytes(channel.render(config, replace(MESSAGE, key="item:8")))
    assert first["Message-ID"] == again["Message-ID"]
    assert first["Message-ID"] != other["Message-ID"]


@pytest.mark.parametrize(
    "url",
    [
        "localhost:25",
        "http://localhost",
        "smtp://",
        "smtp://localhost:99999",
        "smtp://localhost:abc",
        "smtp://localhost?starttls=maybe",
        "smtp://u:hunter2@localhost?tls=1",
        "smtp://[::1",
    ],
)
def test_a_wrong_url_is_told_without_repeating_it(tmp_path, url):
    with pytest.raises(AppError, check=lambda error: error.code == "bad_setting") as caught:
        channel.configure(settings(tmp_path, url))
    assert "hunter2" not in str(caught.value)


def test_a_wrong_sender_is_told(tmp_path):
    with pytest.raises(AppError, check=lambda error: error.code == "bad_setting"):
        channel.configure(settings(tmp_path, "smtp://localhost", sender="a@b\r\nBcc: c@d"))


def test_a_digest_is_text_and_html_without_pictures_and_can_be_ended_by_the_mail_program(tmp_path):
    digest = channel.EXAMPLES[1].message
    config = channel.configure(settings(tmp_path, "smtp://localhost:1"))
    mail = email.message_from_bytes(channel.render(config, digest), policy=email.policy.default)
    html = mail.get_body(("html",)).get_content()
    assert "Slow refunds &lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert '<a href="https://cl.example/items/7">Open the item</a>' in html
    assert not any(word in html.lower() for word in ("<img", "<script", "src=", "url(", "<link"))
    assert "Slow refunds <script>" in mail.get_body(("plain",)).get_content()
    assert mail["List-Unsubscribe"] == "<https://cl.example/a/token>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_mail_programs_find_no_address_to_make_a_link_of_but_our_own(tmp_path):
    hostile = "see https://evil.example or www.evil.example or bob@evil.example"
    digest = replace(channel.EXAMPLES[1].message, body=hostile, parts=(Part("Needs you", hostile, 7),))
    config = channel.configure(settings(tmp_path, "smtp://localhost:1"))
    mail = email.message_from_bytes(channel.render(config, digest), policy=email.policy.default)
    for kind in ("plain", "html"):
        told = mail.get_body((kind,)).get_content()
        assert re.findall(r"https?://[\w./]+", told) != []
        assert {link.split("/")[2] for link in re.findall(r"https?://[\w./]+", told)} == {"cl.example"}
        assert "evil.example" not in told
        assert "bob@" not in told


def test_what_a_person_must_answer_cannot_be_unsubscribed(tmp_path):
    config = channel.configure(settings(tmp_path, "smtp://localhost:1"))
    assert b"List-Unsubscribe" not in channel.render(config, MESSAGE)


def test_customers_words_stand_in_a_mail_as_far_as_the_setting_lets_them(tmp_path):
    message = replace(MESSAGE, quotes=(Quotation("my refund, a@b.example", "I want my refund"),))
    shown = {}
    for word in ("none", "redacted", "full"):
        mail = settings(tmp_path, "smtp://localhost:1").model_copy(update={"verbatims": word})
        shown[word] = email.message_from_bytes(channel.render(channel.configure(mail), message)).get_payload()
    assert '"my refund, ***@***"' in shown["redacted"]
    assert '"I want my refund"' in shown["full"]
    assert "refund" not in shown["none"].replace(MESSAGE.body, "")
