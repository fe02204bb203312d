"""What all tables share."""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, MetaData, Text, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.store.types import Json, Key, Utc

Document = dict[str, Any]


class Row(DeclarativeBase):
    """What all tables share: names for constraints, so that both databases can migrate them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: Key,
        str: Text(),
        datetime: Utc(),
        Document: Json,
        list[Any]: Json,
        bytes: LargeBinary(),
    }
    __writer__: ClassVar[str]


class Leased:
    """Rows that a station leases while it works on them; the engine may crash, the row remembers."""

    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    leased_until: Mapped[datetime | None]
    last_error: Mapped[str | None]


def row_id() -> Mapped[int]:
    """A number that the database gives."""
    return mapped_column(primary_key=True, autoincrement=True)


def unique_where(name: str, *columns: str, where: str) -> Index:
    """An index that forbids two rows with equal columns among those that the condition holds for."""
    return Index(name, *columns, unique=True, sqlite_where=text(where), postgresql_where=text(where))
