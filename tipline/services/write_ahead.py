"""SQLite's write-ahead log: erased rows stay readable in it until it is truncated (SECURITY 27)."""

from __future__ import annotations

from tipline.extensions import db


def truncate() -> bool:
    """Copy the write-ahead log into the database and cut it to nothing; False when a reader is in the way.

    On PostgreSQL there is nothing to do here: docs/PRIVACY.md says how long its own log keeps bytes.
    """
    if not db.is_sqlite:
        return True
    # On a connection of its own and outside a transaction; a plain one, since SQLAlchemy's would begin one.
    connection = db.engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute("PRAGMA busy_timeout=500")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        cursor.execute("PRAGMA busy_timeout=20000")
        cursor.close()
    finally:
        connection.close()
    return not busy
