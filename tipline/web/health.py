"""The address that a watchdog asks whether this process and its database are there."""

from __future__ import annotations

from flask import Flask, Response
from sqlalchemy.exc import SQLAlchemyError

from tipline.extensions import db
from tipline.web import guard


def register(app: Flask) -> None:
    """Put ``/healthz`` in, whichever parts are served."""
    app.add_url_rule("/healthz", "health", health)


@guard.anyone
def health() -> Response:
    """``ok``, or 503 when the database is gone. Says nothing else and reads no cookie."""
    try:
        db.ping()
    except SQLAlchemyError:
        db.session.rollback()
        return Response("database unavailable\n", status=503, mimetype="text/plain")
    return Response("ok\n", mimetype="text/plain")
