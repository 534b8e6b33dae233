"""Room for what arrives: slots are given back, unknown lengths are reckoned with, and nobody waits for the count."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from tests.pages import Page, PageClient
from tests.public.test_tip_files import FILES, add, stored
from tests.tipsters import TestDesk, photo, write
from tipline import config
from tipline.extensions import db
from tipline.public import files
from tipline.services import room

BODY = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.7\r\n--x--\r\n'


def post(client: PageClient, body: bytes, **environment: Any) -> Page:
    """Post these bytes as the form with files."""
    kind = "multipart/form-data; boundary=x"
    answer = client.post(FILES, data=body, content_type=kind, environ_overrides=environment)
    return Page(answer, FILES)


@pytest.fixture
def draft(client: PageClient, desk: TestDesk) -> TestDesk:
    """A draft that files can be added to."""
    write(client, desk)
    return desk


def test_a_large_file_that_finds_no_slot_is_told_to_try_again_and_not_that_it_is_too_large(
    client: PageClient, draft: TestDesk, settings: config.Settings
) -> None:
    config.use(dataclasses.replace(settings, upload_slots=0))
    page = post(client, BODY.replace(b"PDF-1.7", b"PDF-1.7" + b"x" * 3_000_000))
    assert page.status == 503
    assert "Too many files are arriving" in page.errors[0]
    assert stored(settings) == []


def test_a_database_that_goes_away_between_slot_and_body_leaves_the_slot_free(
    client: PageClient, draft: TestDesk, settings: config.Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.use(dataclasses.replace(settings, upload_slots=1))

    def gone(*_: object) -> None:
        raise OperationalError("ROLLBACK", {}, Exception("gone"))

    with monkeypatch.context() as broken:
        broken.setattr(files, "_take", gone)
        add(client, (photo(), "one.jpg"), status=503)
    assert "one.jpg" in add(client, (photo(), "one.jpg")).main


def test_a_body_of_unknown_length_needs_as_much_room_as_any_could(
    client: PageClient, draft: TestDesk, settings: config.Settings
) -> None:
    config.use(dataclasses.replace(settings, draft_cap_bytes=settings.max_file_bytes))
    chunked = {"CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
    assert post(client, BODY).status == 200  # it has no token, and so much the page says
    assert post(client, BODY, **chunked).status == 503


def test_who_holds_the_database_never_waits_for_somebody_who_counts_and_waits_for_it(
    client: PageClient, draft: TestDesk
) -> None:
    room.check_text()
    measure = room._MEASURE
    done = threading.Event()

    def counting() -> None:
        measure.count()
        db.end()
        done.set()

    with measure._lock:
        measure._next = 0.0
        thread = threading.Thread(target=counting)
        thread.start()
        assert done.wait(10)
    thread.join(10)
