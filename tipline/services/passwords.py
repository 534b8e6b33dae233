"""Choosing, locking and unlocking passwords: the rules, and the gate that keeps Argon2 from taking all memory."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from importlib import resources

from tipline import config
from tipline.crypto import passwords
from tipline.errors import BadInput, Busy

SHORTEST = 16
LONGEST = 200
FEWEST_DIFFERENT = 6
FEWEST_OF_ONES_OWN = 8
AT_ONCE = 2
WAITING = 8
# The same character four times or more, and what lies side by side in alphabet or figures.
_RUNS = re.compile(r"(.)\1{3,}|0?123(4(5(6(7(8(90?)?)?)?)?)?)?|9876(5(4(3(2(10?)?)?)?)?)?|abcd(efg?h?)?")
_LOOKS_LIKE = str.maketrans("013457@$!", "oleastasi")


class Gate:
    """Lets a few through at once and a few wait; whoever comes then is told so at once."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._slots = threading.BoundedSemaphore(at_once)
        self._places = threading.BoundedSemaphore(at_once + waiting)

    @contextmanager
    def passing(self) -> Iterator[None]:
        """Hold a slot. Raises Busy when every place to wait is taken too."""
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            with self._slots:
                yield
        finally:
            self._places.release()


# Each try takes 64 MiB and a tenth of a second: two at once, eight that wait (SECURITY 12).
_gate = Gate(AT_ONCE, WAITING)


def pepper() -> bytes:
    """The secret that is kept outside the database and its backups."""
    return config.current().secret("pepper")


@cache
def words() -> tuple[str, ...]:
    """The list of plain words for passwords and for reading keys aloud."""
    text = resources.files("tipline").joinpath("data/words.txt").read_text(encoding="utf-8")
    return tuple(text.split())


@cache
def _common() -> tuple[str, ...]:
    text = resources.files("tipline").joinpath("data/common_passwords.txt").read_text(encoding="utf-8")
    return tuple(sorted((line for line in text.split() if line), key=len, reverse=True))


def propose() -> str:
    """Six random words, ready to be written down."""
    return passwords.propose_password(words())


def check_choice(password: str, names: Sequence[str] = ()) -> None:
    """Refuse a password that others would guess; ``names`` are what the person is called.

    Raises BadInput on ``password``: too-short (under 16 characters), too-long, common.
    """
    folded = unicodedata.normalize("NFKC", password).casefold()
    if len(folded) < SHORTEST:
        raise BadInput("password", "too-short")
    if len(password) > LONGEST:
        raise BadInput("password", "too-long")
    rest = _RUNS.sub("", folded).translate(_LOOKS_LIKE)
    for known in (*_parts_of(names), *_common()):
        rest = rest.replace(known, "")
    if len(rest) < FEWEST_OF_ONES_OWN or len(set(folded)) < FEWEST_DIFFERENT:
        raise BadInput("password", "common")


def lock(seed: bytes, password: str, account_id: str, cost: passwords.Cost) -> bytes:
    """Lock an account's seed under its password. Slow; raises Busy when too many try at once."""
    with _gate.passing():
        return passwords.lock_seed(seed, password, pepper(), account_id, cost)


def unlock(locked: bytes, password: str, account_id: str) -> bytes:
    """The seed behind a password. Slow; raises WrongPassword, or Busy when too many try at once."""
    with _gate.passing():
        return passwords.unlock_seed(locked, password, pepper(), account_id)


def is_former(locked: bytes | None) -> bool:
    """Whether a lock was made before accounts remembered their desks."""
    return locked is not None and passwords.is_former_lock(locked)


def waste(password: str, cost: passwords.Cost) -> None:
    """Take the time that a try takes, so that an unknown name costs the same as a known one. Raises Busy."""
    with _gate.passing():
        passwords.lock_seed(bytes(32), password, pepper(), "nobody", cost)


def _parts_of(names: Sequence[str]) -> list[str]:
    return [part for name in names for part in name.casefold().translate(_LOOKS_LIKE).split() if len(part) > 2]
