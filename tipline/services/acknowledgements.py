"""The file that a recipient fills in and sends back: ``ack.json``, made from the package's template."""

from __future__ import annotations

import json
import re

from tipline.errors import BadInput, DigestMismatch

LARGEST = 256 * 1024
_DIGEST = re.compile(r"[0-9a-f]{64}")


def read_acknowledgement(ref: str, raw: bytes) -> tuple[str, str]:
    """Digest and reference from an ``ack.json`` that the recipient sent back.

    Raises BadInput for what is no acknowledgement and DigestMismatch for one of another package.
    """
    try:
        said = json.loads(raw)
        digest, reference, package = said["tagmanifest_sha256"], said.get("reference", ""), said["package"]
        reference.encode()  # JSON can hold halves of characters, which no database takes
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise BadInput("file", "form") from None
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest.strip().lower()):
        raise BadInput("file", "form")
    if package != ref:
        raise DigestMismatch
    return digest, reference
