"""What the public door asks of its visitors while many come: nothing in quiet hours (``services/budgets``).

Traces on the first page (a field that only machines fill in, and when the page was opened) tell haste from people; a
browser that can proves that it worked for the tip. Who can do neither is taken as well, in smaller numbers, and the
tip is marked unproven. Nobody is told to solve a riddle, and no address is kept: a network is known by today's hash.
"""

from __future__ import annotations

import datetime as dt
import hmac
import secrets
from dataclasses import dataclass
from functools import cached_property

from flask import Flask, Response, after_this_request, current_app, request
from itsdangerous import BadData, URLSafeSerializer

from tipline import clock, config
from tipline.errors import OnceMore
from tipline.services import proofs
from tipline.services.budgets import Budgets, Kind
from tipline.services.counters import Counters, open_counters
from tipline.web import headers

NETWORK = "tipline.network"  # where the floodgate leaves the network's name in a request's environment
TRAP, OPENED, PROOF = "subject", "opened", "proof"
QUICKEST_SECONDS = 3  # nobody fills in the first page, or reads the check page, in less


@dataclass(frozen=True)
class Crowd:
    """What one application knows about its crowd."""

    settings: config.Settings
    counters: Counters
    budgets: Budgets

    @cached_property
    def pages(self) -> URLSafeSerializer:
        """Signs when a first page was opened."""
        return URLSafeSerializer(self.settings.secret("public.key"), salt="opened")

    @cached_property
    def proof_key(self) -> bytes:
        """Signs what a browser is asked to solve."""
        return hmac.digest(self.settings.secret("public.key"), b"tipline/v1/proof-of-work", "sha256")


def register(app: Flask, settings: config.Settings) -> Crowd:
    """Give the application its counters and budgets."""
    # Without a Valkey each process counts alone, and has its part of the whole.
    parts = 1 if settings.valkey_url else settings.workers
    counters = _open(settings)
    crowd = Crowd(settings, counters, Budgets(counters, settings.tips_per_hour / parts))
    app.extensions["tipline_crowd"] = crowd
    app.jinja_env.globals["opened_page"] = opened_page
    return crowd


def _open(settings: config.Settings) -> Counters:
    try:
        return open_counters(settings.valkey_url)
    except ImportError:
        raise config.ConfigError("TIPLINE_VALKEY_URL needs the extra package: pip install 'tipline[valkey]'") from None
    except ValueError:
        raise config.ConfigError("TIPLINE_VALKEY_URL is an address such as redis://127.0.0.1:6379/0") from None


def opened_page() -> str:
    """The token of a first page: when it was opened. A page that is shown again with its errors keeps its own."""
    kept = request.form.get(OPENED, "")
    if _read(kept) is not None:
        return kept
    return str(_crowd().pages.dumps([int(clock.now().timestamp()), secrets.token_hex(8)]))


def is_doubtful(now: dt.datetime) -> bool:
    """Whether the first page was sent in as a machine does it: too fast, too often, or with the trap filled in.

    A page that lay open for days is a person's like any other.
    """
    read = _read(request.form.get(OPENED, ""))
    if read is None or request.form.get(TRAP):
        return True
    opened, number = read
    return now.timestamp() - opened < QUICKEST_SECONDS or _crowd().budgets.use_page(number, now)


def _read(token: str) -> tuple[int, str] | None:
    try:
        opened, number = _crowd().pages.loads(token)
    except (BadData, ValueError, TypeError):
        return None
    return opened, number


def take_draft(now: dt.datetime, *, doubtful: bool) -> None:
    """Make room for what the first page says. Raises Full."""
    budgets = _crowd().budgets
    budgets.note_arrival(now)
    budgets.take(Kind.HASTY_DRAFT if doubtful else Kind.DRAFT, _network(), now)


def take_tip(secret: bytes, now: dt.datetime, *, age: float, doubtful: bool) -> bool:
    """Make room for a tip; returns whether it is proven. Raises Full, and OnceMore for haste while much is going on."""
    crowd = _crowd()
    crowd.budgets.note_arrival(now)
    level = crowd.budgets.level(now)
    if doubtful:
        if level and age < QUICKEST_SECONDS:
            raise OnceMore
        crowd.budgets.take(Kind.DOUBTFUL, _network(), now)
        return False
    proven = not level or proofs.is_solved(crowd.proof_key, secret, request.form.get(PROOF, ""), now)
    crowd.budgets.take(Kind.PROVEN if proven else Kind.UNPROVEN, _network(), now)
    return proven


def ask(secret: bytes, now: dt.datetime) -> str | None:
    """What the browser shall solve for this draft, or None in quiet hours. Allows the page its worker."""
    crowd = _crowd()
    level = crowd.budgets.level(now)
    if not level:
        return None
    after_this_request(_allow_worker)
    return proofs.ask(crowd.proof_key, secret, level, now)


def _allow_worker(response: Response) -> Response:
    policy = headers.CONTENT_SECURITY_POLICY.replace("worker-src 'none'", "worker-src 'self'")
    response.headers["Content-Security-Policy"] = policy
    return response


def _network() -> str | None:
    known: str | None = request.environ.get(NETWORK)
    return known


def _crowd() -> Crowd:
    crowd: Crowd = current_app.extensions["tipline_crowd"]
    return crowd
