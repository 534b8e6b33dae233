"""Who is signed in: the cookie at this end, the session row at the other, and what the guard asks for in between."""

from __future__ import annotations

import ctypes
import re
import resource
import secrets
import sys
from collections.abc import Collection
from typing import Any

from flask import Flask, current_app, g, request, session, url_for
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import HTTPException

from tipline import clock
from tipline.errors import (
    KeysMismatch,
    PasswordNeededAgain,
    Refused,
    SignInFailed,
    SignInNeeded,
)
from tipline.extensions import db
from tipline.roles import DESK_ROLES, Role
from tipline.services import accounts, approval_lists, log, passwords, rosters, sessions, special_flags
from tipline.services.accounts import Person
from tipline.services.invitations import Joining, finish_joining, read_joining, take_keys
from tipline.web import guard

# What the cookie holds. It is signed, and a page can no more read it than change it.
TOKEN = "token"  # noqa: S105 - the name of a value
ENROLLING = "enrolling"
JOINING = "joining"
DEVICE = "device"

PR_SET_DUMPABLE = 4
_PLAIN_ID = re.compile(r"[A-Za-z0-9-]{1,32}")

EVERYBODY = frozenset(Role)
LINKS: tuple[tuple[str, Any, frozenset[Role]], ...] = (
    ("staff.queue", _l("Tips"), DESK_ROLES),
    ("staff.search", _l("Search"), DESK_ROLES),
    ("staff.requests", _l("Requests"), DESK_ROLES),
    ("staff.referrals", _l("Referrals"), DESK_ROLES),
    ("staff.approvals", _l("Approvals"), DESK_ROLES),
    ("staff.desks", _l("Desks"), DESK_ROLES),
    ("staff.authorities", _l("Authorities"), frozenset({Role.SUPERVISOR})),
    ("staff.statistics", _l("Statistics"), DESK_ROLES),
    ("admin.home", _l("Overview"), frozenset({Role.ADMINISTRATOR})),
    ("admin.approvals", _l("Approvals"), frozenset({Role.ADMINISTRATOR})),
    ("admin.accounts", _l("People"), frozenset({Role.ADMINISTRATOR})),
    ("admin.desks", _l("Desks"), frozenset({Role.ADMINISTRATOR})),
    ("admin.appeals", _l("Appeals"), frozenset({Role.ADMINISTRATOR})),
    ("admin.updates", _l("Updates"), frozenset({Role.ADMINISTRATOR})),
    ("admin.authorities", _l("Authorities"), frozenset({Role.ADMINISTRATOR})),
    ("admin.releases", _l("Releases"), frozenset({Role.ADMINISTRATOR})),
    ("admin.log", _l("Log"), frozenset({Role.AUDITOR})),
    ("admin.statistics", _l("Statistics"), frozenset({Role.ADMINISTRATOR, Role.AUDITOR})),
    ("admin.special_flags", _l("Special categories"), frozenset({Role.AUDITOR})),
    ("admin.drills", _l("Rehearsals"), frozenset({Role.AUDITOR})),
    ("signin.account", _l("Your account"), EVERYBODY),
)


def register(app: Flask) -> None:
    """Tell the guard who is signed in, and the templates who that is and where they can go."""
    app.extensions["tipline_person"] = load_person
    app.extensions["tipline_denied"] = note_denied
    app.extensions["tipline_mismatch"] = note_mismatch
    app.context_processor(_context)
    forbid_core_dumps()


def load_person(access: guard.Access) -> Person:
    """The person behind the cookie. Leaves no transaction open.

    Raises SignInNeeded, and PasswordNeededAgain for a view that wants the password fresh.
    """
    now = clock.now()
    found = sessions.read_session(_kept(TOKEN), now)
    db.session.rollback()
    if now - found.seen_at >= sessions.SEEN_EVERY and not access.by_itself:
        db.in_writing(lambda: sessions.touch_session(found.person.session_id, now))
    fresh = sessions.FRESH_TO_SEND if request.method == "POST" else sessions.FRESH
    if access.fresh and now - found.person.password_at > fresh:
        raise PasswordNeededAgain
    return found.person


def enrolling_person() -> Person:
    """The person who is on the way to a second factor and may do nothing else yet. Raises SignInNeeded."""
    return sessions.read_session(_kept(ENROLLING), clock.now(), purpose=sessions.ENROLLING).person


def note_denied(person: Person, endpoint: str, view_args: dict[str, Any]) -> None:
    """Log a refused act in a transaction of its own; whatever the act had changed is taken back (SECURITY 24)."""
    subjects = [value for value in view_args.values() if isinstance(value, str) and _PLAIN_ID.fullmatch(value)]
    chain = "admin" if request.path.startswith("/admin") else person.chain
    db.in_writing(
        lambda: log.record(
            "act.refused",
            chain=chain,
            actor=person.actor,
            subjects=[subject for subject in subjects if subject[0] != "-"],
            now=clock.now(),
            field_group=endpoint,
            outcome="denied",
        )
    )


def note_mismatch(person: Person, error: KeysMismatch) -> None:
    """Stop the intake of a desk that is not as it was signed, in a transaction of its own (SECURITY 10)."""
    db.in_writing(lambda: rosters.stop_intake(error, person, clock.now()))


def sign_out(person: Person) -> None:
    """End this session on both sides; the browser stays known. Commits."""
    sessions.end_session(person, person.session_id, clock.now())
    db.session.commit()
    device = session.get(DEVICE)
    session.clear()
    if device:
        session[DEVICE] = device


def change_password(person: Person, password: str) -> None:
    """Lock the person's key under a new password; commits. Raises BadInput on ``password`` and Busy."""
    passwords.check_choice(password, [person.name, person.display_name])
    locked = passwords.lock(person.seed, password, person.id, accounts.COST)
    sessions.change_password(person, locked, clock.now())
    db.session.commit()


def start_joining(joining: Joining) -> None:
    """Keep the way in that a right code has opened in the cookie, for the pages that follow."""
    device = session.get(DEVICE)
    session.clear()
    session[JOINING] = joining.invitation_id
    if device:
        session[DEVICE] = device


def current_joining() -> Joining:
    """The way in that this browser is on. Raises SignInNeeded when it has ended."""
    try:
        return read_joining(_kept(JOINING), clock.now())
    except SignInFailed:
        raise SignInNeeded from None


def join(joining: Joining, seed: bytes, locked_seed: bytes) -> None:
    """Give the account its keys and go on to the second factor; commits. Raises SignInFailed."""
    db.begin_writing()
    opened = take_keys(joining, seed, locked_seed, clock.now())
    db.session.commit()
    keep_session(opened, session.get(DEVICE) or secrets.token_urlsafe(16))


def confirm_factor(code: str) -> sessions.Opened:
    """Confirm the new second factor and sign in; commits. Raises SignInFailed for a wrong code, SignInNeeded."""
    db.begin_writing()
    person = enrolling_person()
    device = session.get(DEVICE) or secrets.token_urlsafe(16)
    opened = finish_joining(person, code, device, clock.now())
    db.session.commit()
    keep_session(opened, device)
    return opened


def keep_session(opened: sessions.Opened, device: str) -> None:
    """Put a session into the cookie in the place of whatever was there."""
    session.clear()
    session.permanent = True  # the browser stays known; how long a session lives is decided by its row
    session[TOKEN if opened.purpose == sessions.SIGNED_IN else ENROLLING] = opened.token
    session[DEVICE] = device


def home_address(roles: Collection[Role]) -> str:
    """Where somebody with these roles starts."""
    for endpoint, _label, wanted in LINKS:
        if wanted & set(roles) and endpoint in current_app.view_functions:
            return url_for(endpoint)
    return url_for("signin.account")


def safe_next(wanted: str | None, roles: Collection[Role]) -> str:
    """Where to go on: a page of this site behind sign-in that can be got, the nearest one above, or the start."""
    path = wanted or ""
    if not path.startswith(("/staff/", "/admin/")) or "\\" in path or "//" in path or not path.isprintable():
        return home_address(roles)
    adapter = current_app.create_url_adapter(request)
    bare = path.partition("?")[0]
    while adapter is not None and bare.count("/") > 1:
        try:
            adapter.match(bare, method="GET")
        except (HTTPException, Refused):
            bare = path = bare.rstrip("/").rpartition("/")[0]
        else:
            return request.script_root + path
    return home_address(roles)


def forbid_core_dumps() -> None:
    """Keep this process's memory, which holds keys during a request, out of files and debuggers (SECURITY 13)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _context() -> dict[str, Any]:
    person = g.get("person")
    if person is None:
        return {"person": None}
    return {
        "person": person,
        "staff_navigation": _navigation,
        "home_url": home_address(person.roles),
        "sign_out_url": url_for("signin.sign_out"),
    }


def _navigation() -> list[tuple[str, str, bool]]:
    """The pages that this person's roles open: endpoint, label, and whether it is the one being shown."""
    open_to = [
        (endpoint, label, url_for(endpoint))
        for endpoint, label, wanted in LINKS
        if wanted & g.person.roles and endpoint in current_app.view_functions
    ]
    here = request.script_root + request.path
    nearest = max((address for _, _, address in open_to if here.startswith(address)), key=len, default="")
    return [(endpoint, _counted(endpoint, str(label)), address == nearest) for endpoint, label, address in open_to]


def _counted(endpoint: str, label: str) -> str:
    """The label of a link, with how much waits behind it where somebody waits for an answer."""
    if endpoint.endswith(".approvals"):
        waiting = approval_lists.count_waiting(g.person, clock.now())
    elif endpoint == "admin.special_flags":
        waiting = special_flags.count_waiting()
    else:
        return label
    return f"{label} ({waiting})" if waiting else label


def _kept(name: str) -> str:
    value = session.get(name)
    if not isinstance(value, str) or not value:
        raise SignInNeeded
    return value
