"""Handing over a file that is suspected to be illegal: sealed, with a certificate, and then destroyed by its key.

A supervisor hands it over as bytes that only the authority opens; nobody sees it on the way. The certificate names its
digest, its size, who and when, and is sealed with the tip (DOMAIN A15).
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from sqlalchemy import delete

from tipline import storage
from tipline.crypto import age
from tipline.errors import BadInput, Damaged, NotAllowed, NotFound, TipOnHold, WrongState
from tipline.extensions import db
from tipline.models.tip import Attachment, AttachmentKey
from tipline.roles import Role
from tipline.services import access, attachments, authorities, history, ledger, log, quarantine, records, retention
from tipline.services.access import OpenTip
from tipline.services.attachments import DESTROYED, HANDED_OVER, QUARANTINED
from tipline.services.authorities import Recipient
from tipline.services.bags import ChunkReader
from tipline.services.records import Record
from tipline.services.retention import Erased

REFERENCE_LIMIT = 100
_PIECE = 256 * 1024


@dataclass(frozen=True)
class SealedCopy:
    """A file on its way to an authority, not yet sealed; ``pieces`` are its bytes."""

    name: str
    recipient: Recipient
    sha256: str = field(repr=False)
    pieces: Iterator[bytes] = field(repr=False)


def hand_over(opened: OpenTip, attachment_id: str, authority_id: str, reference: str, now: dt.datetime) -> None:
    """Decide which authority gets a file, and write the certificate. A supervisor's act; the door asks the password.

    Raises NotAllowed, NotFound, WrongState, BadInput on ``authority`` (no key that can be sealed to) and ``reference``.
    """
    _check_supervisor(opened)
    row = quarantine.check_file(opened, attachment_id, QUARANTINED)
    if authority_id not in {one.authority_id for one in recipients(opened, now)}:
        raise BadInput("authority", "unknown")
    if len(reference) > REFERENCE_LIMIT:
        raise BadInput("reference", "long")
    recipient = authorities.usable(authority_id, now, opened.tip.desk_id)
    quarantine.set_file(row.id, screening=HANDED_OVER)
    certificate = {
        **_described(opened, row),
        "authority_id": recipient.authority_id,
        "authority": recipient.name,
        "country": recipient.country,
        "fingerprint": recipient.fingerprint,
        "reference": reference.strip(),
        "handed_over_at": now.isoformat(),
        "handed_over_by": opened.person.name,
    }
    records.write_record(opened, f"certificate:{row.id}", certificate, now)
    history.add(opened.tip.id, "attachment.handed_over", actor=opened.person.actor, now=now)
    _disclose(opened, row.id, recipient, now)


def sealed_copy(opened: OpenTip, attachment_id: str, now: dt.datetime) -> SealedCopy:
    """Take a file that is handed over, to be sealed to its authority with ``seal_copy`` once the log is committed.

    Raises NotAllowed, NotFound, and WrongState when it is not handed over or the authority has another key by now.
    """
    _check_supervisor(opened)
    row = quarantine.check_file(opened, attachment_id, HANDED_OVER)
    certificate = _certificate(opened, row.id)
    recipient = authorities.usable(certificate.value["authority_id"], now, opened.tip.desk_id)
    if recipient.fingerprint != certificate.value["fingerprint"]:
        raise WrongState
    key = access.key_of(opened, row.tip_id)
    pieces = attachments.stream(key, row)
    if "copied_at" not in certificate.value:
        _certify(opened, row.id, copied_at=now.isoformat(), copied_by=opened.person.name, now=now)
    _disclose(opened, row.id, recipient, now)
    taken = itertools.chain([next(pieces, b"")], pieces)  # the key is taken: the rest asks the database for nothing
    return SealedCopy(f"{opened.tip.ref}-{row.position:02d}.age", recipient, certificate.value["sha256"], taken)


def seal_copy(copy: SealedCopy, now: dt.datetime) -> tuple[int, Iterator[bytes]]:
    """The size and the bytes of a copy that only its authority opens; what lies on disk meanwhile is sealed already.

    Raises Damaged when the file is not what its certificate says; then nothing is left.
    """
    digest = hashlib.sha256()

    def passing() -> Iterator[bytes]:
        for piece in copy.pieces:
            digest.update(piece)
            yield piece

    files, name = storage.files(), storage.files().new_name()
    with files.create(name) as writer:
        source = cast("BinaryIO", ChunkReader(passing()))
        age.encrypt_stream(source, cast("BinaryIO", writer), [copy.recipient.recipient])
        if digest.hexdigest() != copy.sha256:
            raise Damaged
        writer.commit(now)
    return files.size(name), _read_once(name)


def destroy(opened: OpenTip, attachment_id: str, now: dt.datetime) -> Erased:
    """Destroy a file that was handed over, by its key; its certificate says so. Commit, then ``retention.discard``.

    Raises NotAllowed, NotFound, TipOnHold, WrongState; also while nobody has taken the sealed copy: what no authority
    can have is not destroyed.
    """
    _check_supervisor(opened)
    row = quarantine.check_file(opened, attachment_id, HANDED_OVER)
    if "copied_at" not in _certificate(opened, row.id).value:
        raise WrongState
    if retention.holds_on(opened.tip.id):
        raise TipOnHold
    ledger.note("attachment", [row.id], reason="handed-over", now=now)
    db.session.execute(delete(AttachmentKey).where(AttachmentKey.attachment_id == row.id))
    stored_name = row.stored_name
    quarantine.set_file(row.id, screening=DESTROYED, stored_name="")
    _certify(opened, row.id, destroyed_at=now.isoformat(), destroyed_by=opened.person.name, now=now)
    history.add(opened.tip.id, "attachment.destroyed", actor=opened.person.actor, now=now)
    quarantine.record("attachment.erased", opened.person, row.id, now, justification="handed-over")
    return Erased(row.id, (stored_name,))


def certificate(opened: OpenTip, attachment_id: str, now: dt.datetime) -> Record:
    """What was handed over, to whom, by whom and when, and whether it is destroyed; the look is logged.

    Raises NotFound.
    """
    row = quarantine.find_file(opened, attachment_id)
    if row is None:
        raise NotFound
    found = _certificate(opened, row.id)
    subjects = [opened.tip.id]
    log.record(
        "tip.opened",
        chain="staff",
        actor=opened.person.actor,
        subjects=subjects,
        now=now,
        field_group="certificate",
        justification=opened.reason_code,
    )
    return found


def recipients(opened: OpenTip, now: dt.datetime) -> tuple[Recipient, ...]:
    """The authorities that a file can be sealed to: those of the desk that have an age key."""
    return tuple(
        one for one in authorities.usable_authorities(now, opened.tip.desk_id) if one.key_kind == age.AGE_X25519
    )


def _described(opened: OpenTip, row: Attachment) -> dict[str, Any]:
    """What a certificate says of the file itself, and since when it has been shut."""
    details = attachments.read_details(access.key_of(opened, row.tip_id), row)
    shut = records.latest_record(opened, f"quarantined:{row.id}")
    return {
        "tip": opened.tip.ref,
        "file": row.position,
        "kind": row.kind,
        "bytes": details.size,
        "sha256": details.sha256,
        "arrived_at": opened.tip.received_at.isoformat(),
        "looked_at": row.viewed,
        "quarantined_at": shut.written_at.isoformat() if shut else None,
        "quarantined_by": shut.writer if shut else None,
    }


def _certificate(opened: OpenTip, attachment_id: str) -> Record:
    found = records.latest_record(opened, f"certificate:{attachment_id}")
    if found is None:
        raise NotFound
    return found


def _certify(opened: OpenTip, attachment_id: str, *, now: dt.datetime, **more: str) -> None:
    """Write down on the certificate what became of the file since."""
    known = _certificate(opened, attachment_id).value
    records.write_record(opened, f"certificate:{attachment_id}", {**known, **more}, now)


def _disclose(opened: OpenTip, attachment_id: str, recipient: Recipient, now: dt.datetime) -> None:
    quarantine.record(
        "attachment.handed_over",
        opened.person,
        attachment_id,
        now,
        justification=opened.reason_code,
        recipient_id=recipient.authority_id,
    )


def _read_once(name: str) -> Iterator[bytes]:
    """The bytes of a sealed copy, which is gone when they were read."""
    with contextlib.closing(storage.files().open(name)) as sealed:
        try:
            while piece := sealed.read(_PIECE):
                yield piece
        finally:
            storage.files().delete(name)


def _check_supervisor(opened: OpenTip) -> None:
    if Role.SUPERVISOR not in opened.person.roles:
        raise NotAllowed
