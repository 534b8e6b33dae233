"""One file on its way in: through the metadata cleaner and the encryptor into storage, never in clear on a disk.

A spool looks at the first bytes, then sends each piece on. Of a photo with hidden details it stores two versions, one
without them and one as it came, each under a key of its own, so that its sender can still choose (SECURITY 20). A file
that cannot be taken is swallowed to its end, so that the page can say what was wrong with it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from tipline import storage
from tipline.crypto.keys import new_key
from tipline.crypto.streams import StreamEncryptor
from tipline.errors import FileRefused
from tipline.services import attachments, hidden, screening
from tipline.services.attachments import Details, StoredFile
from tipline.services.drafts import OpenDraft
from tipline.services.traces import Findings

LONGEST_NAME = 150


class _Version:
    """The ciphertext of one version of a file, under a random key of its own."""

    def __init__(self, draft: OpenDraft) -> None:
        self.id = attachments.new_attachment_id()
        self._draft = draft
        self._key = new_key()
        self._name = storage.files().new_name()
        self._encryptor = StreamEncryptor(self._key, tip_id=draft.tip_id, part=f"attachment:{self.id}")
        self._writer = storage.files().create(self._name)

    def begin(self) -> None:
        self._writer.write(self._encryptor.header)

    def write(self, data: bytes) -> None:
        self._writer.write(self._encryptor.update(data))

    def store(self, name: str, kind: str, findings: Findings, now: dt.datetime, *, metadata_kept: bool) -> StoredFile:
        self._writer.write(self._encryptor.finish())
        attachments.pad_file(self._writer, self._writer.size)
        self._writer.commit(now)
        details = Details(
            name=name,
            media_type=screening.KINDS[kind],
            size=self._encryptor.plain_size,
            sha256=self._encryptor.sha256().hex(),
            notes=findings.notes,
            # What the details told goes where the details are: it is erased with them.
            traces=findings.traces if metadata_kept else (),
        )
        tip_id = self._draft.tip_id
        return StoredFile(
            id=self.id,
            stored_name=self._name,
            stored_size=self._writer.size,
            kind=kind,
            wrapped_key=attachments.wrap(self._draft.content_key, self._key, tip_id=tip_id, attachment_id=self.id),
            details=attachments.seal_details(self._key, details, tip_id=tip_id, attachment_id=self.id),
            metadata_kept=metadata_kept,
        )

    def abort(self) -> None:
        self._writer.abort()


class Spool:
    """One file part of a form, as the request's parser sees it: something to write to.

    ``progress`` is told how many bytes have come, each time; what it raises ends the upload. ``choice``: whether a
    second version is kept for the sender to choose.
    """

    def __init__(self, draft: OpenDraft, *, limit: int, progress: Callable[[int], None], choice: bool = True) -> None:
        self.kind = ""
        self.plain_size = 0
        self.refusal = ""
        self._draft = draft
        self._limit = limit
        self._progress = progress
        self._choice = choice
        self._head = b""
        self._findings = Findings()
        self._main: _Version | None = None
        self._original: _Version | None = None
        self._cleaner: screening.Cleaner | None = None
        self._ended = False

    def write(self, data: bytes) -> int:
        """Take the next bytes of the file. Raises OSError when there is no room, Busy when the place was lost."""
        self._progress(len(data))
        self.plain_size += len(data)
        if self.plain_size > self._limit:
            self._refuse("size")
        if self.refusal:
            return len(data)
        if self._main is not None:
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
        if self._main is None and self.plain_size:
            self._begin()
        if self._cleaner is not None and not self.refusal:
            try:
                self._findings = self._cleaner.finish()
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
        if self.refusal or self._main is None:
            raise FileRefused(self.refusal or "unreadable")
        told = (shown_name(name), self.kind, self._findings, now)
        main = self._main.store(*told, metadata_kept=self._cleaner is None)
        if self._original is None or not self._findings.tell_of_somebody:
            self._drop_original()
            return main
        return replace(main, original=self._original.store(*told, metadata_kept=True))

    def abort(self) -> None:
        """Leave nothing of the file; harmless when it is stored or was never begun."""
        if self._cleaner is not None:
            self._cleaner.abort()
        if self._main is not None:
            self._main.abort()
        self._drop_original()

    def _drop_original(self) -> None:
        if self._original is not None:
            self._original.abort()

    def _begin(self) -> None:
        kind = screening.sniff(self._head)
        if kind is None:
            self._refuse("type")
            return
        self.kind = kind
        self._main = _Version(self._draft)  # in its place before anything is written, so that ``abort`` finds it
        self._main.begin()
        if kind in screening.CLEANED:
            self._cleaner = screening.Cleaner(kind, self._main.write)
            if self._choice:
                self._original = _Version(self._draft)
                self._original.begin()
        head, self._head = self._head, b""
        self._feed(head)

    def _feed(self, data: bytes) -> None:
        if self._cleaner is None:
            if self._main is not None:
                self._main.write(data)
            return
        if self._original is not None:
            self._original.write(data)
        try:
            self._cleaner.write(data)
        except FileRefused as error:
            self._refuse(error.reason)

    def _refuse(self, reason: str) -> None:
        if not self.refusal:
            self.refusal = reason
            self._head = b""
            self.abort()


def shown_name(name: str) -> str:
    """A file name as it is kept and shown: without folders, and without signs that cannot be seen."""
    last = name.replace("\\", "/").rpartition("/")[2]
    shown = hidden.visible(last)
    if len(shown) <= LONGEST_NAME:
        return shown or "file"
    stem, dot, extension = shown.rpartition(".")
    if dot and len(extension) <= 10:
        return f"{stem[: LONGEST_NAME - len(extension) - 1]}.{extension}"
    return shown[:LONGEST_NAME]
