"""Files of ciphertext under random names: tips' attachments, packages, and the published pictures.

Nothing here opens anything. A file is there under its name only once it is whole and durable: until then it is
written aside, and what a crash leaves behind is swept by the clock.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self

from tipline import clock, config

PARTIAL = ".part"
_NAME = frozenset("0123456789abcdefghijklmnopqrstuvwxyz.-_")


class Writer:
    """One file on its way in. Ends in ``commit`` or ``abort``; as a context manager it aborts unless committed."""

    def __init__(self, path: Path) -> None:
        _make_folder(path.parent)
        self.size = 0
        self._path = path
        self._aside = path.with_name(path.name + PARTIAL)
        descriptor = os.open(self._aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        self._file: BinaryIO | None = os.fdopen(descriptor, "wb", buffering=0)

    def write(self, data: bytes | bytearray | memoryview) -> int:
        """Append bytes. Raises OSError when there is no room and ValueError once the file has ended."""
        if self._file is None:
            raise ValueError("the file has ended")
        rest = memoryview(data)
        while rest:  # a raw write may take less than it was given
            rest = rest[self._file.write(rest) :]
        self.size += len(data)
        return len(data)

    def commit(self, moment: dt.datetime | None = None) -> None:
        """Make the file durable under its name, dated to the hour (SECURITY 25). Raises OSError."""
        if self._file is None:
            raise ValueError("the file has ended")
        stamp = clock.hour_of(moment or clock.now()).timestamp()
        os.utime(self._file.fileno(), (stamp, stamp))
        os.fsync(self._file.fileno())
        self._file.close()
        self._file = None
        self._aside.rename(self._path)
        os.utime(self._path.parent, (stamp, stamp))  # a folder is changed in the moment that a file comes into it
        _sync_folder(self._path.parent)

    def abort(self) -> None:
        """Leave nothing behind; harmless after ``commit`` and when repeated."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self._aside.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.abort()


class Storage:
    """A folder of files under names that say nothing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def new_name(self) -> str:
        """A fresh random name."""
        return secrets.token_hex(16)

    def create(self, name: str) -> Writer:
        """Begin the file ``name``. Raises OSError when there is no room or the name is being written."""
        return Writer(self._path(name))

    def open(self, name: str) -> BinaryIO:
        """Read a file. Raises FileNotFoundError."""
        return self._path(name).open("rb")

    def exists(self, name: str) -> bool:
        """Whether a whole file has this name."""
        return self._path(name).is_file()

    def delete(self, name: str) -> None:
        """Remove a file; a missing one is fine. The bytes may survive on the medium: the key is what was erased."""
        path = self._path(name)
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
            _sync_folder(path.parent)

    def size(self, name: str) -> int:
        """The file's size in bytes. Raises FileNotFoundError."""
        return self._path(name).stat().st_size

    def total(self) -> int:
        """How many bytes all files take, those on their way in included."""
        return sum(size for _, size, _ in self.walk())

    def walk(self) -> Iterator[tuple[str, int, dt.datetime]]:
        """Name, size and time of every file, unfinished ones under their name with ``.part``."""
        for folder, _, names in os.walk(self.folder):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    found = Path(folder, name).stat()
                    yield name, found.st_size, dt.datetime.fromtimestamp(found.st_mtime, dt.UTC)

    def _path(self, name: str) -> Path:
        if len(name) < 4 or not _NAME.issuperset(name) or name.startswith("."):
            raise ValueError("not a name of a stored file")
        return self.folder / name[:2] / name


def files() -> Storage:
    """Where the ciphertext of tips and packages lies."""
    return Storage(config.current().instance / "files")


def pictures() -> Storage:
    """Where the published pictures lie; they are public, and named by their digest."""
    return Storage(config.current().instance / "pictures")


def _make_folder(folder: Path) -> None:
    """Make the folder and those above it; each new one is durable, as what comes into it has to be."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    _sync_folder(folder.parent)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
