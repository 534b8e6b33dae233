"""What the browser is asked about passkeys, and what the cookie keeps until it answers."""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import Any

from flask import request, session

from tipline import clock
from tipline.errors import PasskeyRefused
from tipline.services import passkeys
from tipline.services.accounts import Person
from tipline.web.cookies import host_of

# What the cookie holds: the challenge that was given last, when, and what for. It is no secret, only signed.
ASKED = "passkey"
SIGN_IN = "sign-in"
ADD = "add"


def are_possible() -> bool:
    """Whether this address can have passkeys: browsers make none for a host that is a number."""
    try:
        ipaddress.ip_address(host_of(request))
    except ValueError:
        return True
    return False


def ask_to_sign() -> dict[str, Any]:
    """What to ask of a browser whose person wants to sign in; the challenge waits in the cookie."""
    return passkeys.request_options(_site(), _challenge(SIGN_IN))


def ask_to_add(person: Person) -> dict[str, Any]:
    """What to ask of the browser of somebody who adds a passkey; the challenge waits in the cookie."""
    return passkeys.creation_options(person, _site(), _challenge(f"{ADD}/{person.id}"))


def sent_to_sign(raw: str) -> passkeys.Sent:
    """The answer to ``ask_to_sign``, with its challenge, which leaves the cookie. Raises PasskeyRefused without one."""
    return _sent(raw, SIGN_IN)


def sent_to_add(raw: str, person: Person) -> passkeys.Sent:
    """As ``sent_to_sign``, for ``ask_to_add``."""
    return _sent(raw, f"{ADD}/{person.id}")


def _challenge(purpose: str) -> bytes:
    challenge = passkeys.new_challenge()
    session[ASKED] = [purpose, challenge.hex(), clock.now().isoformat()]
    return challenge


def _sent(raw: str, purpose: str) -> passkeys.Sent:
    asked = session.pop(ASKED, None)
    if not raw or not isinstance(asked, list) or len(asked) != 3 or asked[0] != purpose:
        raise PasskeyRefused
    return passkeys.Sent(raw, bytes.fromhex(asked[1]), dt.datetime.fromisoformat(asked[2]), _site())


def _site() -> passkeys.Site:
    return passkeys.Site(host_of(request), request.host_url.rstrip("/"))
