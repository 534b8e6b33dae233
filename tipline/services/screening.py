"""What strangers send is parsed and decoded in child processes that hold nothing and can reach nothing (SECURITY 20).

``sniff`` compares a file's first bytes with fixed ones, here; everything that follows a length or an offset found in
a file runs in a child: ``Cleaner`` strips metadata while a file streams through, ``reencode`` and ``render`` turn a
picture into fresh pixels.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tipline.errors import FileRefused
from tipline.services import traces
from tipline.services.traces import Findings

HEAD = 1024
LONGEST_EXTENSION = 5
KINDS = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "heic": "image/heic",
    "pdf": "application/pdf",
    "mp4": "video/mp4",
}
CLEANED = frozenset({"jpeg", "png", "webp"})  # the others keep what is hidden in them, and the page says so
_EXTENSIONS = {
    "jpg": "jpeg",
    "jpeg": "jpeg",
    "jpe": "jpeg",
    "jfif": "jpeg",
    "png": "png",
    "webp": "webp",
    "heic": "heic",
    "heif": "heic",
    "pdf": "pdf",
    "mp4": "mp4",
    "m4v": "mp4",
}
_HEIC_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_MP4_BRANDS = frozenset({b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ", b"mmp4"})
_MP4_BRANDS |= frozenset({b"MSNV", b"dash", b"M4VH", b"M4VP", b"f4v ", b"3gp4", b"3gp5"})

_ROOT = str(Path(__file__).resolve().parents[2])
_RUN = "import sys; sys.path.insert(0, {root!r}); from tipline.services.{module} import main; main()"
_PIECE = 256 * 1024
_SECONDS = 60
PRINT_WIDTH = 64  # a picture is decoded no larger for its difference hash
_REFUSALS = {3: "broken", 4: "bomb"}


@dataclass(frozen=True)
class Rendering:
    """One picture made of fresh pixels."""

    width: int
    height: int
    media_type: str
    data: bytes = field(repr=False)


def sniff(head: bytes) -> str | None:
    """The kind of file that starts with these bytes, or None when it is none that tipline takes."""
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    if head.lstrip(b" \t\r\n\0\xef\xbb\xbf").startswith(b"%PDF-"):
        return "pdf"
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "heic" if brand in _HEIC_BRANDS else "mp4" if brand in _MP4_BRANDS else None
    return None


def check_name(name: str, kind: str) -> None:
    """Raise FileRefused when a file's name says that it is something else than it is."""
    stem, _, extension = name.rpartition(".")
    says_a_kind = bool(stem) and extension.isalnum() and not extension.isdigit() and len(extension) <= LONGEST_EXTENSION
    if says_a_kind and _EXTENSIONS.get(extension.lower()) != kind:
        raise FileRefused("type")


def hidden_state(kind: str, *, metadata_kept: bool) -> str:
    """What became of a file's hidden details: removed, left-in-by-sender, or cannot-be-removed."""
    if kind not in CLEANED:
        return "cannot-be-removed"
    return "left-in-by-sender" if metadata_kept else "removed"


class Cleaner:
    """A child that strips one file's metadata as it streams through. ``sink`` gets the clean bytes.

    ``write`` as the file arrives, then ``finish`` for what was found and left out; ``abort`` at any time. What the
    sink raises rises from the next call here.
    """

    def __init__(self, kind: str, sink: Callable[[bytes], object]) -> None:
        self._child = _start("stripping", "-S", arguments=(kind,))
        self._sink = sink
        self._trouble: BaseException | None = None
        self._reader = threading.Thread(target=self._pass_on, name="cleaner", daemon=True)
        self._reader.start()

    def write(self, data: bytes) -> None:
        """Feed the next bytes. Raises FileRefused once the child has given up."""
        if self._trouble is not None:
            raise self._trouble
        rest = memoryview(data)
        try:
            while rest:  # an unbuffered pipe may take less than it was given
                rest = rest[_pipe(self._child.stdin).write(rest) :]
        except (OSError, ValueError):
            self._end()

    def finish(self) -> Findings:
        """The end of the file: wait for the rest and return what was found. Raises FileRefused."""
        with contextlib.suppress(BrokenPipeError, OSError):
            _pipe(self._child.stdin).close()
        return self._end()

    def abort(self) -> None:
        """Stop the child; harmless when it has ended."""
        if self._child.poll() is None:
            self._child.kill()
        self._reader.join(5)
        self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout, self._child.stderr):
            with contextlib.suppress(OSError):
                _pipe(pipe).close()

    def _end(self) -> Findings:
        self._reader.join(_SECONDS)
        try:
            code = self._child.wait(5)
            report = _pipe(self._child.stderr).read(traces.LARGEST_REPORT)
        except subprocess.TimeoutExpired:
            code, report = -1, b""
        finally:
            self.abort()
        if self._trouble is not None:
            raise self._trouble
        if code != 0:
            raise FileRefused(_REFUSALS.get(code, "broken"))
        return traces.read_report(report)

    def _pass_on(self) -> None:
        out = _pipe(self._child.stdout)
        try:
            while piece := out.read(_PIECE):
                self._sink(piece)
        except BaseException as error:  # noqa: BLE001 - carried to the thread that feeds, which raises it
            self._trouble = error
            self._child.kill()


def reencode(reader: IO[bytes], *, small: bool, grey: bool) -> Rendering:
    """A stranger's picture as fresh pixels in WebP. Raises FileRefused (broken, bomb)."""
    return _render(reader.read(), [480 if small else 1600], ["image/webp"], grey=grey, quality=70, crop=None)[0]


def render(
    picture: bytes, widths: Sequence[int], *, crop: tuple[int, int, int, int] | None = None, card: bool = False
) -> list[Rendering]:
    """A picture at several widths, each as WebP and as JPEG, never larger than it is. Raises FileRefused.

    ``crop`` is left, top, width and height in pixels of the upright picture; what lies outside is nowhere in the
    result. With ``card`` the last one is the share card, a JPEG of its own size.
    """
    kinds = ["image/webp", "image/jpeg"]
    return _render(picture, list(widths), kinds, grey=False, quality=82, crop=crop, card=card)


def difference_hash(picture: bytes) -> str:
    """Sixteen hexadecimal digits that stay nearly the same when a picture is made smaller. Raises FileRefused."""
    return _ask_child({"widths": [PRINT_WIDTH], "print": True}, picture).decode("ascii")


def _render(
    picture: bytes,
    widths: list[int],
    media_types: list[str],
    *,
    grey: bool,
    quality: int,
    crop: tuple[int, int, int, int] | None,
    card: bool = False,
) -> list[Rendering]:
    wish = {"widths": widths, "media_types": media_types, "grey": grey, "quality": quality, "crop": crop, "card": card}
    answer = _ask_child(wish, picture)
    head, _, data = answer.partition(b"\n")
    renderings, start = [], 0
    for width, height, media_type, size in json.loads(head):
        renderings.append(Rendering(width, height, media_type, data[start : start + size]))
        start += size
    return renderings


def _ask_child(wish: dict[str, Any], picture: bytes) -> bytes:
    """What the child that decodes pictures answers. Raises FileRefused."""
    child = _start("pixels")
    try:
        answer, _ = child.communicate(json.dumps(wish).encode("ascii") + b"\n" + picture, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        raise FileRefused("bomb") from None
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    if child.returncode != 0:
        # A child that was stopped by its limits had too much to do.
        raise FileRefused(_REFUSALS.get(child.returncode, "bomb"))
    return answer


def _start(module: str, *options: str, arguments: Sequence[str] = ()) -> subprocess.Popen[bytes]:
    """A child with an empty environment, three pipes and nothing else of ours."""
    return subprocess.Popen(
        [sys.executable, "-I", "-B", *options, "-c", _RUN.format(root=_ROOT, module=module), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={},
        cwd="/",
        close_fds=True,
        start_new_session=True,
        bufsize=0,
    )


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:  # pragma: no cover - every child is started with three pipes
        raise RuntimeError("the child has no pipe")
    return pipe
