"""Verification of the log: every chain from its first entry to its head, its segments, and what auditors hold.

Whoever owns the database can drop its triggers; what they cannot change is the heads that auditors took away
(``export_heads``). A log that verifies alone shows that nobody was clumsy, one that verifies against those shows that
nothing before them was changed.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from tipline.errors import BadInput, LogBroken
from tipline.extensions import db
from tipline.models.log import LogEntry, LogHead, LogSegment
from tipline.services import log
from tipline.services.log_segments import Segment, check_signature


@dataclass(frozen=True)
class Fault:
    """The first thing wrong with a chain: ``seq`` is where, ``reason`` a code."""

    chain: str
    seq: int
    reason: str


@dataclass(frozen=True)
class Report:
    """What verification found."""

    entries: int
    segments: int
    anchors: int
    faults: tuple[Fault, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


@dataclass(frozen=True)
class Anchor:
    """A head that somebody noted down earlier."""

    chain: str
    seq: int
    entry_hash: str


def verify(anchors: Iterable[Anchor] = ()) -> Report:
    """Verify all chains in one reading transaction; each fault is the first of its chain."""
    wanted: dict[str, dict[int, set[str]]] = {chain: {} for chain in log.CHAINS}
    known = [anchor for anchor in anchors if anchor.chain in wanted]
    for anchor in known:
        wanted[anchor.chain].setdefault(anchor.seq, set()).add(anchor.entry_hash)
    entries = closed = 0
    faults = []
    for chain in log.CHAINS:
        walk = _Walk(chain, wanted[chain])
        fault = walk.run()
        entries += walk.entries
        closed += walk.closed
        if fault is not None:
            faults.append(fault)
    return Report(entries, closed, len(known), tuple(faults))


def export_heads(now: dt.datetime) -> str:
    """The heads of all chains and the keys that sign segments, as JSON for the auditors to keep elsewhere."""
    signers = db.session.execute(select(LogSegment.signer).distinct().order_by(LogSegment.signer)).scalars()
    return json.dumps(
        {
            "made_at": now.astimezone(dt.UTC).isoformat(),
            "heads": [{"chain": head.chain, "seq": head.seq, "hash": head.entry_hash} for head in log.heads()],
            "signers": list(signers),
        },
        indent=2,
    )


def read_anchors(text: str) -> tuple[Anchor, ...]:
    """The heads in one or more exports (one JSON document, or one a line). Raises BadInput when it is none."""
    try:
        return tuple(
            Anchor(str(head["chain"]), int(head["seq"]), str(head["hash"]))
            for document in _documents(text)
            for head in document["heads"]
        )
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise BadInput("anchors", "unreadable") from None


class _Walk:
    """One chain, from its start to the head that it had when the walk began."""

    def __init__(self, chain: str, anchors: Mapping[int, set[str]]) -> None:
        self.chain = chain
        self.anchors = dict(anchors)
        self.entries = 0
        self.closed = 0
        self._seq = 0
        self._hash = log.START

    def run(self) -> Fault | None:
        """The first fault, or None."""
        try:
            end, digest = self._head()
            for segment in self._segments(end):
                self._pass_segment(segment)
            self._pass_entries(end)
            self._check_end(end, digest)
        except _Stop as stop:
            return Fault(self.chain, stop.seq, stop.reason)
        return None

    def _head(self) -> tuple[int, str]:
        head = db.session.execute(
            select(LogHead.seq, LogHead.entry_hash).where(LogHead.chain == self.chain)
        ).one_or_none()
        if head is None:
            raise _Stop(0, "head-missing")
        return head.seq, head.entry_hash

    def _segments(self, end: int) -> list[Segment]:
        rows = db.session.execute(
            select(LogSegment.__table__)
            .where(LogSegment.chain == self.chain, LogSegment.last_seq <= end)
            .order_by(LogSegment.first_seq)
        )
        return [Segment(**row) for row in rows.mappings()]

    def _pass_segment(self, segment: Segment) -> None:
        self.closed += 1
        if segment.first_seq != self._seq + 1 or segment.first_prev_hash != self._hash:
            raise _Stop(segment.first_seq, "segment-gap")
        try:
            check_signature(segment)
        except LogBroken:
            raise _Stop(segment.first_seq, "segment-signature") from None
        if segment.released_at is None:
            self._pass_entries(segment.last_seq)
            if self._hash != segment.last_hash:
                raise _Stop(segment.last_seq, "segment-hash")
        self._arrive(segment.last_seq, segment.last_hash)

    def _pass_entries(self, last: int) -> None:
        rows = db.session.execute(
            select(LogEntry.__table__)
            .where(LogEntry.chain == self.chain, LogEntry.seq > self._seq, LogEntry.seq <= last)
            .order_by(LogEntry.seq)
            .execution_options(yield_per=1000)
        )
        for row in rows.mappings():
            self._pass_entry(row)
        if self._seq != last:
            raise _Stop(self._seq + 1, "missing")

    def _pass_entry(self, row: Mapping[Any, Any]) -> None:
        if row["seq"] != self._seq + 1:
            raise _Stop(self._seq + 1, "missing")
        if row["prev_hash"] != self._hash:
            raise _Stop(row["seq"], "chain")
        if log.entry_digest(row) != row["entry_hash"]:
            raise _Stop(row["seq"], "changed")
        self.entries += 1
        self._arrive(row["seq"], row["entry_hash"])

    def _arrive(self, seq: int, digest: str) -> None:
        if self.anchors.pop(seq, {digest}) != {digest}:
            raise _Stop(seq, "anchor")
        self._seq, self._hash = seq, digest

    def _check_end(self, end: int, digest: str) -> None:
        """The head fits the last entry; no entry is beyond it (it was set back), no anchor (the chain was cut)."""
        if self._hash != digest:
            raise _Stop(end, "head")
        newest = select(func.max(LogEntry.seq)).where(LogEntry.chain == self.chain).scalar_subquery()
        head = select(LogHead.seq).where(LogHead.chain == self.chain).scalar_subquery()
        row = db.session.execute(select(newest.label("newest"), head.label("head"))).one()
        if (row.newest or 0) > row.head:
            raise _Stop(row.head + 1, "beyond-head")
        if any(seq > row.head for seq in self.anchors):
            raise _Stop(row.head + 1, "cut-off")


class _Stop(Exception):  # noqa: N818 - ends a walk, is no error
    def __init__(self, seq: int, reason: str) -> None:
        super().__init__(reason)
        self.seq = seq
        self.reason = reason


def _documents(text: str) -> Iterator[Mapping[str, Any]]:
    decoder = json.JSONDecoder()
    rest = text.strip()
    if not rest:
        raise ValueError("empty")
    while rest:
        document, end = decoder.raw_decode(rest)
        yield document
        rest = rest[end:].strip()
