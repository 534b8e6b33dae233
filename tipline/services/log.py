"""The legal log of Article 88 of Regulation (EU) 2018/1725: who did what to whose data, when, and why.

An entry is written in the transaction of the act it tells of: if it cannot be written, the act does not happen.
Entries hold codes and ids, never content (SECURITY 22, 24, 25). ``log_segments`` closes and releases them,
``log_check`` verifies them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack, cast

from sqlalchemy import bindparam, insert, select, update

from tipline import config
from tipline.clock import hour_of
from tipline.errors import LogBroken
from tipline.extensions import db
from tipline.models.base import new_id, table_of
from tipline.models.log import LogArrival, LogEntry, LogHead
from tipline.services.log_events import EVENTS

CHAINS = ("public", "staff", "admin", "jobs")
START = "0" * 64

# Art. 88(1): these must say why, and a disclosure to whom.
_JUSTIFIED = frozenset({"consult", "disclose", "transfer"})
# Built once: every tip goes through these.
_ARRIVE, _ADD, _HEADS = insert(table_of(LogArrival)), insert(table_of(LogEntry)), table_of(LogHead)
_FIND_HEAD = select(_HEADS.c.seq, _HEADS.c.entry_hash).where(_HEADS.c.chain == bindparam("of")).with_for_update()
_MOVE_HEAD = (
    update(_HEADS)
    .where(_HEADS.c.chain == bindparam("of"), _HEADS.c.seq == bindparam("at"))
    .values(seq=bindparam("to"), entry_hash=bindparam("digest"))
)
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]*")
_SUBJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_CHAINED = tuple(column.key for column in LogEntry.__table__.columns if column.key != "entry_hash")


@dataclass(frozen=True)
class Actor:
    """Who acts: an account's id, the role it acts in, and a reference that links the acts of one session."""

    id: str
    role: str
    session_ref: str | None = None


class Codes(TypedDict, total=False):
    """What an entry may say beside who, what and whose: codes and ids, never words."""

    field_group: str | None
    justification: str | None
    recipient_id: str | None
    package_id: str | None
    package_sha256: str | None
    legal_basis: str | None
    transfer_basis: str | None


@dataclass(frozen=True)
class Head:
    """The end of a chain: what an auditor keeps outside this machine."""

    chain: str
    seq: int
    entry_hash: str


def record(
    event: str,
    *,
    chain: str,
    actor: Actor | None,
    subjects: Sequence[str],
    now: dt.datetime,
    outcome: str = "ok",
    **told: Unpack[Codes],
) -> None:
    """Write one entry into the caller's transaction; if it cannot be written, what is raised stops the act.

    On the chain ``public`` the entry waits, with its hour only, for its hour to end. Consultations, disclosures and
    transfers that happened need a ``justification``, the latter two a recipient and, but for a message to a sender, a
    package, a transfer its digest and basis. Raises ValueError for an unknown event or chain and for anything that is
    not a code or an id, and LogBroken when the chain has lost its head.
    """
    operation, subject_kind = _meaning(event, chain)
    codes = _all_codes(told)
    _check_codes(codes, subjects)
    if outcome == "ok":
        _check_complete(event, operation, codes)
    about = {"operation": operation, "event": event, "subject_kind": subject_kind, "subject_ids": ",".join(subjects)}
    if chain == "public":
        _wait(about, codes["field_group"], now)
        return
    who = actor or Actor(id="", role="system")
    append(
        chain,
        {
            "id": new_id(),
            "happened_at": now,
            "actor_id": who.id or None,
            "actor_role": who.role,
            "session_ref": who.session_ref,
            "outcome": outcome,
            **about,
            **codes,
        },
    )


def append(chain: str, fields: Mapping[str, Any]) -> Head:
    """Put an entry at the end of a chain, under the lock of its head; returns the new end. Raises LogBroken.

    For ``record`` and for the job that chains what the public did; nobody else calls it.
    """
    db.session.flush()  # what the entry tells of is written before it
    found = db.run(_FIND_HEAD, {"of": chain}).first()
    if found is None:  # the head was made with the tables: without it nothing can be chained
        raise LogBroken
    values: dict[str, Any] = {column: fields.get(column) for column in _CHAINED}
    values.update(
        chain=chain, seq=found.seq + 1, prev_hash=found.entry_hash, erase_after=erase_date(fields["happened_at"])
    )
    digest = entry_digest(values)
    db.run(_ADD, {**values, "entry_hash": digest})
    moved = db.run(_MOVE_HEAD, {"of": chain, "at": found.seq, "to": found.seq + 1, "digest": digest})
    if moved.rowcount != 1:
        raise LogBroken
    return Head(chain, found.seq + 1, digest)


def entry_digest(values: Mapping[Any, Any]) -> str:
    """SHA-256 over the canonical JSON of every field of an entry, the digest of the one before included."""
    plain = {name: _plain(values[name]) for name in _CHAINED}
    return hashlib.sha256(canonical(plain)).hexdigest()


def canonical(values: Mapping[str, Any]) -> bytes:
    """JSON with sorted keys, no spaces and ASCII only: the same values always give the same bytes."""
    return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def heads() -> tuple[Head, ...]:
    """The ends of all chains, for the auditors to keep."""
    rows = db.session.execute(select(LogHead.chain, LogHead.seq, LogHead.entry_hash).order_by(LogHead.chain)).all()
    return tuple(Head(*row) for row in rows)


def erase_date(happened_at: dt.datetime) -> dt.date:
    """The first day on which an entry may go: the profile's years after it was made (Art. 88(2): three)."""
    day = happened_at.date()
    years = config.current().profile.log_years
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, month=3, day=1)


def _meaning(event: str, chain: str) -> tuple[str, str]:
    if event not in EVENTS:
        raise ValueError(f"the log knows no event {event!r}")
    if chain not in CHAINS:
        raise ValueError(f"the log has no chain {chain!r}")
    return EVENTS[event]


def _all_codes(told: Codes) -> dict[str, str | None]:
    return {name: cast("str | None", told.get(name)) for name in Codes.__annotations__}


def _check_codes(codes: Mapping[str, str | None], subjects: Sequence[str]) -> None:
    """Nothing that could be content passes: no space, no letter outside ASCII, nothing long (SECURITY 22)."""
    for name, value in codes.items():
        limit = 64 if name == "package_sha256" else 60 if name == "field_group" else 40
        if value is not None and (len(value) > limit or not _CODE.fullmatch(value)):
            raise ValueError(f"{name} is not a code")
    if any(not _SUBJECT.fullmatch(subject) for subject in subjects):
        raise ValueError("a subject is not an id")


# These reach their recipient by themselves, in no package.
_NO_PACKAGE = frozenset({"message.sent", "attachment.handed_over"})


def _check_complete(event: str, operation: str, codes: Mapping[str, str | None]) -> None:
    if operation in _JUSTIFIED and codes["justification"] is None:
        raise ValueError(f"{event} needs a justification")
    needed: tuple[str, ...] = ()
    if operation in {"disclose", "transfer"}:
        needed = ("recipient_id",) if event in _NO_PACKAGE else ("package_id", "recipient_id")
    if operation == "transfer":
        needed += ("package_sha256", "transfer_basis")
    for name in needed:
        if codes[name] is None:
            raise ValueError(f"{event} needs {name}")


def _wait(about: Mapping[str, str], field_group: str | None, now: dt.datetime) -> None:
    db.run(_ARRIVE, {"id": new_id(), "hour": hour_of(now), "field_group": field_group, **about})


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value
