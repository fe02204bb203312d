"""Which network addresses are on the public internet, and which others an operator has opened."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from app.errors import AppError, Kind

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_UNICAST = IPv6Network("2000::/3")
_NEVER_4 = tuple(
    IPv4Network(block)
    for block in (
        "192.0.0.0/24",  # protocol assignments; Oracle's metadata
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # Azure's metadata, although the address looks public
        "224.0.0.0/3",  # multicast and reserved
    )
)
_NEVER_6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: leads to the IPv4 address inside it
        "3fff::/20",  # documentation
    )
)


def is_public(address: Address) -> bool:
    """Whether an address is one of the public internet that nothing translates into another one.

    IPv6 beyond global unicast is refused as a whole: mapped and compatible IPv4, NAT64, ULA, link-local, multicast.
    """
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in block for block in _NEVER_4)
    return address in _UNICAST and address.is_global and not any(address in block for block in _NEVER_6)


def network_with(address: Address, networks: Iterable[Network]) -> Network | None:
    """The first of `networks` that holds the address; an IPv4 address in IPv6 clothes counts as IPv6."""
    return next((network for network in networks if address in network), None)


def read_networks(text: str) -> tuple[Network, ...]:
    """Networks as an operator lists them: `10.20.0.0/16, fd12:3456::/48`.

    Raises:
        AppError: ``bad_setting``.
    """
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError:
        message = "CLOSELOOP_OUTBOUND_ALLOW lists networks, as 10.20.0.0/16, fd12:3456::/48 (no bits after the prefix)."
        raise AppError(Kind.MISCONFIGURED, "bad_setting", message) from None
