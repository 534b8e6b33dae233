"""What the public would see of an appeal or an exhibit, in every language, as one digest: what people agree on."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import select

from tipline.extensions import db
from tipline.models.appeal import AppealText, ExhibitPicture, ExhibitText
from tipline.services import log


def of(kind: str, subject: str) -> str:
    """SHA-256 over every word and every picture of an appeal (its own words only) or an exhibit."""
    texts = AppealText.title, AppealText.introduction
    words: Any = select(AppealText.language, *texts).where(AppealText.appeal_id == subject)
    if kind == "exhibit":
        shown = ExhibitText.title, ExhibitText.question, ExhibitText.description, ExhibitText.alt
        words = select(ExhibitText.language, *shown).where(ExhibitText.exhibit_id == subject)
    words = words.order_by("language")
    pictures = select(ExhibitPicture.digest).where(ExhibitPicture.exhibit_id == subject).order_by(ExhibitPicture.digest)
    said = {
        "words": [list(row) for row in db.session.execute(words)],
        "pictures": list(db.session.scalars(pictures)),
    }
    return hashlib.sha256(log.canonical(said)).hexdigest()
