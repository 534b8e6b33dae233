"""Counts of the last minutes, in the memory of this process or in a Valkey that processes share.

A name is what is counted, or the keyed hash of a network; a count slides: of the window before the present one it
takes the part that still lies within. Nothing here reaches a disk of ours, and nothing lasts longer than a day.
"""

from __future__ import annotations

import datetime as dt
import logging
import secrets
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

log = logging.getLogger("tipline")

MOST = 200_000
DAY_SECONDS = 86_400
PAUSE_SECONDS = 10.0  # a Valkey that failed is not asked again for so long
TIMEOUT_SECONDS = 0.25
KEY_SIZE = 32


@dataclass(frozen=True)
class Count:
    """What is counted over how many seconds."""

    name: str
    seconds: int

    def slots(self, now: dt.datetime) -> tuple[str, str, float]:
        """Where the present window and the one before are kept, and how much of that one still counts."""
        moment = now.timestamp()
        number = int(moment // self.seconds)
        share = 1.0 - (moment % self.seconds) / self.seconds
        return f"{self.name}:{self.seconds}:{number}", f"{self.name}:{self.seconds}:{number - 1}", share


class Counters(Protocol):
    """Where counts are kept."""

    def read(self, counts: Sequence[Count], now: dt.datetime) -> list[float]:
        """How much was counted of each in its last seconds."""

    def add(self, counts: Sequence[Count], now: dt.datetime) -> None:
        """Count one more of each."""

    def day_key(self, now: dt.datetime) -> bytes:
        """A random key that is the same all day and is kept in memory only (SECURITY 16)."""


class MemoryCounters:
    """Counts of one process, at most ``MOST`` of them: when there are more, those not counted for longest go."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[str, int] = {}
        self._day: tuple[dt.date, bytes] = (dt.date.min, b"")

    def read(self, counts: Sequence[Count], now: dt.datetime) -> list[float]:
        """How much was counted of each in its last seconds."""
        with self._lock:
            slots = [count.slots(now) for count in counts]
            return [self._kept.get(here, 0) + self._kept.get(before, 0) * share for here, before, share in slots]

    def add(self, counts: Sequence[Count], now: dt.datetime) -> None:
        """Count one more of each."""
        with self._lock:
            for count in counts:
                here = count.slots(now)[0]
                self._kept[here] = self._kept.pop(here, 0) + 1  # now the last: what everybody shares is not pushed out
            if len(self._kept) > MOST:
                for name in list(self._kept)[: MOST // 2]:
                    del self._kept[name]

    def day_key(self, now: dt.datetime) -> bytes:
        """This process's key of the day; with a new one the counts of yesterday's networks mean nothing any more."""
        with self._lock:
            if self._day[0] != now.date():
                self._day = (now.date(), secrets.token_bytes(KEY_SIZE))
            return self._day[1]


class ValkeyCounters:
    """Counts that several processes share. While the Valkey is away, each counts in its own memory: tips go on."""

    def __init__(self, url: str) -> None:
        """Connects at the first use. Raises ImportError without the package ``redis``."""
        import redis  # noqa: PLC0415 - only where a Valkey is named in the settings

        self._client: Any = redis.Redis.from_url(
            url, socket_timeout=TIMEOUT_SECONDS, socket_connect_timeout=TIMEOUT_SECONDS
        )
        self._failures = (redis.RedisError, OSError)
        self._memory = MemoryCounters()
        self._away_until = 0.0
        self._day: tuple[dt.date, bytes] = (dt.date.min, b"")

    def read(self, counts: Sequence[Count], now: dt.datetime) -> list[float]:
        """How much was counted of each in its last seconds."""
        slots = [count.slots(now) for count in counts]
        names = [f"tipline:{name}" for slot in slots for name in slot[:2]]
        found = self._ask(lambda: self._client.mget(names))
        if found is None:
            return self._memory.read(counts, now)
        pairs = zip(found[::2], found[1::2], slots, strict=True)
        return [int(here or 0) + int(before or 0) * slot[2] for here, before, slot in pairs]

    def add(self, counts: Sequence[Count], now: dt.datetime) -> None:
        """Count one more of each."""
        pipe = self._client.pipeline(transaction=False)
        for count in counts:
            name = f"tipline:{count.slots(now)[0]}"
            pipe.incr(name)
            pipe.expire(name, 2 * count.seconds)
        if self._ask(pipe.execute) is None:
            self._memory.add(counts, now)

    def day_key(self, now: dt.datetime) -> bytes:
        """The key of the day that all processes share; asked for once a day, and this process's own meanwhile."""
        if self._day[0] == now.date():
            return self._day[1]
        name = f"tipline:day:{now.date().isoformat()}"

        def share() -> Any:
            self._client.set(name, secrets.token_bytes(KEY_SIZE), nx=True, ex=DAY_SECONDS)
            return self._client.get(name)

        key = self._ask(share)
        if key is None:
            return self._memory.day_key(now)
        self._day = (now.date(), bytes(key))
        return self._day[1]

    def _ask(self, act: Any) -> Any:
        """What the Valkey answers, or None while it is away."""
        if time.monotonic() < self._away_until:
            return None
        try:
            return act()
        except self._failures:
            self._away_until = time.monotonic() + PAUSE_SECONDS
            log.warning("counters.valkey_away counted in memory for %d seconds", PAUSE_SECONDS)
            return None


def open_counters(valkey_url: str) -> Counters:
    """The counters that the settings name: a Valkey's, or with an empty address this process's own."""
    return ValkeyCounters(valkey_url) if valkey_url else MemoryCounters()
