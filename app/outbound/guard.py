"""Says whether an address that somebody typed in may be asked, and at which network address.

An address is read once, into parts; what is sent is built from these parts and goes to the very addresses that were
checked, so that neither a second reading nor a second look-up of the name can lead elsewhere (OWASP SSRF Prevention;
the ends-in-a-number rule is the WHATWG URL Standard's).
"""

from __future__ import annotations

import ipaddress
import re
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from app.errors import AppError, Kind
from app.log import get_logger
from app.outbound.networks import Address, Network, is_public, network_with, read_networks
from app.settings import Settings

LONGEST = 2_000
LOOK_UP_SECONDS = 5.0

_VISIBLE = re.compile(r"[\x21-\x5b\x5d-\x7e]+")  # no blanks, no backslash, nothing beyond ASCII
_NAME = re.compile(r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_METADATA = frozenset({"metadata", "metadata.google.internal", "metadata.goog", "instance-data"})
_PORTS = {"https": 443, "http": 80}
_FIRST_FREE_PORT = 1_024
_OTHER_SERVICES = frozenset({1433, 1521, 2049, 3306, 3389, 5432, 5672, 5900, 6000, 6379, 6667, 9042, 11211, 27017})

_log = get_logger("outbound")

Resolve = Callable[[str, int], Sequence[str]]
"""All addresses of a name, as text; raises OSError where there is none."""


class NoAnswer(Exception):  # noqa: N818 - what happened, not a mistake
    """Nothing usable came back; `str()` says why without the address, a secret or what was answered."""


@dataclass(frozen=True, slots=True)
class Target:
    """An address in its parts.

    Attributes:
        scheme: `https` or `http`.
        host: The name in lower case without a final dot, or the network address without brackets.
        port: Always given.
        path: Path and query as they stand in a request.
    """

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """What the `Host` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Checked:
    """A target and the network addresses that were checked: one of these is connected to, and no other."""

    target: Target
    addresses: tuple[Address, ...]


def look_up(name: str, port: int) -> Sequence[str]:
    """All addresses of a name by the system's resolver, which may take seconds: it is waited for no longer than these.

    Raises:
        OSError: There is none, or the resolver does not answer.
    """
    found: list[Sequence[str]] = []

    def ask() -> None:
        try:
            rows = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            return
        found.append([str(row[4][0]) for row in rows])

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(LOOK_UP_SECONDS)
    if not found:
        raise OSError("no answer")
    return found[0]


@dataclass(frozen=True, slots=True)
class Guard:
    """What may be asked: https on the public internet, and what an operator has opened besides.

    Attributes:
        opened: Networks inside that may be asked too, also by plain http.
        resolve: Gives all addresses of a name.
    """

    opened: tuple[Network, ...] = ()
    resolve: Resolve = look_up

    def check(self, url: str) -> Checked:
        """Read an address and look up where it leads.

        Raises:
            AppError: ``address_refused``; the address itself is never repeated.
            NoAnswer: Its name is not known, now.
        """
        target = read_target(url)
        addresses = self._addresses(target)
        for address in addresses:
            network = network_with(address, self.opened)
            if network is not None:
                _log.info("outbound_opened", network=str(network), port=target.port)
            elif not is_public(address):
                raise _refused("it leads to a network inside, or to none that can be asked")
            elif target.scheme != "https":
                raise _refused("it is not https")
        return Checked(target, addresses)

    def _addresses(self, target: Target) -> tuple[Address, ...]:
        literal = _literal(target.host)
        if literal is not None:
            return (literal,)
        try:
            found = self.resolve(target.host, target.port)
        except OSError:
            raise NoAnswer("the name of the host is not known") from None
        # A zone, as in fe80::1%eth0, is part of link-local addresses only.
        addresses = tuple(dict.fromkeys(ipaddress.ip_address(one.partition("%")[0]) for one in found))
        if not addresses:
            raise NoAnswer("the name of the host is not known")
        return addresses


def guard_of(settings: Settings) -> Guard:
    """What addresses that somebody typed in may lead to, as the operator set it.

    Raises:
        AppError: ``bad_setting``.
    """
    return Guard(read_networks(settings.outbound_allow))


def read_target(url: str) -> Target:
    """An address in its parts, whatever it leads to.

    Raises:
        AppError: ``address_refused``.
    """
    if len(url) > LONGEST or not _VISIBLE.fullmatch(url):
        raise _refused(f"it is longer than {LONGEST} characters or has some that must be percent-encoded")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("it cannot be read") from None
    if parts.scheme not in _PORTS:
        raise _refused("it is not https")
    if "@" in parts.netloc or parts.fragment:
        raise _refused("a user, a password or a fragment has no place in it")
    port = _PORTS[parts.scheme] if port is None else port
    if not _is_web_port(port):
        raise _refused("its port belongs to another service than the web")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, _host(parts), port, path)


def _host(parts: SplitResult) -> str:
    host = (parts.hostname or "").removesuffix(".")
    if _literal(host) is not None:
        return host
    if not _NAME.fullmatch(host):
        raise _refused("its host is no name; write names beyond ASCII in punycode")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise _refused("its host is a number; write a name, or a network address in its usual form")
    if host in _METADATA:
        raise _refused("its host is where a cloud tells machines their secrets")
    return host


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_web_port(port: int) -> bool:
    return port in _PORTS.values() or (port >= _FIRST_FREE_PORT and port not in _OTHER_SERVICES)


def _refused(reason: str) -> AppError:
    message = (
        f"This address may not be asked: {reason}. Give an https address on the public internet; an operator can open "
        "networks inside with CLOSELOOP_OUTBOUND_ALLOW."
    )
    return AppError(Kind.INVALID, "address_refused", message)
