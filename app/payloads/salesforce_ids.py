"""Ids of Salesforce: 15 characters in which case counts, or the same with three more that say which are capitals."""

SHORT_ID = 15
_SUFFIX = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def full_id(record_id: str) -> str:
    """An id of 15 characters in the form of 18 that the API answers with: the rest says which letters are capitals."""
    if len(record_id) != SHORT_ID:
        return record_id
    parts = (record_id[start : start + 5] for start in range(0, SHORT_ID, 5))
    return record_id + "".join(
        _SUFFIX[sum(sign.isupper() << place for place, sign in enumerate(part))] for part in parts
    )
