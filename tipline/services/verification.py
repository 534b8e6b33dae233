"""``tipline package verify``: the five steps of VERIFY.txt in one, for a recipient who has tipline anyway.

Nothing is written anywhere: what the package holds passes through memory and is hashed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, cast

from tipline.crypto import age, cms
from tipline.errors import Damaged, DigestMismatch, KeyRefused, NotForThisKey
from tipline.services.bags import SIGNATURE, SIGNED, TAGMANIFEST
from tipline.services.packing import MANIFEST_SCHEMA

PIECE = 1024 * 1024
_SMALL = 4 * 1024 * 1024
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")


@dataclass(frozen=True)
class Finding:
    """One step: what was looked at and whether it holds."""

    step: str
    holds: bool
    remark: str = ""


@dataclass
class _Inside:
    """What was seen of the inner bag while it passed."""

    folder: str = ""
    digests: dict[str, str] = field(default_factory=dict)
    small: dict[str, bytes] = field(default_factory=dict, repr=False)


def verify_package(path: Path, certificate: bytes, identity: str | None = None) -> list[Finding]:
    """The findings on a package: a folder with its outer files, the plain tar of them, or the manifest's path.

    Steps 1 and 2 need the sender's certificate (PEM) only, 3 to 5 the recipient's age identity too. Raises
    KeyRefused for a certificate or identity that is none, OSError and tarfile.TarError for files that cannot be read.
    """
    with _outer(path) as files:
        ref = _reference(files)
        findings = [_signed_list(files, ref, certificate)]
        if not findings[0].holds:
            return findings
        listed = json.loads(files.read(f"{ref}.manifest.json"))
        findings += [_listed_file(files, entry) for entry in listed["files"]]
        if identity is not None and all(finding.holds for finding in findings):
            findings += _inside(files, ref, listed, certificate, _secret_line(identity))
    return findings


def _secret_line(identity: str) -> str:
    """The key of an identity file as ``age-keygen`` writes it, with its comments."""
    lines = (line.strip() for line in identity.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "")


def _signed_list(files: _Files, ref: str, certificate: bytes) -> Finding:
    step = f"The list {ref}.manifest.json is signed by this certificate"
    manifest = files.read(f"{ref}.manifest.json")
    try:
        cms.verify_detached(manifest, files.read(f"{ref}.manifest.p7s"), certificate)
        listed = json.loads(manifest)
    except (Damaged, ValueError):
        return Finding(step, holds=False)
    return Finding(step, holds=listed.get("schema") == MANIFEST_SCHEMA and listed.get("package") == ref)


def _listed_file(files: _Files, entry: dict[str, Any]) -> Finding:
    digest, size = hashlib.sha256(), 0
    with files.open(entry["name"]) as file:
        while piece := file.read(PIECE):
            digest.update(piece)
            size += len(piece)
    holds = digest.hexdigest() == entry["sha256"] and size == entry["bytes"]
    return Finding(f"{entry['name']} is the file in the list", holds, digest.hexdigest())


def _inside(files: _Files, ref: str, listed: dict[str, Any], certificate: bytes, identity: str) -> list[Finding]:
    opened = "It opens with this key"
    try:
        inside = _read_inside(files, f"{ref}.tar.age", identity)
    except NotForThisKey:
        return [Finding(opened, holds=False, remark="It was sealed to another key.")]
    except (Damaged, tarfile.TarError):
        return [Finding(opened, holds=False, remark="It is damaged.")]
    digest = inside.digests.get(TAGMANIFEST, "")
    return [
        Finding(opened, holds=inside.folder == ref),
        Finding("The inner signature is by this certificate", _signed_inside(inside, certificate)),
        Finding("It covers this package, its recipient and its list of lists", _covers(inside, ref, listed)),
        Finding("Every file is in the bag's lists with its digest", _complete(inside), f"tagmanifest-sha256: {digest}"),
    ]


def _signed_inside(inside: _Inside, certificate: bytes) -> bool:
    try:
        cms.verify_detached(inside.small[SIGNED], inside.small[SIGNATURE], certificate)
    except (Damaged, KeyError):
        return False
    return True


def _covers(inside: _Inside, ref: str, listed: dict[str, Any]) -> bool:
    lines = inside.small.get(SIGNED, b"").decode("utf-8", "replace").splitlines()
    wanted = {
        f"package: {ref}",
        f"fingerprint: {listed['recipient']['fingerprint']}",
        f"tagmanifest-sha256: {inside.digests.get(TAGMANIFEST, '')}",
    }
    return wanted <= set(lines)


def _complete(inside: _Inside) -> bool:
    """The lists name every file but the signed ones and themselves, and nothing else."""
    payload = {name: digest for name, digest in inside.digests.items() if name.startswith("data/")}
    tags = {name: inside.digests.get(name) for name in ("bagit.txt", "bag-info.txt", "manifest-sha256.txt")}
    others = set(inside.digests) - set(payload) - set(tags) - {TAGMANIFEST, SIGNED, SIGNATURE}
    return not others and _entries(inside, "manifest-sha256.txt") == payload and _entries(inside, TAGMANIFEST) == tags


def _entries(inside: _Inside, name: str) -> dict[str, str]:
    found = (_LINE.fullmatch(line) for line in inside.small.get(name, b"").decode("utf-8", "replace").splitlines())
    return {match[2]: match[1] for match in found if match}


def _read_inside(files: _Files, name: str, identity: str) -> _Inside:
    """Decrypt in a thread, read the tar here: the plain text is in the pipe between them and nowhere else."""
    reading, writing = os.pipe()
    failures: list[BaseException] = []

    def decrypt() -> None:
        try:
            with files.open(name) as sealed, os.fdopen(writing, "wb") as pipe:
                age.decrypt_stream(sealed, pipe, identity)
        except BaseException as failure:  # noqa: BLE001 - handed over to the thread that waits
            failures.append(failure)

    thread = threading.Thread(target=decrypt, name="decrypt")
    thread.start()
    try:
        with os.fdopen(reading, "rb") as pipe:
            inside = _read_tar(pipe)
            while pipe.read(PIECE):  # the end of the stream is authenticated too
                pass
    except tarfile.TarError:
        thread.join()
        _raise_known(failures)
        raise
    thread.join()
    _raise_known(failures)
    return inside


def _raise_known(failures: list[BaseException]) -> None:
    if failures and not isinstance(failures[0], BrokenPipeError):
        raise failures[0]


def _read_tar(pipe: BinaryIO) -> _Inside:
    inside = _Inside()
    with tarfile.open(fileobj=pipe, mode="r|") as tar:
        for member in tar:
            folder, _, name = member.name.partition("/")
            inside.folder = inside.folder or folder
            content = tar.extractfile(member) if member.isreg() else None
            if content is None or folder != inside.folder or name in inside.digests:
                raise Damaged
            digest = hashlib.sha256()
            kept = bytearray()
            while piece := content.read(PIECE):
                digest.update(piece)
                if "/" not in name and len(kept) < _SMALL:
                    kept += piece
            inside.digests[name] = digest.hexdigest()
            inside.small[name] = bytes(kept)
    return inside


def _reference(files: _Files) -> str:
    for name in files.names():
        if name.endswith(".manifest.json"):
            return name.removesuffix(".manifest.json")
    raise DigestMismatch


class _Files:
    """The outer files, in a folder or in a tar."""

    def __init__(self, folder: Path | None, tar: tarfile.TarFile | None) -> None:
        self._folder = folder
        self._tar = tar

    def names(self) -> list[str]:
        if self._tar is not None:
            return self._tar.getnames()
        return sorted(path.name for path in cast("Path", self._folder).iterdir())

    def open(self, name: str) -> BinaryIO:
        if "/" in name or name not in self.names():
            raise DigestMismatch
        if self._tar is not None:
            found = self._tar.extractfile(name)
            if found is None:
                raise DigestMismatch
            return cast("BinaryIO", found)
        return (cast("Path", self._folder) / name).open("rb")

    def read(self, name: str) -> bytes:
        with self.open(name) as file:
            return file.read(_SMALL)


@contextmanager
def _outer(path: Path) -> Iterator[_Files]:
    if path.is_dir():
        yield _Files(path, None)
    elif path.suffix == ".tar":
        with tarfile.open(path, "r:") as tar:
            yield _Files(None, tar)
    else:
        yield _Files(path.parent, None)


__all__ = ["Finding", "KeyRefused", "verify_package"]
