"""The proof of work that a browser does for its owner while much is going on (altcha's format).

A challenge is signed and bound to one draft. Sending spends the draft, so a solution is good for one tip.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json

import altcha

from tipline.crypto import envelope

LIFE = dt.timedelta(hours=2)
ALGORITHM = "PBKDF2/SHA-256"
# Rounds of each try, and what the result begins with: 256 tries on average, at the last level 4,096.
WORK = {1: (1000, "00"), 2: (4000, "00"), 3: (2000, "000")}
LONGEST = 4000


def ask(key: bytes, secret: bytes, level: int, now: dt.datetime) -> str:
    """A challenge for the draft of this cookie secret, as JSON for the page."""
    cost, prefix = WORK[level]
    data = {"for": _name_of(secret), "until": int((now + LIFE).timestamp())}
    made = altcha.create_challenge(ALGORITHM, cost, key_prefix=prefix, data=data, hmac_secret=key)
    return json.dumps(made.to_dict(), separators=(",", ":"))


def is_solved(key: bytes, secret: bytes, answer: str, now: dt.datetime) -> bool:
    """Whether the answer solves a challenge of ours for this draft that has not expired; never raises.

    Costs one try of the work, and only when the signature is ours.
    """
    if not 0 < len(answer) <= LONGEST:
        return False
    try:
        payload = altcha.Payload.from_base64(answer)
        data = payload.challenge.parameters.data or {}
        if not hmac.compare_digest(str(data["for"]).encode(), _name_of(secret).encode()):
            return False
        fresh = now.timestamp() < float(data["until"])
        return fresh and altcha.verify_solution(payload, key).verified
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):  # not in our format
        return False


def _name_of(secret: bytes) -> str:
    return envelope.derive_key(secret, purpose="draft-proof")[:16].hex()
