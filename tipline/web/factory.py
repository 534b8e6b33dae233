"""The one factory: settings in, a Flask application out."""

from __future__ import annotations

import resource
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

from flask import Flask
from jinja2 import ChoiceLoader, FileSystemLoader, PackageLoader, PrefixLoader
from werkzeug.middleware.proxy_fix import ProxyFix

from tipline import config
from tipline.extensions import db
from tipline.services import networks
from tipline.web import (
    cookies,
    crowd,
    floodgate,
    forms,
    guard,
    headers,
    health,
    locale,
    mode,
    open_pages,
    pages,
    static_files,
)
from tipline.web.request import TipRequest
from tipline.web.turns import PublicTurns

Doors = Callable[[Flask, frozenset[str]], None]


def build(settings: config.Settings, doors: Doors) -> Flask:
    """An application that serves the parts named in the settings. Opens the database, reads no table."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # memory holds what people write (SECURITY 13)
    package = Path(str(resources.files("tipline")))
    app = Flask("tipline", root_path=str(package), static_folder=None, template_folder=None)
    app.request_class = TipRequest
    app.config.update(
        TESTING=settings.testing,
        MAX_CONTENT_LENGTH=settings.max_files * settings.max_file_bytes + 4 * 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        MAX_FORM_PARTS=200,
        WTF_CSRF_SSL_STRICT=False,  # the guard checks Origin and Sec-Fetch-Site instead (SECURITY 17)
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session
        SETTINGS=settings,
    )
    app.jinja_loader = ChoiceLoader(
        [
            FileSystemLoader(template_folder()),
            PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")}),
        ]
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (settings.instance / "restore.pending").exists():  # erased tips could be read again (SECURITY 27)
        raise config.ConfigError("a restore is not finished: run `tipline restore` again")
    db.connect(settings.database_url)
    app.teardown_appcontext(lambda _error: db.end())
    cookies.register(app)
    guard.register(app)
    locale.register(app)
    headers.register(app)
    static_files.register(app)
    open_pages.register(app)
    forms.register(app)
    mode.register(app)
    pages.register(app)
    health.register(app)
    doors(app, settings.parts)
    _stand_the_crowd(app, settings)
    return app


def _stand_the_crowd(app: Flask, settings: config.Settings) -> None:
    """Before the application: who sent it, whether that network floods, and whose turn it is."""
    counters = crowd.register(app, settings).counters
    refusal = floodgate.Refusal(app)
    turns = PublicTurns(app.wsgi_app, refusal)
    outermost: Any = floodgate.Floodgate(turns, lambda address, now: networks.key_of(address, counters, now), refusal)
    if hops := settings.proxies:
        outermost = ProxyFix(outermost, x_for=hops, x_proto=hops, x_host=hops)
    app.wsgi_app = outermost  # type: ignore[method-assign]


def template_folder() -> Path:
    """Templates lie at the top of a checkout and inside an installed wheel."""
    package = Path(str(resources.files("tipline")))
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"
