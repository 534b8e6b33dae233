"""The search indexes of this process: made on first use, kept up at each search, gone with the last session of a desk.

A small desk's index is made within the request. A large one is made in a thread that holds the desk's seeds until
nothing waits any more: closing the page does not stop it, and another page shows how far it is.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
from dataclasses import dataclass, field

from tipline import clock
from tipline.extensions import db
from tipline.services import search_builds
from tipline.services.accounts import Person
from tipline.services.search_builds import DeskSeeds
from tipline.services.search_index import DeskIndex

SWEEP_SECONDS = 15
WITHIN_REQUEST = 300  # tips that a request reads itself
_log = logging.getLogger("tipline")


@dataclass(frozen=True)
class Ready:
    """An index to search in, with the seeds of who searches. ``waiting``: tips that are not in it yet."""

    index: DeskIndex
    seeds: DeskSeeds = field(repr=False)
    is_started: bool
    waiting: int

    @property
    def size(self) -> int:
        """How many tips can be found."""
        return self.index.size

    @property
    def is_whole(self) -> bool:
        """Whether every tip of the desk can be found."""
        return self.is_started and not self.waiting


class Keeper:
    """Holds the indexes. ``watches``: a thread of its own ends those whose people have left."""

    def __init__(self, *, watches: bool) -> None:
        self._watches = watches
        self._lock = threading.Lock()
        self._indexes: dict[str, DeskIndex] = {}
        self._watcher: threading.Thread | None = None

    def ready(self, person: Person, desk_id: str, now: dt.datetime) -> Ready:
        """The desk's index, brought up to date as far as one request can; the rest is read in a thread.

        Ends the transaction that the request has begun. Raises NotFound for a desk that is not this person's.
        """
        seeds = search_builds.seeds_of(person, desk_id)
        index = self._index(desk_id)
        if index.building.acquire(blocking=False):
            try:
                needs_thread = self._keep_up(index, seeds, now)
            finally:
                index.building.release()
            if needs_thread:
                threading.Thread(target=self._work, args=(index, seeds), name="search", daemon=True).start()
        return Ready(index, seeds, index.is_started, index.waiting)

    def sweep(self, now: dt.datetime) -> None:
        """End the indexes of desks at which nobody is signed in any more; the others let go of what was erased."""
        with self._lock:
            held = dict(self._indexes)
        for desk_id, index in held.items():
            if not index.is_open or not search_builds.is_anybody_there(desk_id, now):
                index.close()
                with self._lock:
                    if self._indexes.get(desk_id) is index:
                        del self._indexes[desk_id]
            elif index.is_started and index.building.acquire(blocking=False):
                try:
                    search_builds.refresh(index, now)
                finally:
                    index.building.release()

    def close(self) -> None:
        """End every index."""
        with self._lock:
            held, self._indexes = self._indexes, {}
        for index in held.values():
            index.close()

    def _index(self, desk_id: str) -> DeskIndex:
        with self._lock:
            index = self._indexes.get(desk_id)
            if index is None or not index.is_open:
                index = self._indexes[desk_id] = DeskIndex(desk_id)
            if self._watches and (self._watcher is None or not self._watcher.is_alive()):
                self._watcher = threading.Thread(target=self._watch, name="search-watch", daemon=True)
                self._watcher.start()
            return index

    def _keep_up(self, index: DeskIndex, seeds: DeskSeeds, now: dt.datetime) -> bool:
        """Read what little has come; whether more waits than a request should read."""
        if not index.is_started:
            if not search_builds.is_small(index.desk_id, WITHIN_REQUEST):
                return True
            self._start(index, seeds, now)
        search_builds.refresh(index, now)
        if index.waiting > WITHIN_REQUEST:
            return True
        while self._advance(index, seeds):
            pass
        return False

    def _work(self, index: DeskIndex, seeds: DeskSeeds) -> None:
        try:
            with index.building:
                if not index.is_started:
                    self._start(index, seeds, clock.now())
                while index.is_open and self._advance(index, seeds):
                    pass
        except Exception as broken:  # noqa: BLE001 - whoever searches next begins anew
            _log.error("the search index could not be made: %s", type(broken).__name__)
            index.close()
        finally:
            db.end()

    def _start(self, index: DeskIndex, seeds: DeskSeeds, now: dt.datetime) -> None:
        if search_builds.has_segments_to_renew(seeds):
            db.in_writing(lambda: search_builds.renew_segments(seeds))
        stale = search_builds.start(index, seeds, now)
        db.session.rollback()
        if stale:
            db.in_writing(lambda: search_builds.drop_segments(stale))

    def _advance(self, index: DeskIndex, seeds: DeskSeeds) -> bool:
        """One bounded step; whether there was anything to do. What is full is sealed in a transaction of its own."""
        was_waiting = search_builds.step(index, seeds)
        db.session.rollback()
        if index.tail_is_full:
            content = index.tail.content()
            segment_id = db.in_writing(lambda: search_builds.seal_tail(index, seeds, content))
            if segment_id is None:
                search_builds.reread_tail(index)
            else:
                index.tail_sealed(segment_id, content)
        return was_waiting

    def _watch(self) -> None:
        pause = threading.Event()
        while True:
            pause.wait(SWEEP_SECONDS)
            try:
                self.sweep(clock.now())
            except Exception as broken:  # noqa: BLE001 - the database may be away: the next round tries again
                _log.error("the search indexes could not be swept: %s", type(broken).__name__)
            finally:
                db.end()
            with self._lock:
                if not self._indexes:
                    self._watcher = None
                    return
