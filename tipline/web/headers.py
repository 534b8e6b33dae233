"""The headers of every answer (SECURITY 16-19) and the addresses of static files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, request
from flask.globals import request_ctx

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; connect-src 'self'; "
    "base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
)
ALWAYS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    # Under no-referrer a browser sends "Origin: null" with every post, and the check of the origin would refuse it.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Permitted-Cross-Domain-Policies": "none",
    "Server": "tipline",  # otherwise the server below names itself
}
HSTS = "max-age=63072000; includeSubDomains"
FOREVER = "public, max-age=31536000, immutable"


def register(app: Flask) -> None:
    """Add the headers to every answer and ``asset(name)`` to the templates."""
    assets = Assets(Path(app.static_folder or ""))
    app.jinja_env.globals["asset"] = assets.address
    app.after_request(lambda response: _protect(response, assets))


class Assets:
    """Static files under addresses that change with their bytes, so that browsers may keep them for ever."""

    def __init__(self, folder: Path) -> None:
        self._versions = {
            path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:12]
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    def address(self, name: str) -> str:
        """The address of a static file. Raises KeyError for a file that was not there at start."""
        return f"{request.script_root}/static/{name}?v={self._versions[name]}"

    def is_current(self, name: str, version: str | None) -> bool:
        """Whether ``version`` names the bytes that are served now."""
        return version is not None and self._versions.get(name) == version


def _protect(response: Response, assets: Assets) -> Response:
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    if request.endpoint == "static" and response.status_code in {200, 304}:
        name = (request.view_args or {}).get("filename", "")
        fresh = assets.is_current(name, request.args.get("v"))
        response.headers["Cache-Control"] = FOREVER if fresh else "no-cache"
    elif _is_personal():
        response.headers["Cache-Control"] = "no-store"
    else:
        response.headers.setdefault("Cache-Control", "no-cache")
    return response


def _is_personal() -> bool:
    """Whether this answer may hold anything that is one person's: the desk's pages, and all that read a cookie."""
    if request.path.startswith(("/staff", "/admin")):
        return True
    # The public attribute would count as a look at the session and so answer always yes.
    session = request_ctx._session  # noqa: SLF001
    return session is None or bool(session.accessed or session.modified)
