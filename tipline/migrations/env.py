"""What Alembic runs: migrations on the connection that ``services.schema`` hands over."""

from __future__ import annotations

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext

from tipline.models.base import Base, UtcMoment


def _render(kind: str, value: Any, _context: AutogenContext) -> str | bool:
    """Migrations stand alone: our own column type is written as what it is in the database."""
    if kind == "type" and isinstance(value, UtcMoment):
        return "sa.DateTime(timezone=True)"
    return False


connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    render_as_batch=connection.dialect.name == "sqlite",
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
