"""What the public door's tests stand on: a desk whose seeds the test holds, one published exhibit, and a sender.

Rows are made as the other doors make them, so that these tests need neither accounts nor sign-in.
"""

from __future__ import annotations

import datetime as dt
import io
from dataclasses import dataclass
from typing import Any

from PIL import Image
from sqlalchemy import select

from tests.pages import Page, PageClient
from tipline.crypto import opening
from tipline.crypto.keys import Label, Purpose
from tipline.extensions import db
from tipline.models.appeal import Appeal, AppealText, Exhibit, ExhibitText
from tipline.models.desk import Desk, DeskEpoch
from tipline.models.tip import Tip, TipKey, TipRecord
from tipline.services.answers import Answers

NARRATIVE = "I saw this striped curtain in a hostel near the harbour."


@dataclass(frozen=True)
class TestDesk:
    """A desk and its private seeds."""

    __test__ = False
    id: str
    content: bytes
    identity: bytes
    exhibit_ref: str

    def open_key(self, tip_id: str, purpose: str) -> bytes:
        """A tip's key, opened as a member of the desk would."""
        row = db.session.execute(
            select(TipKey.sealed, TipKey.epoch).where(TipKey.tip_id == tip_id, TipKey.purpose == purpose)
        ).one()
        kind = {"content": Purpose.TIP_CONTENT, "identity": Purpose.TIP_IDENTITY, "mailbox": Purpose.TIP_MAILBOX}
        seed = self.identity if purpose == "identity" else self.content
        return opening.open_sealed(row.sealed, seed, Label(kind[purpose], self.id, row.epoch, tip_id))

    def read_answers(self, tip_id: str) -> Answers:
        """What a tip says."""
        from tipline.crypto import envelope

        blob = db.session.execute(
            select(TipRecord.ciphertext).where(TipRecord.tip_id == tip_id, TipRecord.part == "answers")
        ).scalar_one()
        key = self.open_key(tip_id, "content")
        return Answers.from_record(envelope.decrypt_record(key, blob, tip_id=tip_id, part="answers"))


def make_desk(now: dt.datetime, *, ref: str = "curtain1") -> TestDesk:
    """An open desk with one published appeal and exhibit, committed."""
    content, identity = opening.new_seed(), opening.new_seed()
    db.session.rollback()
    db.begin_writing()
    desk = Desk(name=f"Desk {ref}", state="open", epoch=1, created_at=now)
    db.session.add(desk)
    db.session.flush()
    db.session.add(
        DeskEpoch(
            desk_id=desk.id,
            epoch=1,
            content_public=opening.public_key(content),
            identity_public=opening.public_key(identity),
            state="current",
            made_by="0" * 32,
            made_at=now,
        )
    )
    appeal = Appeal(slug=f"appeal-{ref}", desk_id=desk.id, state="published", created_at=now, published_at=now)
    db.session.add(appeal)
    db.session.flush()
    db.session.add(AppealText(appeal_id=appeal.id, language="en", title="An appeal", introduction="<p>Look.</p>"))
    exhibit = Exhibit(ref=ref, appeal_id=appeal.id, state="published", created_at=now, published_on=now.date())
    db.session.add(exhibit)
    db.session.flush()
    db.session.add(
        ExhibitText(
            exhibit_id=exhibit.id,
            language="en",
            title="Striped curtain",
            question="Do you know it?",
            description="<p>A curtain.</p>",
            alt="A striped curtain",
        )
    )
    db.session.commit()
    db.end()
    return TestDesk(desk.id, content, identity, ref)


def write(client: PageClient, desk: TestDesk | None, narrative: str = NARRATIVE, **answers: Any) -> Page:
    """Fill in the first page and arrive at the check page."""
    path = f"/en/exhibits/{desk.exhibit_ref}/tip" if desk else "/en/tip"
    return client.submit(client.page(path), {"narrative": narrative, **answers}, field="narrative")


def send(client: PageClient) -> Page:
    """From a written draft to the page with the receipt."""
    return client.submit(client.page("/en/tip/check"), {"acknowledge": "y"}, field="acknowledge")


def come_back(client: PageClient, receipt: str) -> Page:
    """Type a receipt and arrive at what it opens."""
    return client.submit(client.page("/en/receipt"), {"receipt": receipt}, field="receipt")


def receipt_on(page: Page) -> str:
    """The receipt that a page shows, or nothing."""
    found = [e for e in page.tree.iter("p") if "tl-receipt__code" in (e.get("class") or "")]
    return "".join(found[0].itertext()).strip() if found else ""


def the_tip() -> Any:
    """The one tip there is."""
    return db.session.execute(select(Tip)).scalar_one()


def photo(size: int = 64, secret: bytes = b"SECRETMAKER") -> bytes:
    """A JPEG whose Exif names its maker."""
    exif = Image.Exif()
    exif[0x010F] = secret.decode()
    out = io.BytesIO()
    Image.effect_noise((size, size), 80).convert("RGB").save(out, "JPEG", exif=exif.tobytes())
    return out.getvalue()


def exif_photo(size: int = 64) -> bytes:
    """A JPEG that tells where, when, with what and whose it is."""
    exif = Image.Exif()
    exif[0x010E], exif[0x010F], exif[0x0110], exif[0x0131] = "Our holiday", "Acme", "Phone 7", "Acme Camera 1.0"
    exif.get_ifd(0x8769).update(
        {0x9003: "2024:05:03 12:33:07", 0xA430: "Maria Muster", 0xA431: "SN-4711", 0xA434: "Acme 26mm"}
    )
    exif.get_ifd(0x8825).update(
        {1: "N", 2: (52.0, 31.0, 12.0), 3: "W", 4: (13.0, 24.0, 36.0), 5: b"\1", 6: 35.2, 17: 270.0}
    )
    out = io.BytesIO()
    Image.effect_noise((size, size), 80).convert("RGB").save(out, "JPEG", exif=exif.tobytes())
    return out.getvalue()
