"""After a day of search and grouping no word of a tip, a note or a search lies anywhere but in the memory of people."""

from __future__ import annotations

import base64
import bz2
import gzip
import io
import logging
import lzma
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from tests import factories
from tests.conftest import Clock
from tests.factories import Team, write
from tests.journeys.steps import Colleague
from tests.pages import Page
from tests.residue import Residue
from tipline import config, jobs
from tipline.extensions import db
from tipline.models.base import table_of
from tipline.models.group import AnswerGroup
from tipline.models.search import KeptSearch, SearchSegment
from tipline.models.tip import Tip
from tipline.services import retention, search_index
from tipline.services.folding import fold
from tipline.services.search_images import Entry, Image
from tipline.staff.search import KEEPER

# No two begin alike: a full-text index would then write the beginning of one of them only.
STORY, PLACE, THING = "Quokkaburg", "Ζυμαρόπυργος", "Łąkopustka"
LINK, FILE, ADDED = "yakmarket", "ibexpicture", "Жаворонково"
NOTE, STATEMENT, SANITISED, REASON = "wombatnote", "vicunafact", "ocelottext", "narwhalreason"
TYPED = "xylophonebank"  # searched for, and in no tip
WORDS = (STORY, PLACE, THING, LINK, FILE, ADDED, NOTE, STATEMENT, SANITISED, REASON, TYPED)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where everything is written: the instance, the secrets, temporary files, and a log that keeps all it is told."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    for name in ("TMPDIR", "SQLITE_TMPDIR"):
        monkeypatch.setenv(name, str(temporary))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.setattr(search_index, "IMAGE_SIZE", 2)  # so that segments are sealed
    handler = logging.FileHandler(tmp_path / "everything.log", encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(levelname)s %(name)s %(message)s %(args)s"))
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield tmp_path
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


@pytest.fixture
def team(folder: Path, app: Flask, clock: Clock) -> Team:
    """A desk that takes tips, with a published exhibit."""
    made = factories.make_team(clock.now)
    factories.make_exhibit(made, clock.now)
    return made


def send_tips(clock: Clock) -> list[str]:
    """Seven tips: three of one answer, two of another, one with a picture, one that grows later."""
    now, page = clock.now, f"https://{LINK}.example/p/{LINK}-45001"
    sent = [
        factories.make_tip(now, narrative=f"{STORY} sold it, number {n}.", product=THING, links=(page,), place=PLACE)
        for n in range(3)
    ]
    sent += [factories.make_tip(now, narrative="See there.", links=(f"{page}9",)) for _ in range(2)]
    sent.append(factories.make_tip(now, narrative=f"Near {PLACE}", files=[(f"{FILE}.jpg", factories.picture())]))
    late = factories.make_tip(now, narrative=f"I worked in {STORY} until 2016.", how_known="first_hand")
    factories.add_to_tip(late.tip_id, now, narrative=f"Это было в городе {ADDED}.")
    return [one.ref for one in [*sent, late]]


def look_for(desk: Colleague, typed: str) -> Page:
    """Search, with the reason where it is asked for."""
    page = desk.browser.page("/staff/search")
    if "Search in this session" in page.h1:
        desk.browser.submit(page, {"reason_code": "other", "reason_text": REASON}, field="reason_code")
        page = desk.browser.page("/staff/search")
    return desk.browser.submit(page, {"words": typed}, field="words")


def search_all_day(desk: Colleague) -> None:
    """Words, beginnings, phrases, a filter, and what is nowhere."""
    for typed in (STORY, PLACE.upper(), f"{THING[:5]}*", f'"{STORY} sold it"', f"{LINK}.example -{NOTE}", ADDED):
        page = look_for(desk, typed)
        assert "<mark>" in page.html, typed
        desk.browser.page(f"{page.path}&age=day&files=yes")
    assert "No tip has all" in look_for(desk, TYPED).main


def work_on_groups(desk: Colleague) -> None:
    """Compare all, set lead and sources, split, merge, and close one answer together."""
    page = desk.browser.page("/staff/groups")
    while "Compare new tips" in page.html:
        page = desk.browser.submit(page, action="/groups/compare")
    found = list(db.session.scalars(select(AnswerGroup.id)))
    db.session.rollback()
    pages = [desk.browser.page(f"/staff/groups/{group_id}") for group_id in found]
    three = next(page for page in pages if "3 tips" in page.h1)
    three = desk.browser.submit(three, {"sources": "2"}, action="/sources")
    refs = [ref for ref in three.links if len(ref) == 9 and "-" in ref]
    desk.browser.submit(three, {"ref": refs[0], "act": "out"}, action="/part")
    two = desk.browser.submit(desk.browser.page(three.path), {"ref": refs[0]}, action="/merge")
    closing = {"disposition": "already_known", "disposition_reason": f"{REASON}."}
    assert "were closed" in desk.browser.submit(two, closing, action="/close").html


def write_about(desk: Colleague, ref: str) -> None:
    """A note, a statement and a text that may be passed on."""
    page = desk.browser.submit(desk.open(ref), action="/take")
    page = desk.browser.submit(page, {"note": f"Ask about {NOTE}"}, field="note")
    page = desk.browser.submit(page, {"basis": "fact", "statement": f"{STATEMENT} stands."}, field="statement")
    desk.browser.submit(page, {"sanitised": f"It was {SANITISED}."}, field="sanitised")


def a_day(app: Flask, team: Team, clock: Clock) -> Iterator[str]:
    """What is done, and after each part of it a moment to look."""
    refs = send_tips(clock)
    reviewer, supervisor = (Colleague(app, known, clock) for known in (team.reviewers[0], team.supervisors[0]))
    search_all_day(reviewer)
    yield "searching"
    work_on_groups(reviewer)
    yield "grouping"
    write_about(supervisor, refs[-1])
    for typed in (NOTE, STATEMENT, SANITISED):
        assert refs[-1] in look_for(supervisor, typed).links, typed
    yield "writing"
    gone = db.session.scalars(select(Tip.id).where(Tip.ref == refs[0])).one()
    write(lambda: retention.erase_tip(gone, "purged", team.supervisor.actor, clock.now, chain="staff"))
    assert refs[0] not in look_for(supervisor, STORY).links
    yield "erasing"
    for desk in (reviewer, supervisor):
        desk.browser.submit(desk.browser.page("/staff/"), action="sign-out")
    assert [result.failure for result in jobs.run_due(clock.advance(hours=14)) if result.failure] == []
    yield "the jobs of the night"


def test_a_day_of_search_and_grouping_leaves_no_word_anywhere(
    app: Flask, team: Team, folder: Path, clock: Clock
) -> None:
    residue = Residue(*WORDS)
    for part in a_day(app, team, clock):
        assert residue.in_files(folder) == set(), part
        assert residue.in_database(db.engine) == set(), part
        if part == "searching":
            assert db.session.scalar(select(func.count()).select_from(SearchSegment)) == 3
            assert db.session.scalar(select(func.count()).select_from(KeptSearch)) == 7
        db.session.rollback()
    app.extensions[KEEPER].close()


def plants() -> dict[str, bytes]:
    """Ways in which a word could be left behind."""
    text = f"before {STORY} after".encode()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", text * 9)
    image = Image()
    image.add([(Entry(1, "0" * 32, 1), fold(f"Quolibet {STORY}"), "")])
    return {
        "plain": text,
        "large letters": text.upper(),
        "greek in utf-16": PLACE.encode("utf-16"),
        "greek without accents": fold(PLACE).encode(),
        "cyrillic in an address": b"/search?words=%D0%B2%D0%BE%D1%80%D0%BE%D0%BD%D0%BA%D0%BE%D0%B2%D0%BE",
        "hex": text.hex().encode(),
        "base64": base64.urlsafe_b64encode(b"." + text),
        "json": ascii(PLACE).encode(),
        "gzip": gzip.compress(text),
        "zlib in base64's place": b"xx" + zlib.compress(text * 3),
        "bz2": bz2.compress(text),
        "xz": lzma.compress(text),
        "zip": zipped.getvalue(),
        "an index that was not sealed": image.content(),
        "the same, compressed": zlib.compress(image.content()),
    }


@pytest.mark.parametrize("form", plants())
def test_whatever_was_left_would_be_found(form: str, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    planted.write_bytes(bytes(200) + plants()[form] + bytes(200))
    assert Residue(*WORDS).in_files(tmp_path) == {"planted"}
    planted.write_bytes(b"before and after")
    assert Residue(*WORDS).in_files(tmp_path) == set()


def test_a_row_a_log_and_a_file_without_a_name_are_looked_at_too(app: Flask, team: Team, folder: Path) -> None:
    residue = Residue(*WORDS)
    row = {"id": "1" * 32, "desk_id": team.desk_id, "ciphertext": plants()["an index that was not sealed"]}
    write(lambda: db.run(insert(table_of(SearchSegment)), row))
    assert residue.in_database(db.engine) == {"search_segment.ciphertext"}
    assert residue.in_files(folder) >= {"tipline.db-wal"}
    logging.getLogger("anything").debug("found %s", STORY)
    assert "everything.log" in residue.in_files(folder)
    with tempfile.TemporaryFile() as nameless:
        nameless.write(STORY.encode())
        nameless.flush()
        assert len(residue.in_files(config.current().secrets)) == 1
