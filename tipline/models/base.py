"""What every table shares: names of constraints, column types, random ids."""

from __future__ import annotations

import datetime as dt
import secrets
from typing import Any, cast

from sqlalchemy import DateTime, MetaData, String, Table, TypeDecorator
from sqlalchemy.orm import DeclarativeBase

# Without rowids: SQLite's hidden row number would tell the order of arrival within the hour (SECURITY 25).
UNORDERED = {"sqlite_with_rowid": False}

Id = String(32)
Code = String(40)


class Base(DeclarativeBase):
    """The tables of tipline."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


def table_of(model: type[Base]) -> Table:
    """A model's table, for statements that need no objects."""
    return cast("Table", model.__table__)


def new_id() -> str:
    """32 random hexadecimal digits: ids tell nothing about order or number."""
    return secrets.token_hex(16)


class UtcMoment(TypeDecorator[dt.datetime]):
    """An aware UTC moment; stored without zone on SQLite, with zone on PostgreSQL. Naive values are refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        """To the database. Raises ValueError for a moment without zone."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its zone")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        """From the database, always with its zone."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
