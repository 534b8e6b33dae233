"""The database's own guards over the log, and the start of each chain.

Revision ID: 0002
Revises: 0001

Refused to everybody but the owner of the tables: changing an entry, taking one out before its time or outside a
released segment, putting one over another, moving a head by anything but one, and changing what a segment says.
The functions and triggers are written out here and stay as they are; a change is a new migration.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

CHAINS = ("public", "staff", "admin", "jobs")
START = "0" * 64

RELEASED = """EXISTS (SELECT 1 FROM log_segment s WHERE s.chain = OLD.chain AND OLD.seq >= s.first_seq
    AND OLD.seq <= s.last_seq AND s.released_at IS NOT NULL)"""
SAME_SEGMENT = """EXISTS (SELECT 1 FROM log_segment s
    WHERE s.id = NEW.id OR (s.chain = NEW.chain AND s.first_seq = NEW.first_seq))"""
SEGMENT_FIELDS = (
    "id", "chain", "first_seq", "last_seq", "first_prev_hash", "last_hash", "closed_at", "signer", "signature",
)  # fmt: skip

# name: (table, act, when it is refused); IS DISTINCT FROM is written per database
SQLITE = {
    "log_entry_no_update": ("log_entry", "UPDATE", "1"),
    "log_entry_no_early_delete": ("log_entry", "DELETE", f"OLD.erase_after > date('now') OR NOT {RELEASED}"),
    "log_entry_no_overwrite": (
        "log_entry",
        "INSERT",
        "EXISTS (SELECT 1 FROM log_entry e WHERE e.id = NEW.id OR (e.chain = NEW.chain AND e.seq = NEW.seq))",
    ),
    "log_head_one_step": (
        "log_head",
        "UPDATE",
        "NEW.chain IS NOT OLD.chain OR NEW.seq IS NOT OLD.seq + 1 OR NEW.entry_hash IS OLD.entry_hash",
    ),
    "log_head_no_delete": ("log_head", "DELETE", "1"),
    "log_head_no_overwrite": (
        "log_head",
        "INSERT",
        "EXISTS (SELECT 1 FROM log_head h WHERE h.chain = NEW.chain)",
    ),
    "log_arrival_no_update": ("log_arrival", "UPDATE", "1"),
    "log_arrival_chained_first": (
        "log_arrival",
        "DELETE",
        "NOT EXISTS (SELECT 1 FROM log_entry e WHERE e.id = OLD.id)",
    ),
    "log_arrival_no_overwrite": (
        "log_arrival",
        "INSERT",
        "EXISTS (SELECT 1 FROM log_arrival a WHERE a.id = NEW.id)",
    ),
    "log_segment_only_hold_or_release": (
        "log_segment",
        "UPDATE",
        " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in SEGMENT_FIELDS)
        + " OR OLD.released_at IS NOT NULL OR (NEW.released_at IS NOT NULL AND (OLD.held OR NEW.held))",
    ),
    "log_segment_no_delete": ("log_segment", "DELETE", "1"),
    "log_segment_no_overwrite": (
        "log_segment",
        "INSERT",
        f"NEW.released_at IS NOT NULL OR {SAME_SEGMENT}",
    ),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for name, (table, act, refused) in SQLITE.items():
            op.execute(
                f"CREATE TRIGGER {name} BEFORE {act} ON {table} WHEN {refused} "
                f"BEGIN SELECT RAISE(ABORT, 'the log refuses: {name}'); END"
            )
    else:
        for name, (table, act, refused) in SQLITE.items():
            _guard_postgresql(name, table, act, refused)
        for table in ("log_entry", "log_head", "log_arrival", "log_segment"):
            _guard_truncate(table)
    for chain in CHAINS:
        op.execute(f"INSERT INTO log_head (chain, seq, entry_hash) VALUES ('{chain}', 0, '{START}')")


def downgrade() -> None:
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for name, (table, _act, _refused) in SQLITE.items():
        if on_sqlite:
            op.execute(f"DROP TRIGGER {name}")
        else:
            op.execute(f"DROP TRIGGER {name} ON {table}")
            op.execute(f"DROP FUNCTION {name}()")
    if not on_sqlite:
        for table in ("log_entry", "log_head", "log_arrival", "log_segment"):
            op.execute(f"DROP TRIGGER {table}_no_truncate ON {table}")
        op.execute("DROP FUNCTION log_no_truncate()")
    op.execute("DELETE FROM log_head")


def _guard_postgresql(name: str, table: str, act: str, refused: str) -> None:
    condition = refused.replace("date('now')", "CURRENT_DATE").replace(" IS NOT OLD.", " IS DISTINCT FROM OLD.")
    condition = condition.replace("NEW.entry_hash IS OLD.entry_hash", "NEW.entry_hash = OLD.entry_hash")
    condition = "TRUE" if condition == "1" else condition
    back = "OLD" if act == "DELETE" else "NEW"
    # The function reads the tables itself, so it runs as their owner: the roles that write may not read all of them.
    op.execute(
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$ BEGIN "
        f"IF {condition} THEN RAISE EXCEPTION 'the log refuses: {name}' USING ERRCODE = 'restrict_violation'; END IF; "
        f"RETURN {back}; END $$"
    )
    op.execute(f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")


def _guard_truncate(table: str) -> None:
    op.execute(
        "CREATE OR REPLACE FUNCTION log_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'the log refuses: truncate' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION log_no_truncate()"
    )
