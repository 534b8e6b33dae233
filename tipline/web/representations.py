"""Bytes that are the same for everybody, plain and packed, and how they are sent.

Packing a page that holds a secret beside something that a stranger chose lets the stranger guess the secret by the
page's size (BREACH). So nothing else is ever packed: what is made here holds no token and was made without a cookie.
"""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass

from flask import Response, request

WORTH_PACKING = 200
PACKED_KINDS = ("text/", "image/svg+xml", "application/json", "application/atom+xml")


@dataclass(frozen=True)
class Representation:
    """One thing as it is sent: its bytes, the same with gzip where that is shorter, and the digest of the bytes."""

    body: bytes
    packed: bytes | None
    media_type: str
    digest: str


def make(body: bytes, media_type: str) -> Representation:
    """Digest and pack these bytes."""
    packed = None
    if len(body) >= WORTH_PACKING and media_type.startswith(PACKED_KINDS):
        packed = gzip.compress(body, mtime=0)
        packed = packed if len(packed) < len(body) else None
    return Representation(body, packed, media_type, hashlib.sha256(body).hexdigest())


def answer(made: Representation, cache_control: str) -> Response:
    """The answer to this request: packed for who takes gzip, nothing for who has it already.

    The ETag is strong and names the bytes of this very form, so the packed form has another.
    """
    packed = made.packed if request.accept_encodings.quality("gzip") > 0 else None
    response = Response(made.body if packed is None else packed, mimetype=made.media_type)
    response.headers["Cache-Control"] = cache_control
    response.set_etag(made.digest[:32] + ("" if packed is None else "-gzip"))
    if made.packed is not None:
        response.vary.add("Accept-Encoding")
    if packed is not None:
        response.content_encoding = "gzip"
    response.make_conditional(request)
    return response
