"""Files on their way in: encrypted as they arrive, never in clear on a disk.

The door plugs ``Upload.new_spool`` into the request before its body is read; each file of the form gets a spool of
its own (``spools``).
"""

from __future__ import annotations

import datetime as dt
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tipline import config
from tipline.errors import Busy, FileRefused
from tipline.services import attachments, drafts, room
from tipline.services.attachments import StoredFile
from tipline.services.drafts import OpenDraft
from tipline.services.spools import Spool

STALL_SECONDS = 20.0
TELL_SECONDS = 1.5  # how often it is told how much has come
VERSIONS = 2  # of a photo: with and without its hidden details, until its sender has chosen
Tell = Callable[[int], object]


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


@dataclass(eq=False)
class Upload:
    """The files of one request; as a context manager it leaves nothing of what was not ``kept``."""

    draft: OpenDraft
    places: int
    size: int
    tell: Tell | None = None
    choice: bool = True
    spools: list[Spool] = field(default_factory=list)
    stored: list[StoredFile] = field(default_factory=list)
    kept: bool = False
    revoked: bool = False
    arrived: int = 0
    moved_at: float = field(default_factory=time.monotonic)
    told_at: float = field(default_factory=time.monotonic)

    def progress(self, size: int) -> None:
        """Bytes have come. Raises Busy when the place was given to somebody else meanwhile."""
        if self.revoked:
            raise Busy
        self.moved_at = time.monotonic()
        self.arrived += size
        if self.tell is not None and self.moved_at - self.told_at >= TELL_SECONDS:
            self.told_at = self.moved_at
            self.tell(self.arrived)

    def new_spool(self) -> Spool:
        """Where the parser writes the next file part."""
        most = config.current().max_file_bytes
        spool = Spool(self.draft, limit=most, progress=self.progress, choice=self.choice)
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
            attachments.discard(name for file in self.stored for name in file.stored_names)


_SLOTS = _Slots()


def receive(draft: OpenDraft, size: int, *, tell: Tell | None = None, choice: bool = True) -> Upload:
    """Get ready to take a request of ``size`` bytes with files for this draft, before its body is read.

    ``tell`` is called with the number of bytes that have come, every second or two. Without ``choice`` hidden details
    are taken out for good. Raises Busy when as many uploads as this process takes are under way, or unsent drafts hold
    as many bytes as they may. The database must not be locked while the body is read.
    """
    present = len(attachments.of_tip(draft.tip_id))
    upload = Upload(draft, max(0, config.current().max_files - present), size * VERSIONS, tell, choice)
    _SLOTS.take(upload, room.for_files())
    return upload
