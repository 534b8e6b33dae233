"""Packages in storage: the bytes that were built, how they leave, and when they are deleted.

What an administrator sees of a package is codes and counts. The sealed bytes are those that were built in the
proposer's or reviewer's session, byte for byte: their digest is checked before the first of them goes out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tipline import storage
from tipline.errors import DigestMismatch, ReferralRefused
from tipline.extensions import db
from tipline.models.referral import Package, Referral
from tipline.services import bags, covers, ledger, log, proposed_tips

PIECE = 1024 * 1024
OPEN_REFERRALS = ("drafted", "in_review", "proposed", "waiting", "released")


@dataclass(frozen=True)
class Checked:
    """Stored bytes that were read to the end and are the ones that were built."""

    stored_name: str
    sha256: str


def outer_files(package: Package) -> list[tuple[str, int, Callable[[], Iterable[bytes]]]]:
    """The files that travel together: sealed bytes, list, signature, and for a certificate its identity."""
    small = [
        (f"{package.ref}.manifest.json", package.manifest.encode()),
        (f"{package.ref}.manifest.p7s", package.manifest_signature),
        (f"{package.ref}.VERIFY.txt", _verify_text(package)),
    ]
    if package.sealed_identity is not None:
        small.append((f"{package.ref}.identity.p7m", package.sealed_identity))
    listed: list[tuple[str, int, Callable[[], Iterable[bytes]]]] = [
        (name, len(content), _once(content)) for name, content in small
    ]
    sealed = (f"{package.ref}.tar.age", package.byte_count, lambda: sealed_bytes(package))
    return [sealed, *listed]


def download(package: Package, checked: Checked | None = None) -> Iterator[bytes]:
    """One plain tar of the outer files. The digest is verified before the first byte: raises DigestMismatch."""
    check_stored(package, checked)
    files = [(name, size, chunks()) for name, size, chunks in outer_files(package)]
    return bags.stream_tar(files, package.built_at)


def download_size(package: Package) -> int:
    """How many bytes ``download`` gives."""
    padded = (bags.BLOCK + size + -size % bags.BLOCK for _, size, _ in outer_files(package))
    return sum(padded) + bags.RECORD


def check_bytes(ref: str) -> Checked | None:
    """Check a package's bytes before the transaction that decides on it: reading gigabytes must not hold its lock.

    None when there is no such package or its bytes are gone; the decision refuses that itself. Raises DigestMismatch.
    """
    package = db.session.scalars(select(Package).where(Package.ref == ref)).one_or_none()
    if package is None or package.stored_name is None:
        return None
    check_stored(package)
    return Checked(package.stored_name, package.sha256)


def check_stored(package: Package, checked: Checked | None = None) -> None:
    """Raise DigestMismatch unless the stored bytes are whole and the ones that were built, or just ``checked``."""
    if checked is not None and checked == Checked(package.stored_name or "", package.sha256):
        return
    digest, size = hashlib.sha256(), 0
    for piece in sealed_bytes(package):
        digest.update(piece)
        size += len(piece)
    if size != package.byte_count or digest.hexdigest() != package.sha256:
        raise DigestMismatch


def sealed_bytes(package: Package) -> Iterator[bytes]:
    """The stored bytes, piece by piece. Raises DigestMismatch when there are none any more."""
    if package.stored_name is None:
        raise DigestMismatch
    try:
        file = storage.files().open(package.stored_name)
    except FileNotFoundError:
        raise DigestMismatch from None
    with file:
        while piece := file.read(PIECE):
            yield piece


def discard(stored_names: Iterable[str]) -> None:
    """Delete files whose rows have let go of them, after the commit; what a crash leaves is swept by the clock."""
    for name in stored_names:
        storage.files().delete(name)


def read_cover(package: Package) -> dict[str, Any]:
    """Codes and counts, as they were when the package was built."""
    cover: dict[str, Any] = json.loads(package.cover)
    return cover


def erase_due_packages(now: dt.datetime) -> list[str]:
    """End what is past its date and forget packages whose time has come.

    Proposals, waiting packages and released ones that nobody sent end after 72 hours, waiting ones also when a tip of
    theirs was erased, restricted or quarantined meanwhile. Returns the names of files for
    ``discard`` after the caller's commit.
    """
    for referral in db.session.scalars(
        select(Referral).where(Referral.state.in_(OPEN_REFERRALS)).with_for_update()
    ).all():
        reason = _ending(referral, now)
        if reason is not None:
            _end(referral, reason, now)
    due = select(Package).where(Package.stored_name.is_not(None), Package.delete_at <= now)
    return [forget_bytes(package, None, now, chain="jobs") for package in db.session.scalars(due).all()]


def forget_bytes(package: Package, actor: log.Actor | None, now: dt.datetime, *, chain: str) -> str:
    """Let go of a package's bytes and log it; returns the file's name for ``discard`` after the commit."""
    name = package.stored_name or ""
    package.stored_name, package.delete_at, package.sealed_identity = None, None, None
    ledger.note("package", [package.id], reason="erased", now=now)
    log.record("package.erased", chain=chain, actor=actor, subjects=[package.id], now=now, package_id=package.id)
    db.session.flush()
    return name


def _once(content: bytes) -> Callable[[], Iterable[bytes]]:
    return lambda: (content,)


def _verify_text(package: Package) -> bytes:
    fingerprint = read_cover(package)["certificate_fingerprint"]
    return covers.verify_text(package.ref, fingerprint, cms=package.sealed_identity is not None).encode()


def _ending(referral: Referral, now: dt.datetime) -> str | None:
    if referral.expires_at <= now:
        return "expired"
    if referral.state in ("waiting", "released"):
        try:
            proposed_tips.check_tips(referral.id)
        except ReferralRefused:
            return "tip-changed"
    return None


def _end(referral: Referral, reason: str, now: dt.datetime) -> None:
    package = db.session.scalars(select(Package).where(Package.referral_id == referral.id)).one_or_none()
    if package is not None:
        package.state = "expired" if reason == "expired" else "returned"
        package.return_reason, package.decided_at, package.delete_at = reason, now, now
    if referral.state != "drafted":  # nobody but its writer ever saw a draft
        log.record("referral.returned", chain="jobs", actor=None, subjects=[referral.id], now=now, justification=reason)
        proposed_tips.give_back(referral.id, None, now, chain="jobs", justification=reason)
    referral.state = "expired" if reason == "expired" else "returned"
    db.session.flush()
