"""What a sender may know of what is held about them, as a letter that a person of the desk reads over and sends.

It is put together from dates and codes: categories of recipients, purposes of consultations, the date of erasure
(Art. 80 of Regulation (EU) 2018/1725, Art. 14 of Directive (EU) 2016/680). It names nobody of the desk.
"""

from __future__ import annotations

import datetime as dt

from sqlalchemy import func, select

from tipline import config
from tipline.extensions import db
from tipline.models.referral import Authority, Package, Referral, ReferralTip
from tipline.models.tip import Addition, Consultation
from tipline.services.access import TipFacts
from tipline.services.countries import name_of

_PURPOSES = {
    "assigned_work": "to work on it",
    "urgent_risk": "because a child may have been at risk",
    "supervision": "to supervise the work",
    "second_opinion": "for a second opinion",
    "rights_request": "to answer your request",
    "other": "for another reason",
}
_KINDS = {
    "national_unit": "A national police unit",
    "police": "A police authority",
    "prosecutor": "A prosecutor",
    "central_authority": "A central authority",
    "hotline": "A hotline",
    "international_organisation": "An international organisation",
}
_LOOKS = ("content", "identity")
MOST_LOOKS = 60


def access_letter(tip: TipFacts) -> str:
    """The answer to a request for access, to be read over by a person: leave out what would harm an investigation."""
    profile = config.current().profile
    parts = [
        f"You asked what is held about you with tip {tip.ref}. It arrived on {_day(tip.received_at)}.",
        _held(tip),
        f"It is held to find out where the object comes from and to protect children, under {profile.legal_text}.",
        "\n".join(["Who received it:", *_recipients(tip.id)]),
        "\n".join(["When it was read, and what for:", *_looks(tip.id)]),
        f"It is erased on {_day(tip.review_due_at)}, unless somebody decides before then that it is still needed.",
        f"With your receipt you can correct it and ask for erasure. {_remedies(profile)}",
    ]
    return "\n\n".join(parts)


def refusal_letter() -> str:
    """A text to start from where a request is refused: the reason belongs into it (Art. 81, Art. 15(3))."""
    remedies = _remedies(config.current().profile)
    return f"We have looked at your request and cannot do what you asked for, because …\n\n{remedies}"


def _remedies(profile: config.Profile) -> str:
    return f"You can complain to the {profile.supervisor_named}, and you can go to court."


def _held(tip: TipFacts) -> str:
    added = db.session.scalar(select(func.count()).select_from(Addition).where(Addition.tip_id == tip.id)) or 0
    lines = ["Held are:", "– what you wrote, and notes and assessments of it"]
    if tip.attachment_count:
        lines.append(f"– {tip.attachment_count} files that you sent" if tip.attachment_count > 1 else "– one file")
    if added:
        lines.append(f"– {added} additions that you sent later" if added > 1 else "– what you added later")
    if tip.has_identity:
        lines.append("– the name or contact that you gave, kept apart from the rest")
    return "\n".join(lines)


def _recipients(tip_id: str) -> list[str]:
    rows = db.session.execute(
        select(Authority.kind, Authority.country, Package.sent_at)
        .join(Referral, Referral.authority_id == Authority.id)
        .join(ReferralTip, ReferralTip.referral_id == Referral.id)
        .join(Package, Package.referral_id == Referral.id)
        .where(ReferralTip.tip_id == tip_id, Package.sent_at.is_not(None))
        .order_by(Package.sent_at)
    ).all()
    return [
        f"– {_KINDS.get(row.kind, 'An authority')} ({name_of(row.country)}), {_day(row.sent_at)}" for row in rows
    ] or ["– Nobody outside this service"]


def _looks(tip_id: str) -> list[str]:
    rows = db.session.execute(
        select(Consultation.opened_at, Consultation.kind, Consultation.reason_code)
        .where(Consultation.tip_id == tip_id, Consultation.kind.in_(_LOOKS))
        .order_by(Consultation.opened_at)
        .limit(MOST_LOOKS)
    ).all()
    lines = [
        f"– {_day(row.opened_at)}: {'your name or contact, ' if row.kind == 'identity' else ''}"
        f"{_PURPOSES.get(row.reason_code, _PURPOSES['other'])}"
        for row in rows
    ]
    return list(dict.fromkeys(lines)) or ["– Nobody has read it yet"]


def _day(moment: dt.datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
