"""What a desk's people signed, held against what the database says, before anything is opened or sealed (SECURITY 10).

A desk has a chain of signed rosters (``crypto.rosters``). Every account remembers, under a key that only its own seed
gives, at which deed each of its desks was founded and the newest deed it has seen. Whoever can write to the database
can write all of it anew; he cannot write what these memories and signatures agree with.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, select, update

from tipline.crypto import envelope, opening, rosters
from tipline.crypto.grants import Kind
from tipline.crypto.keys import desk_fingerprint
from tipline.crypto.rosters import Chain, Deed, EpochKeys, Holder, Roster
from tipline.errors import Damaged, KeysMismatch
from tipline.extensions import db
from tipline.models.account import Account
from tipline.models.base import table_of
from tipline.models.desk import Desk, DeskDeed, DeskEpoch
from tipline.services import log

if TYPE_CHECKING:
    from tipline.services.accounts import Person

_DEED, _EPOCH = table_of(DeskDeed).c, table_of(DeskEpoch).c
_ALL = select(_DEED.content, _DEED.signer, _DEED.signature).where(_DEED.desk_id == bindparam("desk_id"))
_ALL = _ALL.order_by(_DEED.number)
_HEAD = _ALL.order_by(None).order_by(_DEED.number.desc()).limit(1)
_PUBLISHED = select(_EPOCH.epoch, _EPOCH.content_public, _EPOCH.identity_public, _EPOCH.state).where(
    _EPOCH.desk_id == bindparam("desk_id"), _EPOCH.state != "closed"
)
_MEMORY = select(table_of(Account).c.desk_memory).where(table_of(Account).c.id == bindparam("account_id"))

# Chains that were verified by this process, by the digest of their last deed, which covers all of the others.
_verified: OrderedDict[str, Chain] = OrderedDict()
_MOST_VERIFIED = 256


@dataclass(frozen=True)
class _Seen:
    """What an account remembers of one desk: its founding, how many deeds it had, and the last of them."""

    founding: str
    count: int
    newest: str


def check(person: Person, desk_id: str) -> Chain | None:
    """The desk's chain, if it leads to the founding that this person knows and the published keys are the signed ones.

    None for a desk that was founded before rosters were signed. The first look at a desk is believed and remembered
    from then on. Raises KeysMismatch.
    """
    chain = _read(desk_id)
    memory = _remembered(person, desk_id)
    seen = memory.get(desk_id)
    if seen is not None and (
        chain is None or chain.founding != seen.founding or chain.digests[seen.count - 1 : seen.count] != (seen.newest,)
    ):
        raise KeysMismatch(desk_id, "memory")
    if chain is None:
        return None
    _check_published(desk_id, chain.roster)
    if db.is_writing and (seen is None or seen.count != len(chain.digests)):
        _remember(person, memory, desk_id, chain)
    return chain


def check_opened(
    person: Person, desk_id: str, epoch: int, kind: Kind, seed: bytes, made_by: str, sealed: bytes, signed: bytes | None
) -> None:
    """Return if this opened grant is what the roster says: this person, this key, given by somebody of the desk.

    Raises KeysMismatch.
    """
    chain = check(person, desk_id)
    if chain is None:
        return
    holder = chain.roster.people.get(person.id)
    mine = rosters.digest_of(opening.public_key(person.seed))
    if holder is None or kind not in holder.keys or holder.public != mine:
        raise KeysMismatch(desk_id, "holder")
    keys = chain.roster.epochs.get(epoch)
    if keys is None or rosters.digest_of(opening.public_key(seed)) != (
        keys.content if kind == "content" else keys.identity
    ):
        raise KeysMismatch(desk_id, "published")
    try:
        chain.verify_statement(made_by, signed or b"", *grant_said(desk_id, epoch, kind, person.id, sealed))
    except Damaged:
        raise KeysMismatch(desk_id, "grant") from None


def grant_said(desk_id: str, epoch: int, kind: str, account_id: str, sealed: bytes) -> tuple[bytes | str | int, ...]:
    """What is signed of a grant."""
    return ("grant", desk_id, epoch, kind, account_id, sealed)


def found(person: Person, roster: Roster, now: dt.datetime) -> None:
    """Sign the founding roster, which this person stands in; the desk had none before."""
    _append(person, roster, 1, person.id, person.seed, now)


def change(
    person: Person, chain: Chain, roster: Roster, now: dt.datetime, *, signer: str = "", seed: bytes = b""
) -> None:
    """Sign the next roster; by the person, or with a key of the desk that they hold. The caller has locked the desk.

    Raises Damaged for a step that this signer may not do.
    """
    following = replace(roster, previous=chain.digests[-1])
    _append(person, following, len(chain.digests) + 1, signer or person.id, seed or person.seed, now)


def sign_off(person: Person, desk_id: str, account_id: str, now: dt.datetime) -> None:
    """Sign the roster without somebody, where this person may: else whoever makes the new keys does. KeysMismatch."""
    chain = _read(desk_id)
    if chain is None or account_id not in chain.roster.people:
        return
    signer = chain.roster.people.get(person.id)
    if signer is None or rosters.IDENTITY not in signer.keys:
        return
    check(person, desk_id)
    people = {one: holder for one, holder in chain.roster.people.items() if one != account_id}
    change(person, chain, replace(chain.roster, people=people), now)


def holder_of(account: Account, *kinds: str) -> Holder:
    """How a roster names an account. Raises Damaged for one without keys."""
    if account.public_key is None or account.signing_public_key is None:
        raise Damaged
    return Holder(rosters.digest_of(account.public_key), account.signing_public_key.hex(), tuple(sorted(kinds)))


def epoch_keys(seeds: Mapping[Kind, bytes]) -> EpochKeys:
    """How a roster names the key pairs of an epoch."""
    content, identity = seeds["content"], seeds["identity"]
    return EpochKeys(
        rosters.digest_of(opening.public_key(content)),
        rosters.digest_of(opening.public_key(identity)),
        rosters.signing_public(content).hex(),
        rosters.signing_public(identity).hex(),
    )


def make_memory(account_id: str, seed: bytes) -> bytes:
    """An account's memory before it has seen any desk."""
    return _sealed(account_id, seed, {})


def fingerprint_of(desk_id: str) -> str:
    """The fingerprint of a desk's published keys, as ``TIPLINE_DESK_PINS`` names it; empty before it has some."""
    for row in db.run(_PUBLISHED, {"desk_id": desk_id}):
        if row.state == "current":
            return desk_fingerprint(row.content_public, row.identity_public)
    return ""


def stop_intake(error: KeysMismatch, person: Person, now: dt.datetime) -> None:
    """Let nothing more be sealed to a desk whose people or keys are not the signed ones, and tell its members."""
    stopped = db.session.execute(
        update(Desk)
        .where(Desk.id == error.desk_id, Desk.stopped_at.is_(None))
        .values(stopped_at=now, stopped_for=error.why)
    )
    if stopped.rowcount == 1:  # type: ignore[attr-defined]
        log.record(
            "desk.stopped", chain="staff", actor=person.actor, subjects=[error.desk_id], now=now, field_group=error.why
        )


def _read(desk_id: str) -> Chain | None:
    head = db.run(_HEAD, {"desk_id": desk_id}).first()
    if head is None:
        return None
    digest = _deed(head).digest
    chain = _verified.get(digest)
    if chain is None:
        rows = db.run(_ALL, {"desk_id": desk_id}).all()
        try:
            chain = rosters.verify(
                desk_id, [Deed(bytes(row.content), row.signer, bytes(row.signature)) for row in rows]
            )
        except Damaged:
            raise KeysMismatch(desk_id, "chain") from None
        _verified[chain.digests[-1]] = chain
        if len(_verified) > _MOST_VERIFIED:
            _verified.popitem(last=False)
    if chain.roster.desk != desk_id:
        raise KeysMismatch(desk_id, "chain")
    return chain


def _deed(row: Any) -> Deed:
    return Deed(bytes(row.content), row.signer, bytes(row.signature))


def _check_published(desk_id: str, roster: Roster) -> None:
    """Every epoch that is in use was signed as it stands, and the one that is sealed to is the newest."""
    for row in db.run(_PUBLISHED, {"desk_id": desk_id}):
        keys = roster.epochs.get(row.epoch)
        published = (rosters.digest_of(row.content_public), rosters.digest_of(row.identity_public))
        if keys is None or published != (keys.content, keys.identity):
            raise KeysMismatch(desk_id, "published")
        if (row.state == "current") != (row.epoch == roster.epoch):
            raise KeysMismatch(desk_id, "published")


def _remembered(person: Person, desk_id: str) -> dict[str, _Seen]:
    """Everything that the account remembers. Raises KeysMismatch: one that has keys has a memory too."""
    kept = db.run(_MEMORY, {"account_id": person.id}).scalar()
    if kept is None:
        raise KeysMismatch(desk_id, "memory")
    try:
        plain = envelope.unwrap_key(_memory_key(person.seed), bytes(kept), context=_memory_place(person.id))
    except Damaged:
        raise KeysMismatch(desk_id, "memory") from None
    return {one: _Seen(**seen) for one, seen in json.loads(plain).items()}


def _remember(person: Person, memory: dict[str, _Seen], desk_id: str, chain: Chain) -> None:
    memory[desk_id] = _Seen(chain.founding, len(chain.digests), chain.digests[-1])
    sealed = _sealed(person.id, person.seed, memory)
    db.session.execute(update(Account).where(Account.id == person.id).values(desk_memory=sealed))


def _sealed(account_id: str, seed: bytes, memory: Mapping[str, _Seen]) -> bytes:
    plain = json.dumps({one: vars(seen) for one, seen in memory.items()}).encode("ascii")
    return envelope.wrap_key(_memory_key(seed), plain, context=_memory_place(account_id))


def _memory_key(seed: bytes) -> bytes:
    return envelope.derive_key(seed, purpose="desk-memory")


def _memory_place(account_id: str) -> str:
    return f"desk-memory/{account_id}"


def _append(person: Person, roster: Roster, number: int, signer: str, seed: bytes, now: dt.datetime) -> None:
    deed = rosters.sign_roster(roster, signer, seed)
    db.session.add(
        DeskDeed(
            desk_id=roster.desk,
            number=number,
            content=deed.content,
            signer=deed.signer,
            signature=deed.signature,
            made_at=now,
        )
    )
    db.session.flush()
    chain = _read(roster.desk)
    if chain is not None:
        _remember(person, _remembered(person, roster.desk), roster.desk, chain)
