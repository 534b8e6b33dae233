"""tipline: exhibits out, tips in, sealed to the people who may read them. ``create_app`` builds the web service."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flask import Flask

__version__ = "0.3.0"


def create_app(parts: Iterable[str] | None = None, **settings: Any) -> Flask:
    """The WSGI application that serves ``parts`` (public, staff, admin; default: all that TIPLINE_PARTS names).

    Keyword settings override the environment. Raises config.ConfigError when a setting cannot be used.
    """
    # Imported here so that `import tipline` stays free of side effects and of every door.
    from tipline import config
    from tipline.web import factory

    if parts is not None:
        settings["parts"] = frozenset(parts)
    return factory.build(config.use(config.from_environment(**settings)), _doors)


def _doors(app: Flask, parts: frozenset[str]) -> None:
    """Put the chosen doors in: the only place that knows them all."""
    if "public" in parts:
        from tipline import public

        public.register(app)
    if parts & {"staff", "admin"}:
        from tipline.staff import signin

        signin.register(app)
    if "staff" in parts:
        from tipline import staff

        staff.register(app)
    if "admin" in parts:
        from tipline import admin

        admin.register(app)
