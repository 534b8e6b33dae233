"""The index of one desk: in the memory of one process, for as long as somebody of the desk is signed in there.

It is made of images: one that grows (the tail) and those that are full, each of them the content of a sealed segment.
A tip whose texts have grown gets a new entry in the tail, and its old one is passed over from then on. Rows are in
the order of arrival, so that the newest tips are found first.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from collections.abc import Iterable, Sequence

from tipline.services import folding
from tipline.services.search_images import HIGHEST, Entry, Image
from tipline.services.search_texts import TipTexts
from tipline.services.search_words import Words

IMAGE_SIZE = 1000
_EPOCH_START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_WITHIN_HOUR = 20  # bits


class DeskIndex:
    """What can be found at one desk, and which tips still wait to be read."""

    def __init__(self, desk_id: str) -> None:
        self.desk_id = desk_id
        self.building = threading.Lock()  # one reads at a time
        self.is_open = True
        self.is_started = False
        self.looked_at: dt.datetime | None = None
        self.tail = Image()
        self._images: list[Image] = []
        self._homes: dict[str, Image] = {}
        self._tips: dict[int, str] = {}
        self._due: deque[str] = deque()
        self._arrived: dict[str, dt.datetime] = {}
        self._unreadable: set[str] = set()
        self._lock = threading.RLock()

    @property
    def waiting(self) -> int:
        """How many tips wait to be read."""
        return len(self._due)

    @property
    def size(self) -> int:
        """How many tips can be found."""
        return len(self._homes)

    @property
    def tail_is_full(self) -> bool:
        """Whether the tail waits to be sealed."""
        return self.tail.added >= IMAGE_SIZE

    def records_of(self, tip_id: str) -> int:
        """How many records of a tip are in the index; -1 for a tip that is not in it."""
        home = self._homes.get(tip_id)
        return -1 if home is None else home.entries[tip_id].records

    def is_known(self, tip_id: str) -> bool:
        """Whether a tip is in the index, waits for it, or could not be read."""
        return tip_id in self._homes or tip_id in self._arrived or tip_id in self._unreadable

    def wait_for(self, tips: Iterable[tuple[str, dt.datetime]]) -> None:
        """Put tips on the list of those to be read, the one that is to be read first at the beginning."""
        with self._lock:
            fresh = [(tip_id, arrived) for tip_id, arrived in tips if tip_id not in self._arrived]
            self._due.extend(tip_id for tip_id, _ in fresh)
            self._arrived.update(fresh)

    def next_due(self, limit: int) -> list[str]:
        """The next tips to be read, no more than fit into the tail."""
        room = max(0, IMAGE_SIZE - self.tail.added)
        return [self._due[place] for place in range(min(limit, room, len(self._due)))]

    def take(self, asked: Sequence[str], read: Iterable[TipTexts]) -> None:
        """Put what was read into the tail; a tip that could not be read is not asked for again."""
        with self._lock:
            if not self.is_open:
                return
            told = {texts.tip_id: texts for texts in read}
            self.tail.add([self._entry(told[one]) for one in asked if one in told])
            for one in asked:
                self._due.popleft()
                self._arrived.pop(one, None)
                if one in told:
                    self._homes[one] = self.tail
                else:
                    self._unreadable.add(one)

    def take_image(self, image: Image) -> bool:
        """Take a sealed segment in. False, and nothing taken, when most of it is out of date."""
        with self._lock:
            fresh = [entry for entry in image.entries.values() if self._is_newer(entry)]
            is_fresh = image.is_current and 2 * len(fresh) >= len(image.entries)
            if not is_fresh or not self.is_open:
                image.close()
                return is_fresh
            self._images.append(image)
            for entry in fresh:
                if (home := self._homes.get(entry.tip_id)) is not None:
                    self._tips.pop(home.entries[entry.tip_id].row, None)
                self._homes[entry.tip_id] = image
                self._tips[entry.row] = entry.tip_id
            self._images.sort(key=lambda one: one.highest, reverse=True)
            return True

    def _is_newer(self, entry: Entry) -> bool:
        """Whether an entry says more of its tip than what is here, and has a row that is free or its tip's already."""
        is_free = self._tips.get(entry.row, entry.tip_id) == entry.tip_id
        return is_free and entry.records > self.records_of(entry.tip_id)

    def tail_sealed(self, segment_id: str, content: bytes) -> None:
        """The tail is full and lies sealed: keep it in its small form, and begin another."""
        with self._lock:
            if not self.is_open:
                return
            full = Image.sealed(segment_id, content)
            for tip_id in self.tail.entries:
                if self._homes.get(tip_id) is self.tail:
                    self._homes[tip_id] = full
            self.tail.close()
            self._images.append(full)
            self._images.sort(key=lambda one: one.highest, reverse=True)
            self.tail = Image()

    def forget_image(self, image: Image) -> list[str]:
        """Drop an image; the tips that were found in it, for reading again."""
        with self._lock:
            lost = [tip_id for tip_id in image.entries if self._homes.get(tip_id) is image]
            for tip_id in lost:
                self._tips.pop(image.entries[tip_id].row, None)
                del self._homes[tip_id]
            image.close()
            if image is self.tail:
                self.tail = Image()
            else:
                self._images.remove(image)
            return lost

    def images(self) -> tuple[Image, ...]:
        """The sealed images."""
        return tuple(self._images)

    def outdated_images(self) -> list[Image]:
        """Sealed images most of whose tips were read again since, and lie in another one."""
        return [
            image
            for image in self._images
            if 2 * sum(self._homes.get(tip_id) is image for tip_id in image.entries) < len(image.entries)
        ]

    def find(self, words: Words, before: str | None, limit: int) -> list[tuple[int, str]]:
        """Row and id of the newest tips that fit, after the one named; at most ``limit``."""
        expression = words.expression()
        with self._lock:
            if not self.is_open:
                return []
            start = self._row_of(before)
            found: list[int] = []
            for image in (self.tail, *self._images):
                if len(found) >= limit and image.highest < found[limit - 1]:
                    break  # the images that follow hold older tips only
                rows = image.find(expression, start)
                found += [row for row in rows if self._homes.get(self._tips.get(row, "")) is image]
                found.sort(reverse=True)
                del found[limit:]
            return [(row, self._tips[row]) for row in found]

    def fits_work(self, words: Words, row: int) -> bool:
        """Whether a tip fits by what the desk wrote and the product alone, without the sender's own words."""
        with self._lock:
            home = self._homes.get(self._tips.get(row, ""))
            return home is not None and home.holds(words.expression("work"), row)

    def close(self) -> None:
        """Let go of every word."""
        with self._lock:
            self.is_open = False
            for image in (self.tail, *self._images):
                image.close()
            self._images, self._homes, self._tips = [], {}, {}
            self._due, self._arrived = deque(), {}

    def _row_of(self, tip_id: str | None) -> int:
        home = self._homes.get(tip_id or "")
        return HIGHEST if home is None or tip_id is None else home.entries[tip_id].row

    def _entry(self, read: TipTexts) -> tuple[Entry, str, str]:
        row = self._row_for(read.tip_id)
        original = folding.fold("\n".join(one.text for one in read.texts if one.is_original))
        work = folding.fold("\n".join(one.text for one in read.texts if not one.is_original))
        return Entry(row, read.tip_id, read.records), original, work

    def _row_for(self, tip_id: str) -> int:
        """A place in the order of arrival: by hour, within the hour by the id, which is random."""
        home = self._homes.get(tip_id)
        if home is None:
            hour = int((self._arrived[tip_id] - _EPOCH_START).total_seconds()) // 3600
            row = (hour << _WITHIN_HOUR) + (int(tip_id[-6:], 16) >> 4)
        else:
            row = home.entries[tip_id].row
            if home is not self.tail:
                return row
            self._tips[row] = ""  # its words stay in the tail: the row is nobody's from now on
        while row in self._tips:
            row += 1
        self._tips[row] = tip_id
        return row
