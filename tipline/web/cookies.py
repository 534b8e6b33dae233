"""One signed session cookie for the public and one for the people who sign in, each under its own secret."""

from __future__ import annotations

import hashlib
import ipaddress
from typing import Any

from flask import Flask, Request, request
from flask.sessions import SecureCookieSessionInterface
from itsdangerous import URLSafeTimedSerializer


class DoorSessions(SecureCookieSessionInterface):
    """Flask's signed session, chosen by door: ``tipline`` for the public, ``tipline-desk`` behind sign-in.

    Both are ``__Host-`` cookies, Secure, HttpOnly, SameSite=Strict; the plain name is for loopback and onion
    addresses only, where there is no TLS (SECURITY 17).
    """

    digest_method = staticmethod(hashlib.sha256)

    def __init__(self) -> None:
        self._serializers: dict[str, URLSafeTimedSerializer] = {}

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """A serializer under the door's own secret; the file is read once, and only at a door that is served."""
        name = "public.key" if is_public(request) else "staff.key"
        if name not in self._serializers:
            self._serializers[name] = URLSafeTimedSerializer(
                app.config["SETTINGS"].secret(name),
                salt=self.salt,
                serializer=self.serializer,
                signer_kwargs={"key_derivation": self.key_derivation, "digest_method": self.digest_method},
            )
        return self._serializers[name]

    def get_cookie_name(self, app: Flask) -> str:
        """The cookie's name at this door."""
        return cookie_name("tipline" if is_public(request) else "tipline-desk")

    def get_cookie_secure(self, app: Flask) -> bool:
        """Secure everywhere but on loopback and onion addresses."""
        return not is_plain(request)

    def get_cookie_samesite(self, app: Flask) -> str:
        """Strict at every door."""
        return "Strict"

    def get_cookie_path(self, app: Flask) -> str:
        """The whole host, as ``__Host-`` demands."""
        return "/"

    def should_set_cookie(self, app: Flask, session: Any) -> bool:
        """Only when something changed: no cookie is refreshed by a look."""
        return bool(session.modified)


def register(app: Flask) -> None:
    """Use door sessions."""
    app.session_interface = DoorSessions()


def is_public(current: Request) -> bool:
    """Whether a request is for the public door."""
    return not current.path.startswith(("/staff", "/admin"))


def host_of(current: Request) -> str:
    """The host that this request was sent to, without its port."""
    return current.host.rsplit(":", 1)[0].strip("[]") if current.host.count(":") != 0 else current.host


def is_plain(current: Request) -> bool:
    """Whether this address has no TLS of its own: loopback and onion."""
    if current.is_secure:
        return False
    host = host_of(current)
    if host == "localhost" or host.endswith((".localhost", ".onion")):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def cookie_name(plain: str) -> str:
    """The cookie's name at this address."""
    return plain if is_plain(request) else f"__Host-{plain}"
