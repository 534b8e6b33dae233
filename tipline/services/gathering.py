"""Putting a handover together, in the session of somebody who may read the tips.

This is the only place where the words of a tip are read to leave the house. What goes out is exactly what the referral
says: the sanitised narrative unless the original was agreed to, chosen answers, chosen attachments under neutral
names, and an identity only where two people agreed.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import sys
from typing import Any

from sqlalchemy import select

from tipline import config, languages
from tipline.errors import ReferralRefused
from tipline.extensions import db
from tipline.models.appeal import Exhibit, ExhibitText
from tipline.models.referral import Authority, Referral, ReferralTip
from tipline.models.tip import TipEvent
from tipline.services import access, added, assessments, attachments, notes, screening, statements
from tipline.services.access import OpenTip
from tipline.services.accounts import Person
from tipline.services.added import ReadAddition
from tipline.services.answers import Answers
from tipline.services.authorities import Recipient
from tipline.services.countries import name_of
from tipline.services.handovers import (
    Claim,
    Event,
    HandedAddition,
    HandedFile,
    HandedIdentity,
    HandedTip,
    Handover,
    Party,
)
from tipline.services.wishes import TipWish, Wish

# Not imported by name: the package's first module knows every door, and services know none.
VERSION: str = vars(sys.modules["tipline"])["__version__"]
ENDINGS = {"jpeg": "jpg", "png": "png", "webp": "webp", "heic": "heic", "pdf": "pdf", "mp4": "mp4"}
SEEN, UNSEEN = "seen_by_a_person", "unseen"
SENT = ("sent", "acknowledged")


def gather(
    person: Person, referral: Referral, wish: Wish, tips: list[TipWish], recipient: Recipient, now: dt.datetime
) -> Handover:
    """The handover of a referral, read in this person's session; every look is logged.

    Raises what ``access`` raises, and ReferralRefused with ``no-sanitised`` or ``no-original``.
    """
    settings = config.current()
    return Handover(
        package=f"PKG-{referral.ref.removeprefix('REF-')}",
        referral=referral.ref,
        made_at=now,
        sender=Party(settings.operator_name or settings.service_name, settings.operator_contact),
        recipient=Party(recipient.name, recipient.contact_point, recipient.country, recipient.kind),
        fingerprint=recipient.fingerprint,
        transfer_basis=recipient.transfer_basis,
        basis_expires_on=recipient.basis_expires_on,
        purpose=referral.purpose,
        legal_basis=referral.legal_basis,
        urgency=referral.urgency,
        request=referral.request,
        handling=tuple(referral.handling.split("+")),
        conditions=wish.conditions,
        why_you=wish.why_you,
        tips=tuple(_gather_tip(person, tip, referral, now) for tip in tips),
        also_sent_to=_also_sent_to(referral),
        proposed_by=pseudonym(referral.proposed_by),
        reviewed_by=pseudonym(referral.reviewed_by) if referral.reviewed_by else None,
        erase_by=(now + dt.timedelta(days=settings.profile.referred_days)).date(),
        version=VERSION,
    )


def pseudonym(account_id: str) -> str:
    """How a package names somebody of the desk: the same person always the same, and nobody by name."""
    return f"R-{hashlib.sha256(account_id.encode()).hexdigest()[:6].upper()}"


def _gather_tip(person: Person, wish: TipWish, referral: Referral, now: dt.datetime) -> HandedTip:
    opened = access.access_tip(person, wish.ref, now=now)
    answers = access.read_answers(opened, now)
    tip = opened.tip
    rows = attachments.of_tip(tip.id)
    later = added.read(opened, now)
    for one in later:
        rows += attachments.of_tip(one.addition.id)
    files = _files(opened, rows, wish)
    additions = _additions(tip.ref, later) if wish.original else ()
    claims = _claims(opened)
    return HandedTip(
        ref=tip.ref,
        received_on=tip.received_at.date(),
        language=_language(answers),
        language_tag=_tag(answers),
        exhibit_ref=_exhibit(tip.exhibit_id)[0],
        exhibit_title=_exhibit(tip.exhibit_id)[1],
        narrative=_narrative(opened, answers, wish),
        original=wish.original,
        narrative_reason=wish.narrative_reason if wish.original else "",
        answers=_chosen(answers, wish),
        how_known=answers.how_known,
        certainty=answers.certainty,
        grade=f"{tip.source_code}{tip.information_code}",
        grade_reason=_grade_reason(opened),
        claims=claims,
        additions=additions,
        additions_left_out=len(later) - len(additions),
        files=files,
        files_left_out=len(rows) - len(files),
        identity=_identity(person, wish, now) if wish.with_identity else None,
        has_identity=tip.has_identity,
        custody=_custody(tip.id, tip.received_at, referral, now),
        last_verified=max((claim.verified_on for claim in claims if claim.verified_on), default=now.date()),
    )


def check_text(opened: OpenTip, wish: TipWish) -> None:
    """Raise ReferralRefused ``no-sanitised`` when the text that is to go out was never written."""
    if not wish.original and notes.sanitised(opened) is None:
        raise ReferralRefused("no-sanitised")


def _narrative(opened: OpenTip, answers: Answers, wish: TipWish) -> str:
    if wish.original:
        if not opened.may_see_original or not answers.narrative:
            raise ReferralRefused("no-original")
        return answers.narrative
    record = notes.sanitised(opened)
    if record is None:
        raise ReferralRefused("no-sanitised")
    text: str = record.value["text"]
    return text


def _chosen(answers: Answers, wish: TipWish) -> dict[str, str]:
    said = {
        "product": answers.product,
        "countries": ", ".join(name_of(code) for code in answers.countries),
        "years": answers.years,
        "place": answers.place,
        "links": "\n".join(answers.links),
        "shared_elsewhere": answers.shared_elsewhere,
    }
    chosen = {name: text for name, text in said.items() if text and (wish.original or name in wish.answers)}
    return {**chosen, "child_at_risk": "yes"} if answers.child_at_risk else chosen


def _additions(ref: str, later: tuple[ReadAddition, ...]) -> tuple[HandedAddition, ...]:
    """What was added and opened: nothing goes out that nobody here has read."""
    read = [(one.addition, one.answers) for one in later if one.answers is not None]
    return tuple(
        HandedAddition(
            path=f"tips/{ref}/addition-{number:02d}.orig.txt",
            kind=addition.kind,
            received_on=addition.received_at.date(),
            language=_language(answers),
            language_tag=_tag(answers),
            text=answers.narrative,
        )
        for number, (addition, answers) in enumerate(read, 1)
    )


def _files(opened: OpenTip, rows: list[Any], wish: TipWish) -> tuple[HandedFile, ...]:
    chosen = [row for row in rows if row.id in wish.attachment_ids]
    return tuple(_file(opened, row, number, wish) for number, row in enumerate(chosen, 1))


def _file(opened: OpenTip, row: Any, number: int, wish: TipWish) -> HandedFile:
    key = access.key_of(opened, row.tip_id)
    details = attachments.read_details(key, row)
    return HandedFile(
        path=f"tips/{opened.tip.ref}/attachments/{number:02d}.{ENDINGS.get(row.kind, 'bin')}",
        media_type=details.media_type,
        size=details.size,
        sha256=details.sha256,
        viewed=row.viewed,
        screening=SEEN if row.viewed else UNSEEN,
        hidden=screening.hidden_state(row.kind, metadata_kept=row.metadata_kept),
        chunks=functools.partial(attachments.stream, key, row),
        # A file's name can tell who sent it, as a text can: it goes out with the original text only.
        sent_as=details.name if wish.original else None,
    )


def _claims(opened: OpenTip) -> tuple[Claim, ...]:
    return tuple(
        Claim(said.text, said.basis, said.as_of, said.verified_on)
        for said in statements.statements(opened)
        if said.withdrawn_at is None
    )


def _grade_reason(opened: OpenTip) -> str:
    return next((grade.reason for grade in assessments.grades(opened) if grade.state == "holds"), "")


def _identity(person: Person, wish: TipWish, now: dt.datetime) -> HandedIdentity:
    identity = access.open_identity(person, wish.ref, "second_opinion", "", now)
    return HandedIdentity(identity.name, identity.email, identity.phone, wish.identity_reason)


def _custody(tip_id: str, received_at: dt.datetime, referral: Referral, now: dt.datetime) -> tuple[Event, ...]:
    rows = db.session.scalars(
        select(TipEvent).where(TipEvent.tip_id == tip_id).order_by(TipEvent.happened_at, TipEvent.id)
    ).all()
    done = [
        Event(row.name, row.happened_at, pseudonym(row.actor_id) if row.actor_id else "clock")
        for row in rows
        if row.name != "tip.received"
    ]
    builder = pseudonym(referral.reviewed_by or referral.proposed_by)
    return (Event("tip.received", received_at, "public"), *done, Event("package.built", now, builder))


def _also_sent_to(referral: Referral) -> tuple[str, ...]:
    mine = select(ReferralTip.tip_id).where(ReferralTip.referral_id == referral.id)
    names = db.session.scalars(
        select(Authority.name)
        .join(Referral, Referral.authority_id == Authority.id)
        .join(ReferralTip, ReferralTip.referral_id == Referral.id)
        .where(ReferralTip.tip_id.in_(mine), Referral.id != referral.id, Referral.state.in_(SENT))
        .distinct()
        .order_by(Authority.name)
    )
    return tuple(names)


def _exhibit(exhibit_id: str | None) -> tuple[str | None, str | None]:
    found = db.session.execute(
        select(Exhibit.ref, ExhibitText.title)
        .outerjoin(ExhibitText, (ExhibitText.exhibit_id == Exhibit.id) & (ExhibitText.language == "en"))
        .where(Exhibit.id == exhibit_id)
    ).one_or_none()
    return (found.ref, found.title) if found else (None, None)


def _language(answers: Answers) -> str:
    term = languages.by_id(answers.tip_language) or languages.OTHER
    return f"{term.label}: {answers.other_language}" if answers.other_language else term.label


def _tag(answers: Answers) -> str:
    return (languages.by_id(answers.tip_language) or languages.OTHER).tag
