"""What machines ask a website for: where to report a weakness, and whether it has an address in the Tor network."""

from __future__ import annotations

import datetime as dt
from urllib.parse import quote

from flask import Response, abort, request

from tipline import clock, config
from tipline.public import bp
from tipline.public.gallery import front
from tipline.web import guard

# RFC 9116 recommends less than a year; the day moves on by itself.
VALID = dt.timedelta(days=180)


@front.get("/.well-known/security.txt")
@guard.anyone
def security() -> Response:
    """Where to report a weakness of this service (RFC 9116); 404 where nobody is named."""
    settings = config.current()
    if not settings.security_contact:
        abort(404)
    expires = (clock.now() + VALID).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {settings.security_contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
    ]
    if settings.public_address:
        lines.append(f"Canonical: {settings.public_address}/.well-known/security.txt")
    return Response("\n".join([*lines, ""]), mimetype="text/plain")


@bp.after_request
def tell_onion(response: Response) -> Response:
    """Tell Tor Browser the same page's address in the Tor network, where there is one and it is not there already."""
    onion = config.current().onion
    if onion and response.mimetype == "text/html" and not request.host.endswith(".onion"):
        response.headers["Onion-Location"] = onion + quote(request.script_root + request.path)
    return response
