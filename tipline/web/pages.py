"""The only place that turns refusals, HTTP errors and surprises into pages.

What is logged of a surprise is its class and the places it passed through: never its message and never a local
variable, since either may hold what a person wrote.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flask import Flask, Response, current_app, g, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from tipline.errors import KeysMismatch, PasswordNeededAgain, Refused, SignInNeeded
from tipline.extensions import db
from tipline.languages import Language
from tipline.web.locale import current_language

log = logging.getLogger("tipline")

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE})
GONE = (OperationalError, InterfaceError, PoolTimeout)
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Words:
    """What an error page says: its heading, what happened to what was written, and what to do now."""

    title: Any
    happened: Any
    advice: Any


BY_STATUS = {
    400: Words(
        _l("We could not read what was sent"),
        _l("Something in the last page did not arrive as it should. Nothing was saved from it."),
        _l("Go back, check the page and send it again."),
    ),
    403: Words(
        _l("You cannot open this page"),
        _l("This page is for other people, or the request came from another website. Nothing was changed."),
        _l("Go back to the first page and start from there."),
    ),
    404: Words(
        _l("Page not found"),
        _l("There is nothing at this address. It may have been taken down, or the address has a mistake in it."),
        _l("If you typed the address, check that it is correct. Or start from the first page."),
    ),
    405: Words(
        _l("This address cannot be opened directly"),
        _l("Nothing was sent and nothing was changed."),
        _l("Go back and use the button on the page."),
    ),
    409: Words(
        _l("This has changed in the meantime"),
        _l("It was changed in another window or by another person. Your last step was not saved."),
        _l("Open the page again and look at it as it is now."),
    ),
    410: Words(
        _l("What you wrote is no longer here"),
        _l(
            "A tip that is not sent is deleted after 60 minutes, and at once when you leave or delete it. "
            "Nobody can read it any more."
        ),
        _l("You can start again from the first page."),
    ),
    413: Words(
        _l("This is more than we can take at once"),
        _l("The text or the files were too large, so nothing from the last page was saved. Earlier pages are kept."),
        _l("Go back and send less text, or fewer or smaller files."),
    ),
    429: Words(
        _l("Too many attempts in a short time"),
        _l("Your last step was not carried out. What you wrote on earlier pages is kept."),
        _l("Wait a few minutes and try again."),
    ),
    500: Words(
        _l("Sorry, there is a problem with the service"),
        _l(
            "What you wrote on the last page may not have been saved. If you have not seen a receipt, "
            "your tip has not been sent."
        ),
        _l("Try again in a few minutes."),
    ),
    503: Words(
        _l("Sorry, the service is not available at the moment"),
        _l("Your last step was not saved. If you have not seen a receipt, your tip has not been sent."),
        _l("Try again in a few minutes."),
    ),
}
TOO_MANY_REQUESTS = Words(
    _l("Too many requests come from your network"),
    _l("Your last step was not carried out. What you wrote on earlier pages is kept."),
    _l(
        "Wait a minute, then load this page again. If your browser asks whether to send the form again, agree: "
        "then what you wrote on this page is not lost."
    ),
)
BY_CODE = {
    "desk-closed": Words(
        _l("We cannot take tips at the moment"),
        _l("Nothing was saved, because there is nobody yet to whom your tip could be sealed."),
        _l("Come back later, or report what you know to the police in your country."),
    ),
    "draft-incomplete": Words(
        _l("Your tip has no text yet"),
        _l("Nothing was sent."),
        _l("Go back and write what you know about the object."),
    ),
    "form-expired": Words(
        _l("This page was open for too long"),
        _l("We could not be sure that it came from you, so the last page was not saved."),
        _l("Go back, open the page again and send it once more."),
    ),
}
IN_DANGER = _l("If a child is in danger now, call the emergency number of your country. In the EU it is 112.")
# The desk's pages are in English and speak of work, not of tips being written.
AT_THE_DESK = {
    "not-allowed": Words("Your role does not include this", "Nothing was changed.", "Go back to your start page."),
    "needs-second-person": Words(
        "Somebody else has to do this",
        "You took part in an earlier step, and nobody takes both sides of one decision. Nothing was changed.",
        "Ask a colleague with the same role.",
    ),
    "approval-void": Words(
        "This proposal does not hold any more",
        "What was proposed has changed since, or 72 hours have passed. Nothing was changed.",
        "Propose it anew, as it is now.",
    ),
    "wrong-state": Words(
        "This has moved on in the meantime",
        "The step does not fit its present status, so nothing was changed.",
        "Open it again and look at its history.",
    ),
    "open-elsewhere": Words(
        "A colleague has this tip open", "Nothing was changed.", "Take it over on its page, or leave it to them."
    ),
    "tip-on-hold": Words("A hold keeps this tip", "Nothing was erased.", "End the hold first, or wait until it ends."),
    "reason-needed": Words("A reason is needed", "Nothing was opened or changed.", "Go back and give the reason."),
    "password-needed-again": Words(
        "Your password is needed again", "Nothing was changed.", "Type your password, then repeat the step."
    ),
    "keys-mismatch": Words(
        "This desk's people or keys are not what was signed",
        "Somebody may have changed the database. Nothing was opened, nothing was sealed, and the desk takes no tips "
        "until a supervisor has looked into it.",
        "Tell your supervisor, an administrator and the auditor now, by voice.",
    ),
    "log-broken": Words(
        "The log does not verify",
        "An act that cannot be logged does not happen, so nothing was changed.",
        "Tell the administrator and the auditor now.",
    ),
    "digest-mismatch": Words(
        "The digest does not match", "Nothing was changed.", "Compare it with the SHA-256 on the release page."
    ),
    "desk-closed": Words(
        "This desk has no keys yet", "Nothing was changed.", "A supervisor of the desk makes them at first sign-in."
    ),
}
DESK_BY_STATUS = {
    403: Words(
        "You cannot open this page",
        "Your role does not include it, or the request came from another website. Nothing was changed.",
        "Go back to your start page.",
    ),
    404: Words("Page not found", "There is nothing here, or nothing that is yours.", "Go back to your start page."),
    410: Words("This is no longer here", "It has expired or was erased.", "Go back to your start page."),
    429: Words("Too many attempts in a short time", "Nothing was changed.", "Wait a little and try again."),
    500: Words(
        "Sorry, there is a problem with the service",
        "Your last step may not have been saved.",
        "Look whether it was, then try again. If it happens again, tell the administrator when it happened.",
    ),
    503: Words(
        "Sorry, the service is not available at the moment",
        "Your last step was not saved. Nothing is half done.",
        "Try again in a few minutes. If it stays, tell the administrator.",
    ),
}


def register(app: Flask) -> None:
    """Answer every refusal, HTTP error and surprise with a page in the page's language."""
    app.jinja_env.globals["service_name"] = getattr(app.config.get("SETTINGS"), "service_name", "tipline")
    app.register_error_handler(Refused, _refusal)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _surprise)
    # Flask's own would print the message, which may hold what a person wrote.
    app.log_exception = lambda exc_info: _log_surprise(exc_info[1])  # type: ignore[method-assign]


def error_page(status: int, code: str = "", headers: dict[str, str] | None = None) -> Response:
    """The page for a status and, where it has words of its own, for a refusal's code."""
    at_desk = request.path.startswith(("/staff", "/admin"))
    words = _words(status, code, at_desk=at_desk)
    layout = "staff/layout.html" if at_desk else "public/layout.html"
    try:
        text = render_template("errors/error.html", words=words, status=status, code=code, layout=layout)
    except Exception as error:  # noqa: BLE001 - the last page there is must not fail: the layout may need the database
        _log_surprise(error)
        text = bare(words, current_language())
    response = make_response(text, status)
    response.headers.update(headers or {})
    return response


def _words(status: int, code: str, *, at_desk: bool) -> Words:
    if at_desk and (code in AT_THE_DESK or status in DESK_BY_STATUS):
        return AT_THE_DESK.get(code) or DESK_BY_STATUS[status]
    fallback = BY_STATUS[400 if status < 500 else 500]
    return BY_CODE.get(code) or BY_STATUS.get(status, fallback)


def bare(words: Words, language: Language) -> str:
    """A page that needs nothing but its words; they are ours and hold no markup."""
    return (
        f'<!DOCTYPE html>\n<html lang="{language.tag}" dir="{language.dir}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{words.title}</title></head>'
        f"<body><main><h1>{words.title}</h1><p>{words.happened}</p><p>{words.advice}</p>"
        f"<p>{IN_DANGER}</p></main></body></html>\n"
    )


def _refusal(error: Refused) -> Response:
    _roll_back()
    if isinstance(error, SignInNeeded):
        return make_response(redirect(_address("signin.sign_in", "/staff/sign-in"), code=303))
    if isinstance(error, PasswordNeededAgain):
        here = request.full_path.rstrip("?") if request.method == "GET" else request.path
        return make_response(redirect(_address("signin.again", "/staff/again", next=here), code=303))
    if isinstance(error, KeysMismatch):
        current_app.extensions["tipline_mismatch"](g.person, error)
    _note_denied(error)
    seconds = getattr(error, "seconds", None)
    return error_page(error.status, error.code, {"Retry-After": str(seconds)} if seconds else None)


def _http_error(error: HTTPException) -> Response:
    _roll_back()
    status = error.code or 500
    if error.response is not None or status < 400:  # a redirect, or an answer that was made by hand
        return make_response(error.get_response(request.environ))
    kept = {name: value for name, value in error.get_headers(request.environ) if name in {"Allow", "Retry-After"}}
    return error_page(status, "form-expired" if type(error).__name__ == "CSRFError" else "", kept)


def _surprise(error: Exception) -> Response:
    _roll_back()
    _log_surprise(error)
    if isinstance(error, IntegrityError):  # two did the same at once, and the other was first
        return error_page(409, "wrong-state")
    gone = isinstance(error, GONE) or (isinstance(error, OSError) and error.errno in NO_ROOM)
    return error_page(503, "unavailable", {"Retry-After": "120"}) if gone else error_page(500)


def _roll_back() -> None:
    with contextlib.suppress(SQLAlchemyError, RuntimeError):  # gone, or never there: nothing to take back
        db.session.rollback()


def _note_denied(error: Refused) -> None:
    """A refused act of a signed-in person is committed on its own, before the error page (SECURITY 24).

    The guard has already noted a refusal for lack of a role.
    """
    person, note = g.get("person"), current_app.extensions.get("tipline_denied")
    if person is None or note is None or request.endpoint is None or error.status not in {403, 404}:
        return
    if not g.get("denial_noted"):
        note(person, request.endpoint, request.view_args or {})


def _address(endpoint: str, fallback: str, **values: str) -> str:
    try:
        return url_for(endpoint, **values)
    except BuildError:
        return request.script_root + fallback


def _log_surprise(error: BaseException | None) -> None:
    """Log what kind of thing went wrong and where, in words that nobody typed."""
    kinds: list[str] = []
    places: list[str] = []
    while error is not None and len(kinds) < 5:
        kinds.append(type(error).__name__)
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        places.extend(f"{_shorten(frame.filename)}:{frame.lineno}:{frame.name}" for frame in frames)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    log.error("page.failed %s at %s", " from ".join(kinds), " > ".join(places))


def _shorten(filename: str) -> str:
    path = Path(filename)
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else "/".join(path.parts[-2:])
