"""The headers of every answer (SECURITY 16-19)."""

from __future__ import annotations

from flask import Flask, Response, request
from flask.globals import request_ctx

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; connect-src 'self'; "
    "worker-src 'none'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
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
    """Add the headers to every answer."""
    app.after_request(_protect)


def may_frame_itself(response: Response) -> Response:
    """Let this page show a page of ours in a frame."""
    response.headers["Content-Security-Policy"] = f"{CONTENT_SECURITY_POLICY}; frame-src 'self'"
    return response


def may_be_framed(response: Response) -> Response:
    """Let this page stand in a frame of ours, and of nobody else."""
    own = CONTENT_SECURITY_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
    response.headers["Content-Security-Policy"] = own
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _protect(response: Response) -> Response:
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = HSTS
    if is_personal():
        response.headers["Cache-Control"] = "no-store"
    else:
        response.headers.setdefault("Cache-Control", "no-cache")
    return response


def is_personal() -> bool:
    """Whether this answer may hold anything that is one person's: the desk's pages, and all that read a cookie."""
    if request.path.startswith(("/staff", "/admin")):
        return True
    # The public attribute would count as a look at the session and so answer always yes.
    session = request_ctx._session  # noqa: SLF001
    return session is None or bool(session.accessed or session.modified)
