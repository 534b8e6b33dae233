"""Trying to get in, and the password once more: what wrong answers cost, and that nothing is held meanwhile."""

from __future__ import annotations

import datetime as dt
import secrets
import time
from collections.abc import Callable

from flask import session

from tipline import clock
from tipline.errors import Busy, Damaged, PasskeyRefused, SignInFailed, WrongPassword
from tipline.extensions import db
from tipline.services import passwords, tries
from tipline.services.accounts import Person
from tipline.services.passkeys import Sent
from tipline.services.sessions import Opened
from tipline.web import passkeys
from tipline.web.signin import DEVICE, keep_session

# A refused sign-in takes at least this long, so that its time tells nothing of why.
REFUSAL_SECONDS = 0.4


def sign_in(name: str, password: str, code: str, answer: str = "") -> Opened:
    """Open a session for this name, password and one-time code or passkey's answer, and keep it in the cookie; commits.

    Raises SignInFailed, whatever was wrong and in the same time, and Busy.
    """
    device, now = session.get(DEVICE), clock.now()
    sent = _sent(answer) if answer else None
    return _finish(lambda: tries.start_try(name, device, now, sent), password, code, now)


def sign_in_by_passkey(answer: str, secret: str) -> Opened:
    """As ``sign_in``, by a passkey alone: ``secret`` is what the browser made of its PRF."""
    device, now = session.get(DEVICE), clock.now()
    sent = _sent(answer)
    if sent is None:
        return _finish(lambda: tries.Try(None, None), secret, "", now)
    return _finish(lambda: tries.start_passkey_try(sent, device, now), secret, "", now)


def _sent(answer: str) -> Sent | None:
    """A passkey's answer with its challenge; none when nothing was asked, which then fails like anything else."""
    try:
        return passkeys.sent_to_sign(answer)
    except PasskeyRefused:
        return None


def _finish(start: Callable[[], tries.Try], password: str, code: str, now: dt.datetime) -> Opened:
    started = time.monotonic()
    db.begin_writing()
    attempt = start()
    db.session.commit()  # no lock is held while the password is tried
    device = session.get(DEVICE) or secrets.token_urlsafe(16)
    try:
        seed = tries.unlock(attempt, password)
        relocked = tries.lock_anew(attempt, seed, password)
        opened = tries.finish_try(attempt, seed, code, device, now, relocked=relocked)
        db.session.commit()
    except (WrongPassword, SignInFailed, Damaged):
        db.session.rollback()
        tries.note_failure(attempt, now)
        db.session.commit()
        _wait_until(started + REFUSAL_SECONDS)
        raise SignInFailed from None
    except Busy:
        _take_back(attempt)
        raise
    keep_session(opened, device)
    return opened


def _take_back(attempt: tries.Try) -> None:
    """Nothing was tried, so nothing counts as wrong; commits."""
    db.session.rollback()
    tries.take_back_try(attempt)
    db.session.commit()


def check_password(person: Person, password: str) -> None:
    """Check the password of who is signed in, counted like a sign-in, and note that it is fresh; commits.

    Raises WrongPassword, SignInDelayed and Busy.
    """
    now = clock.now()
    attempt = tries.start_recheck(person, session.get(DEVICE), now)
    db.session.commit()
    try:
        passwords.unlock(attempt.locked_seed or b"", password, person.id)
    except (WrongPassword, Damaged):
        tries.note_failure(attempt, now)
        db.session.commit()
        raise WrongPassword from None
    except Busy:
        _take_back(attempt)
        raise
    tries.finish_recheck(person, attempt, now)
    db.session.commit()


def _wait_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))
