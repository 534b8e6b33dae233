"""Looks for words in everything that lies on a disk, in whatever form somebody might have left them there."""

from __future__ import annotations

import base64
import bz2
import contextlib
import lzma
import re
import stat
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine, MetaData, Table, inspect, select

from tipline.services.folding import fold

# A full-text index writes of neighbouring words what differs only: the beginning may stand with another word.
LEFT_OUT = 2
ENCODINGS = ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le")
MOST_UNPACKED = 16 * 1024 * 1024
_PACKED = re.compile(rb"\x78[\x01\x5e\x9c\xda]|\x1f\x8b\x08|BZh[1-9]|\xfd7zXZ\x00|PK\x03\x04")


class Residue:
    """Finds these words: large and small, folded, in several encodings, as hex, base64, escapes, and compressed."""

    def __init__(self, *words: str) -> None:
        self._word_of = {form: word for word in words for form in _forms(word)}

    def words_in(self, content: bytes, depth: int = 2) -> set[str]:
        """Which of the words are in these bytes, or in what can be unpacked from them."""
        found = {word for form, word in self._word_of.items() if form in content}
        if depth:
            for unpacked in _unpacked(content):
                found |= self.words_in(unpacked, depth - 1)
        return found

    def in_files(self, *folders: Path) -> set[str]:
        """Where a word is: in a file below the folders, in its name, or in a file that this process has open."""
        places = [path for folder in folders for path in folder.rglob("*")]
        found = {f"the name of {path.name}" for path in places if self.words_in(str(path).encode(), 0)}
        for path in [*places, *_open_files()]:
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and self.words_in(path.read_bytes()):
                    found.add(path.name)
        return found

    def in_database(self, engine: Engine) -> set[str]:
        """The columns in which a word is: no page's edge cuts anything in two here."""
        found, metadata = set(), MetaData()
        with engine.connect() as connection:
            for name in inspect(engine).get_table_names():
                for row in connection.execute(select(Table(name, metadata, autoload_with=engine))).mappings():
                    found |= {f"{name}.{column}" for column, value in row.items() if self.words_in(_as_bytes(value))}
        return found


def _forms(word: str) -> Iterator[bytes]:
    for text in {word, word.lower(), word.upper(), fold(word)}:
        rest = text[LEFT_OUT:]
        yield from (quote(rest).encode(), quote(rest).lower().encode(), ascii(rest)[1:-1].encode())
        for encoding in ENCODINGS:
            raw = rest.encode(encoding)
            yield from (raw, raw.hex().encode(), raw.hex().upper().encode())
            for before in range(3):  # it may begin at each of the three places in a group of base64
                packed = base64.b64encode(b"x" * before + raw)[4 if before else 0 : -4]
                yield from (packed, packed.translate(bytes.maketrans(b"+/", b"-_")))


def _unpacked(content: bytes) -> Iterator[bytes]:
    for found in _PACKED.finditer(content):
        packed = content[found.start() : found.start() + MOST_UNPACKED]
        with contextlib.suppress(zlib.error, lzma.LZMAError, OSError, EOFError):
            if found[0].startswith(b"PK"):  # a member of a zip archive: its head says where it begins
                begin = 30 + int.from_bytes(packed[26:28], "little") + int.from_bytes(packed[28:30], "little")
                yield zlib.decompressobj(-15).decompress(packed[begin:], MOST_UNPACKED)
            elif found[0].startswith(b"BZh"):
                yield bz2.BZ2Decompressor().decompress(packed, MOST_UNPACKED)
            elif found[0].startswith(b"\xfd"):
                yield lzma.LZMADecompressor().decompress(packed, MOST_UNPACKED)
            else:
                yield zlib.decompressobj(47).decompress(packed, MOST_UNPACKED)


def _open_files() -> Iterable[Path]:
    """What has no name any more and is still on the disk, as the temporary files of a database are."""
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if "(deleted)" in str(path.readlink()) and stat.S_ISREG(path.stat().st_mode):
                yield path


def _as_bytes(value: object) -> bytes:
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
