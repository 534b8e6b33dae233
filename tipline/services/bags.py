"""BagIt bags (RFC 8493) as a stream of tar bytes: hashed while they pass, never on a disk in clear.

A bag is pulled, not pushed: whoever encrypts it reads from it in the same thread. So a failure while a file is read
comes out of that read, and nobody can take a cut bag for a whole one.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import tarfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tipline.errors import Damaged

BLOCK = 512
# What `tar` itself writes at the end: two empty blocks, filled up to twenty.
RECORD = 20 * BLOCK
LARGEST = 8 * 1024**3 - 1  # what the size field of a ustar header can say

TAGMANIFEST = "tagmanifest-sha256.txt"
SIGNED = "SIGNED.txt"
SIGNATURE = "signature.p7s"


@dataclass(frozen=True)
class BagFile:
    """One payload file: its path below ``data/``, its exact size, and its bytes when they are asked for."""

    path: str
    size: int
    chunks: Callable[[], Iterable[bytes]] = field(repr=False)

    @classmethod
    def of(cls, path: str, content: bytes) -> BagFile:
        """A small file whose bytes are at hand."""
        return cls(path, len(content), lambda: (content,))


@dataclass(frozen=True)
class BagLabel:
    """What the bag is called and what stands in ``bag-info.txt``."""

    name: str
    made_at: dt.datetime
    information: tuple[tuple[str, str], ...]


class Bag:
    """One bag, streamed once. After the last byte ``tagmanifest_sha256`` and ``digests`` hold what passed."""

    def __init__(self, label: BagLabel, files: Sequence[BagFile], sign: Callable[[str], tuple[bytes, bytes]]) -> None:
        self._label = label
        self._files = files
        self._sign = sign
        self.digests: dict[str, str] = {}
        self.tagmanifest_sha256 = ""

    def stream(self) -> Iterator[bytes]:
        """The tar bytes of the bag.

        Raises Damaged when a file has another size than was announced; whatever reading a file raises comes through.
        """
        for file in self._files:
            yield from self._payload(file)
        tags = self._tag_files()
        for name, content in tags.items():
            yield from self._whole(name, content)
        listing = _manifest({name: hashlib.sha256(content).hexdigest() for name, content in tags.items()})
        self.tagmanifest_sha256 = hashlib.sha256(listing).hexdigest()
        yield from self._whole(TAGMANIFEST, listing)
        signed, signature = self._sign(self.tagmanifest_sha256)
        yield from self._whole(SIGNED, signed)
        yield from self._whole(SIGNATURE, signature)
        yield bytes(RECORD)

    def _payload(self, file: BagFile) -> Iterator[bytes]:
        path = f"data/{file.path}"
        if path in self.digests:
            raise ValueError("two files of one name")
        yield self._header(path, file.size)
        digest, left = hashlib.sha256(), file.size
        for chunk in file.chunks():
            digest.update(chunk)
            left -= len(chunk)
            if left < 0:
                raise Damaged
            yield chunk
        if left:
            raise Damaged
        yield _filling(file.size)
        self.digests[path] = digest.hexdigest()

    def _tag_files(self) -> dict[str, bytes]:
        total = sum(file.size for file in self._files)
        lines = [*self._label.information, ("Payload-Oxum", f"{total}.{len(self._files)}")]
        information = "".join(f"{name}: {_one_line(value)}\n" for name, value in lines)
        return {
            "bagit.txt": b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n",
            "bag-info.txt": information.encode(),
            "manifest-sha256.txt": _manifest(self.digests),
        }

    def _whole(self, name: str, content: bytes) -> Iterator[bytes]:
        yield self._header(name, len(content))
        yield content
        yield _filling(len(content))

    def _header(self, path: str, size: int) -> bytes:
        return tar_header(f"{self._label.name}/{path}", size, self._label.made_at)


def tar_header(path: str, size: int, made_at: dt.datetime) -> bytes:
    """One file's tar header (POSIX ustar) without an owner and with the hour as its time.

    Raises ValueError for a size or a name that the format cannot hold.
    """
    if size > LARGEST:
        raise ValueError("too large for a tar header")
    info = tarfile.TarInfo(path)
    info.size, info.mode = size, 0o600
    info.mtime = int(made_at.replace(minute=0, second=0, microsecond=0).timestamp())
    return info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def stream_tar(files: Sequence[tuple[str, int, Iterable[bytes]]], made_at: dt.datetime) -> Iterator[bytes]:
    """A plain tar of files whose sizes are known."""
    for path, size, chunks in files:
        yield tar_header(path, size, made_at)
        yield from chunks
        yield _filling(size)
    yield bytes(RECORD)


class ChunkReader(io.RawIOBase):
    """The chunks of a stream as a file to read from: what age asks for."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def read(self, size: int = -1) -> bytes:
        """At most ``size`` bytes, fewer at the end of a chunk, none at the end. Raises what the stream raises."""
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = memoryview(chunk)
        wanted = len(self._rest) if size < 0 else size
        part, self._rest = self._rest[:wanted], self._rest[wanted:]
        return bytes(part)


def _manifest(digests: dict[str, str]) -> bytes:
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(digests.items())).encode()


def _filling(size: int) -> bytes:
    return bytes(-size % BLOCK)


def _one_line(value: str) -> str:
    return " ".join(value.split())
