"""A package with a large attachment, against age alone writing the same bytes to the same disk.

The package path decrypts the attachment, hashes it for the bag, frames it as tar, encrypts it with age, hashes the
result and makes it durable; the other does the encryption only, from a file that is in memory's cache. Prints medians
of five and their ratio. Needs about three times the attachment's size on disk for a moment. Ends by itself.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import hashlib
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyrage

from tipline import config, storage
from tipline.crypto import age, streams
from tipline.crypto.keys import new_key
from tipline.services import packing
from tipline.services.authorities import Recipient
from tipline.services.handovers import Claim, HandedFile, HandedTip, Handover, Party

MEGABYTE = 1024 * 1024
SIZE = 200
RUNS = 5
NOW = dt.datetime(2026, 3, 2, 10, 0, tzinfo=dt.UTC)


def main() -> None:
    """Run everything once."""
    folder = Path(os.environ.get("TIPLINE_BENCH_FOLDER", tempfile.gettempdir()))
    with tempfile.TemporaryDirectory(prefix="tipline-bench-", dir=folder) as name:
        base = Path(name)
        config.use(config.from_environment({}, instance=base / "instance", secrets=base / "secrets"))
        identity, recipient = age.new_identity()
        plain = base / "plain"
        plain.write_bytes(os.urandom(MEGABYTE) * SIZE)
        handover = _handover(_attachment(plain))
        whom = _recipient(recipient)
        ours = _median(lambda: _package(handover, whom))
        theirs = _median(lambda: _age_alone(plain, base / "sealed", recipient))
        print(f"{'attachment of ' + str(SIZE) + ' MB':<28} {'MB/s':>8}")
        print(f"{'package':<28} {ours:>8.0f}")
        print(f"{'pyrage, same bytes and disk':<28} {theirs:>8.0f}")
        print(f"ratio {ours / theirs:.2f} (to reach: 0.50)")
        del identity


def _package(handover: Handover, recipient: Recipient) -> None:
    sealed = packing.seal_package(handover, recipient, NOW)
    storage.files().delete(sealed.stored_name)


def _age_alone(plain: Path, sealed: Path, recipient: str) -> None:
    with plain.open("rb") as source, sealed.open("wb") as target:
        pyrage.encrypt_io(source, target, [pyrage.x25519.Recipient.from_str(recipient)])
        target.flush()
        os.fsync(target.fileno())
    sealed.unlink()


def _median(act: Callable[[], None]) -> float:
    rates = []
    for _ in range(RUNS):
        start = time.perf_counter()
        act()
        rates.append(SIZE / (time.perf_counter() - start))
    return statistics.median(rates)


def _attachment(plain: Path) -> HandedFile:
    """The bytes as they lie in storage: encrypted under a key of their own."""
    key, stored, digest = new_key(), plain.with_name("stored"), hashlib.sha256()
    encryptor = streams.StreamEncryptor(key, tip_id="bench", part="attachment:bench")
    with plain.open("rb") as source, stored.open("wb") as target:
        target.write(encryptor.header)
        while piece := source.read(MEGABYTE):
            digest.update(piece)
            target.write(encryptor.update(piece))
        target.write(encryptor.finish())
    path = "tips/BENCH/attachments/01.mp4"
    size = plain.stat().st_size
    return HandedFile(
        path,
        "video/mp4",
        size,
        digest.hexdigest(),
        True,
        "seen_by_a_person",
        "cannot-be-removed",
        functools.partial(_read, stored, key),
    )


def _read(stored: Path, key: bytes) -> Iterator[bytes]:
    with stored.open("rb") as ciphertext:
        yield from streams.decrypt_stream(key, ciphertext, tip_id="bench", part="attachment:bench")


def _handover(file: HandedFile) -> Handover:
    day = NOW.date()
    tip = HandedTip(
        ref="BENCH",
        received_on=day,
        language="English",
        language_tag="en",
        exhibit_ref=None,
        exhibit_title=None,
        narrative="A short text.",
        original=False,
        narrative_reason="",
        answers={},
        how_known="first_hand",
        certainty="sure",
        grade="X2",
        grade_reason="",
        claims=(Claim("A fact.", "fact", day, day),),
        files=(file,),
        files_left_out=0,
        identity=None,
        has_identity=False,
        custody=(),
        last_verified=day,
    )
    party = Party("Example Authority", "contact", "GR", "police")
    return Handover(
        package="PKG-BENCH",
        referral="REF-BENCH",
        made_at=NOW,
        sender=party,
        recipient=party,
        fingerprint="0000",
        transfer_basis="member_state",
        basis_expires_on=None,
        purpose="identify-place",
        legal_basis="led-national",
        urgency="info",
        request="information",
        handling=("H0", "H1", "H2"),
        conditions="",
        why_you="A reason.",
        tips=(tip,),
        also_sent_to=(),
        proposed_by="R-000000",
        reviewed_by=None,
        erase_by=day,
        version="bench",
    )


def _recipient(recipient: str) -> Recipient:
    values: dict[str, object] = {field.name: "" for field in dataclasses.fields(Recipient)}
    values.update(key_kind=age.AGE_X25519, recipient=recipient, confirmed_at=NOW, basis_expires_on=None)
    return Recipient(**values)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
