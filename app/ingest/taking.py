"""Takes what connectors found: items are stored, deletions carried out, in the order in which they were sent."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy.orm import Session

from app.connectors.contract import Deleted, Found, Undated
from app.ingest.forget import delete_items
from app.ingest.items import Accepted, accept_items
from app.payloads.native import NativeItem
from app.store.tables import Source


def take_found(
    session: Session, now: datetime, source: Source, found: Sequence[Found], delivery_id: int | None = None
) -> list[Accepted]:
    """Store and delete; what is only wanted is left alone.

    Returns:
        One outcome for each item, in their order; deletions have none.
    """
    told: list[Accepted] = []
    for kind, run in groupby(found, key=type):
        told += _taken(session, now, source, delivery_id, kind, list(run))
    return told


def _taken(
    session: Session, now: datetime, source: Source, delivery_id: int | None, kind: type[Found], run: list[Any]
) -> list[Accepted]:
    if kind is NativeItem:
        return accept_items(session, now, source, run, delivery_id=delivery_id)
    if kind is Undated:
        items = [one.item for one in run]
        return accept_items(session, now, source, items, delivery_id=delivery_id, dated=False)
    if kind is Deleted:
        delete_items(session, now, source, [one.external_id for one in run])
    return []
