from classifiers.fingerprint import code_fingerprint, hash_of_code

CODE = '''
"""A module."""
from __future__ import annotations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

AT = 0.5
"""Where the line is drawn."""


def judge(scores: Sequence[float]) -> bool:
    """Say yes or no."""
    return max(scores) > AT  # the best counts
'''


def test_words_about_the_code_do_not_change_its_hash():
    written_anew = (
        CODE.replace("the best counts", "another remark")
        .replace("Say yes or no.", "Judge.")
        .replace('"""Where the line is drawn."""\n', "# a comment\n\n\n")
        .replace("Sequence[float]", "list[float]")
    )
    assert hash_of_code(written_anew) == hash_of_code(CODE)


def test_what_the_code_does_changes_its_hash():
    assert hash_of_code(CODE.replace("0.5", "0.6")) != hash_of_code(CODE)
    assert hash_of_code(CODE.replace("> AT", ">= AT")) != hash_of_code(CODE)
    assert hash_of_code(CODE.replace("max(", "min(")) != hash_of_code(CODE)


def test_the_hash_of_all_code_is_the_same_each_time():
    assert code_fingerprint() == code_fingerprint()
    assert len(code_fingerprint()) == 12
