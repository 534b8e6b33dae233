"""Who may use a view. Every view says it; one that does not is answered with 404.

This module imports no service, so that the public door can use it. Who is signed in comes from a loader that
``web/signin.py`` installs with the staff and admin doors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, abort, current_app, g, request

from tipline import errors
from tipline.extensions import db
from tipline.roles import Role
from tipline.web.picture_sink import OneInMemory

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Access:
    """What a view demands. ``roles`` None: anyone; empty: anyone signed in. ``logs``: a GET that writes the log."""

    roles: frozenset[Role] | None
    logs: bool = False
    fresh: bool = False
    takes_picture: bool = False
    by_itself: bool = False


def anyone(view: View) -> View:
    """Open to the public, signed in or not."""
    return _mark(view, Access(roles=None))


def signed_in(view: View) -> View:
    """Open to every signed-in person, whatever the role."""
    return _mark(view, Access(roles=frozenset()))


def allow(
    *roles: Role, logs: bool = False, fresh: bool = False, takes_picture: bool = False, by_itself: bool = False
) -> Callable[[View], View]:
    """Open to people who hold one of the roles.

    ``logs``: even a GET of it writes the log. ``fresh``: the password must have been typed within five minutes, within
    fifteen for what was filled in meanwhile; otherwise the person is asked for it again and comes back (SECURITY 13).
    ``takes_picture``: one file of the form is kept in memory, up to ``picture_sink.MOST_IN_MEMORY`` bytes; other files
    are thrown away as they arrive. ``by_itself``: a page asks for it without anybody, so it keeps no session awake.
    """
    access = Access(frozenset(roles), logs, fresh, takes_picture, by_itself)
    return lambda view: _mark(view, access)


def access_of(app: Flask, endpoint: str) -> Access | None:
    """What the view behind an endpoint demands, or None when it does not say."""
    return getattr(app.view_functions[endpoint], "access", None)


def register(app: Flask) -> None:
    """Ask the guard before every view."""
    app.before_request(_check_address)
    app.before_request(_check_origin)
    app.before_request(_check_access)


def _mark(view: View, access: Access) -> View:
    view.access = access  # type: ignore[attr-defined]
    return view


def _check_address() -> None:
    """Nothing is named with a NUL, and PostgreSQL fails when it is asked for one."""
    if "\0" in request.path:
        abort(404)


def _check_origin() -> None:
    """A post from another site is refused before its body is read (SECURITY 15, 17)."""
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            abort(403)
        return
    origin = request.headers.get("Origin")
    if origin is not None and _host_of(origin) != request.host:
        abort(403)


def _host_of(origin: str) -> str:
    """The host in an Origin header; nothing for what is no address."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return ""


def _check_access() -> None:
    if request.endpoint is None:
        return  # 404 and 405 go their own way
    access = access_of(current_app, request.endpoint)
    if access is None:
        abort(404)
    if access.roles is None:
        return
    person = current_app.extensions["tipline_person"](access)
    g.person = person
    if access.roles and not access.roles & person.roles:
        current_app.extensions["tipline_denied"](person, request.endpoint, request.view_args or {})
        g.denial_noted = True
        raise errors.NotAllowed
    if request.method == "POST" or access.logs:
        if request.method == "POST":
            if access.takes_picture:
                request.file_sink = OneInMemory()  # type: ignore[attr-defined]
            _ = request.form  # the body is read before the database is locked, so a slow sender stops nobody
        db.begin_writing()
