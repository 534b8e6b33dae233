"""Packing: a handover becomes one file that only its recipient opens.

A signed bag is streamed into age and age into storage: plain text passes through memory in pieces and never touches a
disk. If anything fails on the way, no file is left (SECURITY 30).
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass, field
from importlib import resources
from typing import Any, BinaryIO, cast

from tipline import storage
from tipline.crypto import age, signatures
from tipline.errors import Damaged
from tipline.services import bags, case, covers, documents, seals
from tipline.services.authorities import Recipient
from tipline.services.bags import Bag, BagFile, BagLabel
from tipline.services.handovers import PROTECTION, Handover

MANIFEST_SCHEMA = "tipline.package/1"


@dataclass(frozen=True)
class SealedPackage:
    """A package as it lies in storage, before anybody was told of it. ``cover`` has codes and counts only."""

    ref: str
    stored_name: str
    sha256: str
    byte_count: int
    tagmanifest_sha256: str
    cover: dict[str, Any]
    manifest: bytes = field(repr=False)
    manifest_signature: bytes = field(repr=False)
    sealed_identity: bytes | None = field(default=None, repr=False)


def seal_package(handover: Handover, recipient: Recipient, now: dt.datetime) -> SealedPackage:
    """Put a handover into a signed bag and seal it to its recipient.

    Raises KeyRefused when the key cannot be encrypted to, Damaged when an attachment is not what it was, OSError when
    there is no room; then nothing is left in storage.
    """
    seal = seals.read_seal(now)
    identity, age_recipient = _one_time_identity(recipient)
    bag = make_bag(handover, seal, cms=identity is not None)
    name = storage.files().new_name()
    with storage.files().create(name) as writer:
        passing = _Digesting(cast("BinaryIO", writer))
        source = cast("BinaryIO", bags.ChunkReader(bag.stream()))
        age.encrypt_stream(source, cast("BinaryIO", passing), [age_recipient])
        _check_attachments(handover, bag)
        sealed_identity = None
        if identity is not None:
            sealed_identity = signatures.encrypt_for_certificate(identity.encode(), recipient.recipient)
        listed = _listed(handover.package, passing, sealed_identity)
        manifest = documents.canonical(_manifest(handover, recipient, listed))
        package = SealedPackage(
            ref=handover.package,
            stored_name=name,
            sha256=passing.digest.hexdigest(),
            byte_count=passing.size,
            tagmanifest_sha256=bag.tagmanifest_sha256,
            cover={**documents.counts(handover), "certificate_fingerprint": seal.fingerprint},
            manifest=manifest,
            manifest_signature=signatures.sign_detached(manifest, seal.key_pem, seal.cert_pem),
            sealed_identity=sealed_identity,
        )
        writer.commit(now)  # last: whatever failed before has left nothing
    return package


def make_bag(handover: Handover, seal: seals.Seal, *, cms: bool) -> Bag:
    """The bag of a handover, ready to be streamed once."""
    label = BagLabel(
        name=handover.package,
        made_at=handover.made_at,
        information=(
            ("Source-Organization", handover.sender.name),
            ("Contact-Email", handover.sender.contact),
            ("External-Identifier", handover.package),
            ("External-Description", handover.banner),
            ("Bagging-Date", handover.made_at.date().isoformat()),
            ("Bag-Software-Agent", f"tipline {handover.version}"),
        ),
    )

    def sign(tagmanifest_sha256: str) -> tuple[bytes, bytes]:
        signed = signed_text(handover, tagmanifest_sha256)
        return signed, signatures.sign_detached(signed, seal.key_pem, seal.cert_pem)

    return Bag(label, _files(handover, seal, cms=cms), sign)


def signed_text(handover: Handover, tagmanifest_sha256: str) -> bytes:
    """SIGNED.txt: what the inner signature covers, for people and programs."""
    lines = (
        "tipline.signed/1",
        f"package: {handover.package}",
        f"recipient: {handover.recipient.name} ({handover.recipient.country})",
        f"fingerprint: {handover.fingerprint}",
        f"tagmanifest-sha256: {tagmanifest_sha256}",
    )
    return ("\n".join(lines) + "\n").encode()


def _one_time_identity(recipient: Recipient) -> tuple[str | None, str]:
    """For an authority with a certificate: an age identity for this package only, which travels as CMS."""
    if recipient.key_kind == age.AGE_X25519:
        return None, recipient.recipient
    return age.new_identity()


def _files(handover: Handover, seal: seals.Seal, *, cms: bool) -> list[BagFile]:
    schema = resources.files("tipline").joinpath("data/referral.schema.json").read_bytes()
    files = [
        BagFile.of("COVER.html", covers.cover_html(handover).encode()),
        BagFile.of("COVER.txt", covers.cover_text(handover).encode()),
        BagFile.of("VERIFY.txt", covers.verify_text(handover.package, seal.fingerprint, cms=cms).encode()),
        BagFile.of("referral.json", documents.canonical(documents.referral_document(handover))),
        BagFile.of("referral.schema.json", schema),
        BagFile.of("case.jsonld", documents.canonical(case.case_document(handover))),
        BagFile.of("custody.json", documents.canonical(documents.custody_document(handover))),
        BagFile.of("ack.template.json", documents.canonical(documents.acknowledgement_template(handover))),
    ]
    for tip in handover.tips:
        text = tip.narrative if tip.original else covers.marked_text(handover, tip)
        files.append(BagFile.of(tip.narrative_path, text.encode()))
        files += [BagFile.of(added.path, added.text.encode()) for added in tip.additions]
        files += [BagFile(file.path, file.size, file.chunks) for file in tip.files]
    return files


def _check_attachments(handover: Handover, bag: Bag) -> None:
    """What was read is what the referral says: the digest that was kept with the tip is the one that passed."""
    for tip in handover.tips:
        for file in tip.files:
            if bag.digests[f"data/{file.path}"] != file.sha256:
                raise Damaged


def _listed(ref: str, passing: _Digesting, sealed_identity: bytes | None) -> list[dict[str, Any]]:
    files = [{"name": f"{ref}.tar.age", "bytes": passing.size, "sha256": passing.digest.hexdigest()}]
    if sealed_identity is not None:
        digest = hashlib.sha256(sealed_identity).hexdigest()
        files.append({"name": f"{ref}.identity.p7m", "bytes": len(sealed_identity), "sha256": digest})
    return files


def _manifest(handover: Handover, recipient: Recipient, files: list[dict[str, Any]]) -> dict[str, Any]:
    """What stands beside the sealed bytes in clear: no word of a tip and no reference of one."""
    return {
        "schema": MANIFEST_SCHEMA,
        "package": handover.package,
        "created": documents.moment(handover.made_at),
        "sender": handover.sender.name,
        "recipient": {
            "authority": handover.recipient.name,
            "country": handover.recipient.country,
            "key_kind": recipient.key_kind,
            "fingerprint": recipient.fingerprint,
        },
        "marking": {
            "protection_level": PROTECTION,
            "handling_codes": list(handover.handling),
            "grades": handover.grades,
        },
        "files": files,
    }


class _Digesting:
    """A writer that hashes and counts what passes."""

    def __init__(self, writer: BinaryIO) -> None:
        self._writer = writer
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Hash and pass on."""
        self.digest.update(data)
        self.size += len(data)
        return self._writer.write(data)

    def flush(self) -> None:
        """Nothing waits here; storage makes the file durable at its end."""
