"""Texts of customers in cells of spreadsheets, which run what looks like a formula."""

import re

# Also after spaces, quotes and invisible characters, which spreadsheets drop, and in the full-width forms they accept.
_FORMULA = re.compile(r"""[\t\r\n]|[\s"'\u200b-\u200f\u2060\ufeff]*[=+\-@\u2212\uff1d\uff0b\uff0d\uff20]""")


def harmless_cell(text: str) -> str:
    """The text, after an apostrophe where a spreadsheet could take it for a formula; `original_cell` takes it off."""
    return "'" + text if _FORMULA.match(text) else text


def original_cell(cell: str) -> str:
    """The text that `harmless_cell` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell
