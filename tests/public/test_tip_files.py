"""Files of a tip: what is taken, what is refused with words, and that nothing of them lies in clear."""

from __future__ import annotations

import errno
import hashlib
import io
import zlib
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from tests.conftest import Clock
from tests.pages import Page, PageClient
from tests.tipsters import TestDesk, exif_photo, photo, send, the_tip, write
from tipline import clock as clock_module
from tipline import config, storage
from tipline.errors import Busy
from tipline.extensions import db
from tipline.models.tip import Attachment, AttachmentKey, Draft
from tipline.services import arrivals, attachments, drafts, uploads

FILES = "/en/tip/files"


def add(client: PageClient, *files: tuple[bytes, str], status: int = 200) -> Page:
    """Put files into the form as a browser does."""
    page = client.page(FILES)
    form = page.form("files") if "files" in page.html else page.form()
    data: dict[str, Any] = dict(form.values)
    data["files"] = [(io.BytesIO(content), name) for content, name in files]
    answer = client.post(FILES, data=data, content_type="multipart/form-data", follow_redirects=True)
    seen = Page(answer, FILES)
    assert seen.status == status
    return seen


def stored(settings: config.Settings) -> list[Path]:
    """Every file in storage."""
    return [path for path in (settings.instance / "files").rglob("*") if path.is_file()]


@pytest.fixture
def draft(client: PageClient, desk: TestDesk) -> TestDesk:
    """A draft that files can be added to."""
    write(client, desk)
    return desk


def test_a_photo_is_stored_encrypted_without_its_exif_and_opens_for_the_desk(
    client: PageClient, draft: TestDesk, settings: config.Settings
) -> None:
    original = photo()
    page = add(client, (original, "holiday.jpg"))
    assert "holiday.jpg" in page.main
    assert "Hidden information was taken out" in page.main
    send(client)
    tip = the_tip()
    assert tip.attachment_count == 1
    key = draft.open_key(tip.id, "content")
    row = attachments.of_tip(tip.id)[0]
    details = attachments.read_details(key, row)
    opened = b"".join(attachments.stream(key, row))
    assert (details.name, details.media_type, details.notes) == ("holiday.jpg", "image/jpeg", ("exif",))
    assert details.sha256 == hashlib.sha256(opened).hexdigest()
    assert details.size == len(opened)
    assert b"SECRETMAKER" in original
    assert b"SECRETMAKER" not in opened
    pixels = [Image.open(io.BytesIO(data)).tobytes() for data in (original, opened)]
    assert pixels[0] == pixels[1]
    (file,) = stored(settings)
    assert file.stat().st_size == row.padded_size
    assert opened[:64] not in file.read_bytes()
    assert int(file.stat().st_mtime) % 3600 == 0


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"", "empty.jpg", "the file is empty"),
        (b"MZ\x90\x00" * 400, "tool.exe", "it must be a JPEG"),
        (b"%PDF-1.7\n" + b"x" * 2000, "photo.jpg", "it must be a JPEG"),
        (b"\xff\xd8\xff\xe0 nothing of the kind" * 80, "photo.jpg", "damaged"),
        (b"<html><script>", "page.html", "it must be a JPEG"),
    ],
)
def test_a_file_that_cannot_be_taken_is_named_with_the_reason(
    client: PageClient, draft: TestDesk, settings: config.Settings, content: bytes, name: str, words: str
) -> None:
    page = add(client, (content, name))
    assert name in page.errors[0]
    assert words in page.errors[0]
    assert stored(settings) == []


def test_a_decompression_bomb_is_refused(client: PageClient, draft: TestDesk, settings: config.Settings) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    header = (40_000).to_bytes(4, "big") * 2 + b"\x08\x00\x00\x00\x00"
    bomb = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(10**6)))
    page = add(client, (bomb + chunk(b"IEND", b""), "big.png"))
    assert "too many pixels" in page.errors[0]
    assert stored(settings) == []


def test_good_files_stay_when_another_is_refused(client: PageClient, draft: TestDesk) -> None:
    page = add(client, (photo(), "good.jpg"), (b"nonsense", "bad.pdf"))
    assert "bad.pdf" in page.errors[0]
    assert "good.jpg" in page.main
    assert len(attachments_of_the_draft()) == 1


def attachments_of_the_draft() -> list[Any]:
    return list(db.session.execute(select(Attachment).where(Attachment.position > 0)).scalars())


def test_a_file_that_is_too_large_is_swallowed_and_named(
    client: PageClient, draft: TestDesk, settings: config.Settings
) -> None:
    object.__setattr__(config.current(), "max_file_bytes", 1024 * 1024)
    token = client.page(FILES).form("files").values["csrf_token"][0]
    # Written out here: the test client would put a body of this size into a temporary file.
    head = b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token.encode()
    head += b'\r\n--b\r\nContent-Disposition: form-data; name="files"; filename="scan.pdf"\r\n\r\n'
    body = head + b"%PDF-1.7\n" + bytes(1024 * 1024) + b"\r\n--b--\r\n"
    answer = client.post(FILES, data=body, content_type="multipart/form-data; boundary=b")
    assert "smaller than 1 MB" in Page(answer, FILES).errors[0]
    assert stored(settings) == []


def test_no_more_files_than_allowed(client: PageClient, draft: TestDesk, settings: config.Settings) -> None:
    page = add(client, *[(photo(), f"{number}.jpg") for number in range(6)])
    assert "you can add 5 files" in page.errors[0]
    assert 'id="files"' in page.html  # where the summary of errors leads
    assert len(attachments_of_the_draft()) == 5


def test_names_are_kept_without_folders_and_signs_that_deceive(client: PageClient, draft: TestDesk) -> None:
    add(client, (photo(), "C:/secret/Papa\u202egpj.\x07jpg"))
    send(client)
    tip = the_tip()
    key = draft.open_key(tip.id, "content")
    assert attachments.read_details(key, attachments.of_tip(tip.id)[0]).name == "Papagpj.jpg"


def test_a_file_is_taken_out_again_by_key_row_and_bytes(
    client: PageClient, draft: TestDesk, settings: config.Settings
) -> None:
    page = add(client, (photo(), "one.jpg"))
    client.submit(page, action="/remove")
    assert stored(settings) == []
    assert db.session.execute(select(func.count()).select_from(AttachmentKey)).scalar_one() == 0
    assert db.session.execute(select(Draft.stored_bytes)).scalar_one() == 0


def test_deleting_the_draft_deletes_its_files(client: PageClient, draft: TestDesk, settings: config.Settings) -> None:
    add(client, (photo(), "one.jpg"))
    client.submit(client.page("/en/tip/delete"))
    assert stored(settings) == []
    assert attachments_of_the_draft() == []


def test_a_pdf_keeps_what_is_hidden_in_it_and_the_page_says_so(client: PageClient, draft: TestDesk) -> None:
    page = add(client, (b"%PDF-1.7\n" + b"Author(Somebody)" * 100, "scan.pdf"))
    assert "Hidden information is still in this file" in page.main
    assert attachments_of_the_draft()[0].metadata_kept


def test_a_choice_can_be_made_twice_and_taken_back_until_it_is_sent(
    client: PageClient, draft: TestDesk, settings: config.Settings
) -> None:
    original = exif_photo()
    address = next(f.action for f in add(client, (original, "one.jpg")).forms if f.action.endswith("/hidden"))
    assert db.session.execute(select(Draft.stored_bytes)).scalar_one() == sum(
        p.stat().st_size for p in stored(settings)
    )
    for choice, kept in (("in", True), ("in", True), ("out", False), ("out", False), ("in", True)):
        page = client.page(FILES)
        token = page.form(action="/hidden").values["csrf_token"][0]
        client.post(address, data={"csrf_token": token, "hidden": choice})
        assert ("You left the hidden information in" in client.page(FILES).main) is kept
        assert len(stored(settings)) == 2
    send(client)
    tip = the_tip()
    (row,) = attachments.of_tip(tip.id)
    assert (row.position, row.metadata_kept, tip.attachment_count) == (1, True, 1)
    assert b"".join(attachments.stream(draft.open_key(tip.id, "content"), row)) == original
    assert [path.name for path in stored(settings)] == [row.stored_name]
    assert db.session.execute(select(AttachmentKey.attachment_id)).scalars().all() == [row.id]
    assert client.post(address, data={"csrf_token": token, "hidden": "out"}).location.endswith("/tip/sent")


def test_a_choice_about_a_file_that_is_not_there_is_not_found(client: PageClient, draft: TestDesk) -> None:
    page = add(client, (b"%PDF-1.7\n" + b"x" * 2000, "scan.pdf"))
    token = page.form("files").values["csrf_token"][0]
    for attachment_id in ("0" * 32, attachments_of_the_draft()[0].id):
        answer = client.post(f"{FILES}/{attachment_id}/hidden", data={"csrf_token": token, "hidden": "in"})
        assert answer.status_code == 404


def test_a_frame_tells_how_much_has_come(client: PageClient, draft: TestDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "frame-src 'self'" in client.get(FILES).headers["Content-Security-Policy"]
    before = client.page(f"{FILES}/arriving")
    assert "this shows how much has arrived" in before.main
    assert "frame-ancestors 'self'" in before.response.headers["Content-Security-Policy"]
    assert before.response.headers["X-Frame-Options"] == "SAMEORIGIN"
    seen = []
    monkeypatch.setattr(uploads, "TELL_SECONDS", 0.0)
    written = storage.Writer.write

    def look(writer: storage.Writer, data: bytes) -> int:
        db.session.rollback()
        row = db.session.execute(select(Draft.arrived_bytes, Draft.expected_bytes)).one()
        db.session.rollback()
        seen.append(tuple(row))
        return written(writer, data)

    monkeypatch.setattr(storage.Writer, "write", look)
    add(client, (b"%PDF-1.7\n" + bytes(300_000), "scan.pdf"))
    told = [arrived for arrived, _expected in seen if arrived is not None]
    assert told == sorted(told)
    assert told[-1] > 4 * arrivals.STEP
    assert {expected for arrived, expected in seen if arrived} == {5 * arrivals.STEP}
    assert "this shows how much has arrived" in client.page(f"{FILES}/arriving").main


def test_a_full_disk_gives_a_polite_page_and_leaves_nothing(
    client: PageClient, draft: TestDesk, settings: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_self: storage.Writer, _data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storage.Writer, "write", full)
    page = add(client, (photo(), "one.jpg"), status=503)
    assert "not available" in page.h1
    assert stored(settings) == []


def test_a_token_that_is_wrong_leaves_no_file(client: PageClient, draft: TestDesk, settings: config.Settings) -> None:
    data = {"csrf_token": "wrong", "files": (io.BytesIO(photo()), "one.jpg")}
    answer = client.post(FILES, data=data, content_type="multipart/form-data")
    assert "open for too long" in answer.get_data(as_text=True)
    assert stored(settings) == []


def test_without_a_draft_nothing_of_a_file_is_kept(
    client: PageClient, desk: TestDesk, settings: config.Settings
) -> None:
    data = {"files": (io.BytesIO(photo()), "one.jpg")}
    assert client.post(FILES, data=data, content_type="multipart/form-data").status_code == 410
    assert stored(settings) == []


def test_files_on_a_page_that_takes_none_are_thrown_away(
    client: PageClient, desk: TestDesk, settings: config.Settings
) -> None:
    data = {"narrative": "x", "photo": (io.BytesIO(photo()), "one.jpg")}
    assert client.post("/en/tip", data=data, content_type="multipart/form-data").status_code == 200
    assert stored(settings) == []


def test_when_every_slot_is_taken_the_page_says_so_and_text_goes_on(
    client: PageClient, draft: TestDesk, settings: config.Settings
) -> None:
    object.__setattr__(config.current(), "upload_slots", 0)
    page = add(client, (photo(), "one.jpg"), status=503)
    assert "Too many files are arriving" in page.errors[0]
    assert stored(settings) == []
    send(client)


def test_an_upload_that_stalls_gives_its_place_to_somebody_who_waits(
    app: Flask, client: PageClient, draft: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    object.__setattr__(config.current(), "upload_slots", 1)
    with client.session_transaction() as session:
        secret = session["draft"]
    waiting = drafts.open_draft(secret, clock_module.now())
    db.session.rollback()
    moment = [0.0]
    monkeypatch.setattr(uploads.time, "monotonic", lambda: moment[0])
    with uploads.receive(waiting, 100) as stalled:
        spool = stalled.new_spool()
        spool.write(b"%PDF-1.7")
        with pytest.raises(Busy):
            uploads.receive(waiting, 100)
        moment[0] = uploads.STALL_SECONDS + 1
        with uploads.receive(waiting, 100), pytest.raises(Busy):
            spool.write(b"more")


def test_unsent_files_have_a_cap_together(client: PageClient, draft: TestDesk, clock: Clock) -> None:
    db.session.execute(select(Draft)).scalar_one().stored_bytes = config.current().draft_cap_bytes
    db.session.commit()
    page = add(client, (photo(), "one.jpg"), status=503)
    assert "Too many files are arriving" in page.errors[0]
    send(client)
