"""Signed rosters: who is on a desk with which keys, and which key pairs the desk has had, as a chain of signed deeds.

Each deed holds the whole roster after it and the digest of the deed before it, and is signed by somebody who stands in
the roster before it. Whoever knows the digest of the first deed can tell every roster that was made by its people from
one that was written by somebody else. The signing keys come from the seeds that people and desks have anyway.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tipline.crypto import envelope, signatures
from tipline.crypto.fields import join_fields
from tipline.errors import Damaged

CONTENT, IDENTITY = "content", "identity"
# Signers that are no person: whoever has this private key of the desk, such as from the code on paper.
DESK_SIGNERS = {CONTENT: "content-key", IDENTITY: "identity-key"}


@dataclass(frozen=True)
class Holder:
    """One person on a roster: digest of the account key, signing key, and which of the desk's keys were given."""

    public: str
    signing: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class EpochKeys:
    """The key pairs of one epoch: digests of both public keys, and the signing keys that come with both seeds."""

    content: str
    identity: str
    content_signing: str
    identity_signing: str


@dataclass(frozen=True)
class Roster:
    """People by account id, epochs by number. ``previous`` is the digest of the deed before, empty at the founding."""

    desk: str
    previous: str
    epochs: Mapping[int, EpochKeys]
    people: Mapping[str, Holder]

    @property
    def epoch(self) -> int:
        """The epoch that is sealed to."""
        return max(self.epochs)

    def content(self) -> bytes:
        """The bytes that are signed."""
        return json.dumps(asdict(self), sort_keys=True, separators=(",", ":")).encode("ascii")


@dataclass(frozen=True)
class Deed:
    """One signed roster. ``signer`` is an account id or one of ``DESK_SIGNERS``."""

    content: bytes
    signer: str
    signature: bytes

    @property
    def digest(self) -> str:
        """What the next deed and people's memories name it by."""
        return hashlib.sha256(join_fields(self.content, self.signer, self.signature)).hexdigest()


@dataclass(frozen=True)
class Chain:
    """A chain that holds: the digests of its deeds, the newest roster, and all signing keys of everybody ever on it."""

    digests: tuple[str, ...]
    roster: Roster
    signers: Mapping[str, frozenset[str]]

    @property
    def founding(self) -> str:
        """The digest of the first deed."""
        return self.digests[0]

    def verify_statement(self, signer: str, signature: bytes, *said: bytes | str | int) -> None:
        """Return if somebody who is or was on the roster signed this, with a key they had then. Raises Damaged."""
        for signing in self.signers.get(signer, ()):
            with contextlib.suppress(Damaged):
                verify_statement(signing, signature, *said)
                return
        raise Damaged


def digest_of(public: bytes) -> str:
    """A public key as a roster names it."""
    return hashlib.sha256(public).hexdigest()


def signing_public(seed: bytes) -> bytes:
    """The signing key of an account or a desk, 32 bytes, of its private seed."""
    return signatures.signing_public(_signing_seed(seed))


def sign_roster(roster: Roster, signer: str, seed: bytes) -> Deed:
    """Sign a roster with the seed of an account, or of a desk for one of ``DESK_SIGNERS``."""
    content = roster.content()
    return Deed(content, signer, signatures.sign_bytes(_signing_seed(seed), _message(signer, content)))


def verify(desk: str, deeds: Sequence[Deed]) -> Chain:
    """The chain that these deeds make, from the founding to the newest. Raises Damaged for anything else.

    Whoever stands in a roster may let people in with the content key; only a holder of the identity key gives that key,
    takes people out or begins an epoch. An epoch that was ever there stays as it was.
    """
    before: Roster | None = None
    signers: dict[str, frozenset[str]] = {}
    digests: list[str] = []
    for deed in deeds:
        roster = _read(deed)
        if roster.desk != desk or roster.previous != (digests[-1] if digests else ""):
            raise Damaged
        _check_signature(deed, before or roster)
        if before is not None:
            _check_step(before, roster, deed.signer)
        signers |= {one: signers.get(one, frozenset()) | {holder.signing} for one, holder in roster.people.items()}
        digests.append(deed.digest)
        before = roster
    if before is None:
        raise Damaged
    return Chain(tuple(digests), before, signers)


def sign_statement(seed: bytes, *said: bytes | str | int) -> bytes:
    """Sign a list of values, such as a grant or a confirmed key, with an account's seed."""
    return signatures.sign_bytes(_signing_seed(seed), join_fields(b"tipline/v1/statement", *said))


def verify_statement(signing: str, signature: bytes, *said: bytes | str | int) -> None:
    """Return if this signing key (hexadecimal) signed exactly these values. Raises Damaged."""
    signatures.verify_bytes(bytes.fromhex(signing), join_fields(b"tipline/v1/statement", *said), signature)


def _signing_seed(seed: bytes) -> bytes:
    return envelope.derive_key(seed, purpose="signing")


def _message(signer: str, content: bytes) -> bytes:
    return join_fields(b"tipline/v1/roster", signer, content)


def _read(deed: Deed) -> Roster:
    try:
        raw: Any = json.loads(deed.content)
        roster = Roster(
            raw["desk"],
            raw["previous"],
            {int(number): EpochKeys(**keys) for number, keys in raw["epochs"].items()},
            {one: Holder(row["public"], row["signing"], tuple(row["keys"])) for one, row in raw["people"].items()},
        )
    except (ValueError, TypeError, KeyError, AttributeError) as refused:
        raise Damaged from refused
    if not roster.epochs or not roster.people or roster.content() != deed.content:
        raise Damaged
    return roster


def _check_signature(deed: Deed, roster: Roster) -> None:
    """By somebody who stood in the roster, or by a key of the desk as it was; the founding by its founder."""
    now = roster.epochs[roster.epoch]
    known = {one: holder.signing for one, holder in roster.people.items()}
    known |= {DESK_SIGNERS[CONTENT]: now.content_signing, DESK_SIGNERS[IDENTITY]: now.identity_signing}
    if deed.signer not in known:
        raise Damaged
    try:
        public = bytes.fromhex(known[deed.signer])
    except ValueError as refused:
        raise Damaged from refused
    signatures.verify_bytes(public, _message(deed.signer, deed.content), deed.signature)


def _has_identity(before: Holder | None, holder: Holder) -> bool:
    """Whether the same keys of the same person were given the identity key before."""
    if before is None or IDENTITY not in before.keys:
        return False
    return (before.public, before.signing) == (holder.public, holder.signing)


def _check_step(before: Roster, after: Roster, signer: str) -> None:
    if any(after.epochs.get(number) != keys for number, keys in before.epochs.items()):
        raise Damaged
    held = before.people[signer].keys if signer in before.people else ()
    if IDENTITY in held or signer == DESK_SIGNERS[IDENTITY]:
        return
    gives_identity = any(
        IDENTITY in holder.keys and not _has_identity(before.people.get(one), holder)
        for one, holder in after.people.items()
    )
    if gives_identity or after.epochs.keys() != before.epochs.keys() or before.people.keys() - after.people.keys():
        raise Damaged
