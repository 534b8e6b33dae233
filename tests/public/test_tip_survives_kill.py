"""Kill -9 at any moment: every tip whose receipt was seen is whole, and no other is half there."""

from __future__ import annotations

import io
import signal
import threading
import time
from pathlib import Path

from sqlalchemy import select

from tests.served import Browser, Served, begin, finish, served, token
from tests.tipsters import photo
from tipline.crypto import receipts
from tipline.extensions import db
from tipline.models.tip import Attachment, AttachmentKey, Draft, Mailbox, Tip, TipKey, TipRecord
from tipline.services import attachments

SENDS = 200
CLIENTS = 8
TRIES = 250  # of each client; while the server is down a try costs a third of a second
PICTURE = photo(32)


def test_what_was_acknowledged_is_there_and_nothing_is_half_there(tmp_path: Path) -> None:
    with served(tmp_path, TIPLINE_WORKERS="2") as server:
        seen: dict[str, str] = {}
        began = threading.Semaphore(0)
        threads = [
            threading.Thread(target=visit, args=(server, number, seen, began), daemon=True) for number in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        for kill in (25, 60, 45):  # kill after so many more sends began, then start again
            for _ in range(kill):
                began.acquire(timeout=60)
            server.stop(signal.SIGKILL)
            server.start()
        for thread in threads:
            thread.join(120)
        assert len(seen) == SENDS
        check(server, seen)


def visit(server: Served, number: int, seen: dict[str, str], began: threading.Semaphore) -> None:
    """Send tips with a photo until this client's share is acknowledged, through every restart."""
    done = 0
    for turn in range(TRIES):
        if done == SENDS // CLIENTS:
            return
        words = f"tip {number}-{turn}"
        try:
            with Browser(server.port, f"127.0.{number + 1}.{turn + 1}") as browser:
                begin(browser, words)
                add_photo(browser)
                page = browser.get("/en/tip/check")
                began.release()
                seen[finish(browser, page)] = words
                done += 1
        except (OSError, AssertionError):
            began.release()
            time.sleep(0.3)  # the server is down: this tip was not acknowledged


def add_photo(browser: Browser) -> None:
    page = browser.get("/en/tip/files")
    body = io.BytesIO()
    body.write(b'--b\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n' + token(page).encode())
    body.write(b'\r\n--b\r\nContent-Disposition: form-data; name="files"; filename="p.jpg"\r\n\r\n')
    body.write(PICTURE + b"\r\n--b--\r\n")
    raw = body.getvalue()
    browser.send_head(b"POST", "/en/tip/files", b"multipart/form-data; boundary=b", len(raw), raw)
    assert browser.answer().status == 303


def check(server: Served, seen: dict[str, str]) -> None:
    """Open everything as the desk would."""
    tips = {tip.id: tip for tip in db.session.execute(select(Tip)).scalars()}
    words = {}
    for tip in tips.values():
        words[tip.id] = server.desk.read_answers(tip.id).narrative
        key = server.desk.open_key(tip.id, "content")
        rows = attachments.of_tip(tip.id)
        assert len(rows) == tip.attachment_count == 1
        picture = b"".join(attachments.stream(key, rows[0]))
        assert picture.startswith(b"\xff\xd8")
        assert b"SECRETMAKER" not in picture
    mailboxes = {box.lookup: box.tip_id for box in db.session.execute(select(Mailbox)).scalars()}
    for receipt, narrative in seen.items():
        assert words[mailboxes[receipts.lookup_id(receipt)]] == narrative
    # Every piece belongs to a tip that is there or to a draft that is still open.
    open_drafts = set(db.session.execute(select(Draft.tip_id).where(Draft.state == "open")).scalars())
    known = set(tips) | open_drafts
    assert set(db.session.execute(select(TipRecord.tip_id)).scalars()) <= known
    assert set(db.session.execute(select(TipKey.tip_id)).scalars()) == set(tips)
    assert set(mailboxes.values()) == set(tips)
    files = {row.id: row.tip_id for row in db.session.execute(select(Attachment.id, Attachment.tip_id))}
    assert set(files.values()) <= known
    assert set(db.session.execute(select(AttachmentKey.attachment_id)).scalars()) == set(files)
