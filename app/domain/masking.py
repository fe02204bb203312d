"""What is shown of a customer's name and address to readers without `pii:read`: enough to see that there is one."""

import re

_HIDDEN = "***"
_ADDRESS = re.compile(r"""[^\s@<>"',;:()]+@[^\s@<>"',;:()]+""")


def mask_name(name: str | None) -> str | None:
    """The first letter of a name."""
    return None if name is None else name[:1] + _HIDDEN


def mask_email(address: str | None) -> str | None:
    """The first letter of an address, without its domain."""
    return None if address is None else f"{address[:1]}{_HIDDEN}@{_HIDDEN}"


def mask_addresses(text: str) -> str:
    """A text without the e-mail addresses in it."""
    return _ADDRESS.sub(f"{_HIDDEN}@{_HIDDEN}", text)


def mask_ref(ref: str | None) -> str | None:
    """A reference as it is, unless it is an address: sources that know nobody else name people by it."""
    return mask_email(ref) if ref is not None and "@" in ref else ref


def mask_cell(text: str) -> str:
    """Whether there is something."""
    return _HIDDEN if text else ""
