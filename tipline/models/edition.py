"""The edition of what is public: a number that grows in the same transaction with every change of it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, Integer, event, insert, update
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import Base, table_of

# What the pages for everybody are made of.
PUBLISHED = frozenset(
    {
        *("appeal", "appeal_text", "exhibit", "exhibit_text", "exhibit_picture"),
        *("campaign_figures", "campaign_update", "campaign_update_text", "service_mode"),
    }
)


class Edition(Base):
    """One row, made by the first change."""

    __tablename__ = "edition"
    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    number: Mapped[int] = mapped_column(Integer)


_FIRST = insert(table_of(Edition)).values(id=1, number=1)
_NEXT = update(table_of(Edition)).where(Edition.id == 1).values(number=Edition.number + 1)


@event.listens_for(Engine, "after_execute")
def _note_change(connection: Connection, statement: Any, *_: Any) -> None:
    """Whoever changes one of these tables starts a new edition, whatever the way: no service has to remember it."""
    changes = getattr(statement, "is_dml", False) and statement.table.name in PUBLISHED
    if changes and connection.execute(_NEXT).rowcount == 0:
        connection.execute(_FIRST)
