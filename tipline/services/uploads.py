"""Files on their way in: encrypted as they arrive, never in clear on a disk.

The door plugs ``Upload.new_spool`` into the request before its body is read. A spool looks at the first bytes, then
sends each piece through the metadata cleaner, the encryptor and into storage. A file that cannot be taken is
swallowed to its end, so that the page can say what was wrong with it.
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tipline import config, storage
from tipline.crypto.keys import new_key
from tipline.crypto.streams import StreamEncryptor
from tipline.errors import Busy, FileRefused
from tipline.services import attachments, drafts, room, screening
from tipline.services.attachments import Details, StoredFile
from tipline.services.drafts import OpenDraft

LONGEST_NAME = 150
STALL_SECONDS = 20.0


class _Slots:
    """How many uploads this process takes at once, and how many bytes they may still bring.

    Whoever has sent nothing for a while loses the place to somebody who waits for one: a held connection costs its
    holder nothing, and must not cost others theirs.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: list[Upload] = []

    def take(self, upload: Upload, room: int) -> None:
        """Take a slot. Raises Busy when all are in use, or the room is not enough for what is coming."""
        with self._lock:
            if len(self._held) >= config.current().upload_slots:
                for stalled in [held for held in self._held if time.monotonic() - held.moved_at > STALL_SECONDS]:
                    stalled.revoked = True
                    self._held.remove(stalled)
            if len(self._held) >= config.current().upload_slots:
                raise Busy
            if sum(held.size for held in self._held) + upload.size > room:
                raise Busy
            self._held.append(upload)

    def give_back(self, upload: Upload) -> None:
        with self._lock:
            if upload in self._held:
                self._held.remove(upload)


class Spool:
    """One file part of a form, as the request's parser sees it: something to write to."""

    def __init__(self, upload: Upload, *, limit: int) -> None:
        draft = upload.draft
        self.id = attachments.new_attachment_id()
        self.kind = ""
        self.plain_size = 0
        self.refusal = ""
        self._draft = draft
        self._upload = upload
        self._limit = limit
        self._head = b""
        self._key = new_key()
        self._name = storage.files().new_name()
        self._notes: tuple[str, ...] = ()
        self._writer: storage.Writer | None = None
        self._encryptor: StreamEncryptor | None = None
        self._cleaner: screening.Cleaner | None = None
        self._ended = False

    def write(self, data: bytes) -> int:
        """Take the next bytes of the file. Raises OSError when there is no room, Busy when the place was lost."""
        self._upload.progress()
        self.plain_size += len(data)
        if self.plain_size > self._limit:
            self._refuse("size")
        if self.refusal:
            return len(data)
        if self._writer is not None:
            self._feed(data)
        else:
            self._head += data
            if len(self._head) >= screening.HEAD:
                self._begin()
        return len(data)

    def seek(self, _offset: int, _whence: int = 0) -> int:
        """The parser rewinds a file when its part has ended: that is the end of it."""
        self.end()
        return 0

    def read(self, _size: int = -1) -> bytes:
        """Nothing is read back."""
        return b""

    def close(self) -> None:
        """Nothing to give back here; ``abort`` and ``store`` do that."""

    def end(self) -> None:
        """The file is complete: run the last bytes through."""
        if self._ended or self.refusal:
            return
        self._ended = True
        if self._writer is None and self.plain_size:
            self._begin()
        if self._cleaner is not None and not self.refusal:
            try:
                self._notes = self._cleaner.finish()
            except FileRefused as error:
                self._refuse(error.reason)

    def store(self, name: str, now: dt.datetime) -> StoredFile:
        """Make the file durable under its name. Raises FileRefused, OSError."""
        self.end()
        if not self.plain_size:
            self._refuse("empty")
        if not self.refusal:
            try:
                screening.check_name(name, self.kind)
            except FileRefused as error:
                self._refuse(error.reason)
        if self.refusal or self._writer is None or self._encryptor is None:
            raise FileRefused(self.refusal or "unreadable")
        self._writer.write(self._encryptor.finish())
        attachments.pad_file(self._writer, self._writer.size)
        self._writer.commit(now)
        details = Details(
            name=shown_name(name),
            media_type=screening.KINDS[self.kind],
            size=self._encryptor.plain_size,
            sha256=self._encryptor.sha256().hex(),
            notes=self._notes,
        )
        tip_id = self._draft.tip_id
        return StoredFile(
            id=self.id,
            stored_name=self._name,
            stored_size=self._writer.size,
            kind=self.kind,
            wrapped_key=attachments.wrap(self._draft.content_key, self._key, tip_id=tip_id, attachment_id=self.id),
            details=attachments.seal_details(self._key, details, tip_id=tip_id, attachment_id=self.id),
            metadata_kept=self._cleaner is None,
        )

    def abort(self) -> None:
        """Leave nothing of the file; harmless when it is stored or was never begun."""
        if self._cleaner is not None:
            self._cleaner.abort()
        if self._writer is not None:
            self._writer.abort()

    def _begin(self) -> None:
        kind = screening.sniff(self._head)
        if kind is None:
            self._refuse("type")
            return
        self.kind = kind
        self._encryptor = StreamEncryptor(self._key, tip_id=self._draft.tip_id, part=f"attachment:{self.id}")
        self._writer = storage.files().create(self._name)
        self._writer.write(self._encryptor.header)
        if kind in screening.CLEANED:
            self._cleaner = screening.Cleaner(kind, self._keep)
        head, self._head = self._head, b""
        self._feed(head)

    def _feed(self, data: bytes) -> None:
        if self._cleaner is None:
            self._keep(data)
            return
        try:
            self._cleaner.write(data)
        except FileRefused as error:
            self._refuse(error.reason)

    def _keep(self, clean: bytes) -> None:
        if self._writer is not None and self._encryptor is not None:
            self._writer.write(self._encryptor.update(clean))

    def _refuse(self, reason: str) -> None:
        if not self.refusal:
            self.refusal = reason
            self._head = b""
            self.abort()


@dataclass(eq=False)
class Upload:
    """The files of one request; as a context manager it leaves nothing of what was not ``kept``."""

    draft: OpenDraft
    places: int
    size: int
    spools: list[Spool] = field(default_factory=list)
    stored: list[StoredFile] = field(default_factory=list)
    kept: bool = False
    revoked: bool = False
    moved_at: float = field(default_factory=time.monotonic)

    def progress(self) -> None:
        """Bytes have come. Raises Busy when the place was given to somebody else meanwhile."""
        if self.revoked:
            raise Busy
        self.moved_at = time.monotonic()

    def new_spool(self) -> Spool:
        """Where the parser writes the next file part."""
        spool = Spool(self, limit=config.current().max_file_bytes)
        if sum(1 for earlier in self.spools if not earlier.refusal) >= self.places:
            spool.refusal = "too-many"
        self.spools.append(spool)
        return spool

    def store(self, named: Iterable[tuple[str, object]], now: dt.datetime) -> list[tuple[str, str]]:
        """Make the files of these (name, spool) pairs durable; returns (name, reason) of those refused."""
        refused = []
        for name, spool in named:
            if not isinstance(spool, Spool) or spool not in self.spools:
                continue  # a part that did not come through here holds nothing
            try:
                self.stored.append(spool.store(name, now))
            except FileRefused as error:
                refused.append((name, error.reason))
        return refused

    def attach(self) -> None:
        """Put the stored files into the draft; the caller commits. Raises DraftGone, FileRefused (too-many)."""
        drafts.lock_draft(self.draft)
        rows = attachments.of_tip(self.draft.tip_id)
        if len(rows) + len(self.stored) > config.current().max_files:
            raise FileRefused("too-many")
        position = max((row.position for row in rows), default=0)
        for number, file in enumerate(self.stored, start=position + 1):
            attachments.add_file(self.draft, file, number)

    def keep(self) -> None:
        """The rows are committed: the files stay."""
        self.kept = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _: TracebackType | None
    ) -> None:
        _SLOTS.give_back(self)
        for spool in self.spools:
            spool.abort()
        if not self.kept:
            attachments.discard(file.stored_name for file in self.stored)


_SLOTS = _Slots()


def receive(draft: OpenDraft, size: int) -> Upload:
    """Get ready to take a request of ``size`` bytes with files for this draft, before its body is read.

    Raises Busy when as many uploads as this process takes are under way, or unsent drafts hold as many bytes as they
    may. The database must not be locked while the body is read.
    """
    present = len(attachments.of_tip(draft.tip_id))
    upload = Upload(draft, max(0, config.current().max_files - present), size)
    _SLOTS.take(upload, room.for_files())
    return upload


def shown_name(name: str) -> str:
    """A file name as it is kept and shown: without folders, and without signs that cannot be seen."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = "".join(sign for sign in last if sign.isprintable() and sign not in _TURNING).strip()
    if len(shown) <= LONGEST_NAME:
        return shown or "file"
    stem, dot, extension = shown.rpartition(".")
    if dot and len(extension) <= 10:
        return f"{stem[: LONGEST_NAME - len(extension) - 1]}.{extension}"
    return shown[:LONGEST_NAME]


_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
