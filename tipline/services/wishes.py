"""What a reviewer wishes to hand over, and which wishes are complete. ``referrals`` keeps them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlalchemy import select

from tipline.errors import BadInput, ReasonNeeded
from tipline.extensions import db
from tipline.models.tip import Attachment
from tipline.services import attachments
from tipline.services.access import OpenTip
from tipline.services.handovers import HANDLING, LEGAL_BASES, PURPOSES, REQUESTS, URGENCIES

LONGEST_TEXT = 1000
# What of the answers a reviewer may add to a sanitised narrative; the first three by default.
ADDABLE = ("product", "countries", "years", "place", "links", "shared_elsewhere")
DEFAULT_ANSWERS = ADDABLE[:3]


@dataclass(frozen=True)
class Wish:
    """What a whole referral says."""

    authority_id: str
    purpose: str
    legal_basis: str
    urgency: str
    request: str
    handling: tuple[str, ...]
    why_you: str = field(repr=False)
    conditions: str = field(default="", repr=False)


@dataclass(frozen=True)
class TipWish:
    """What of one tip goes out. The reasons are asked for where more goes out than by default."""

    ref: str
    original: bool = False
    narrative_reason: str = field(default="", repr=False)
    with_identity: bool = False
    identity_reason: str = field(default="", repr=False)
    attachment_ids: tuple[str, ...] = ()
    answers: tuple[str, ...] = DEFAULT_ANSWERS


def check_wish(wish: Wish, *, with_identity: bool) -> Wish:
    """The wish with its handling codes complete: H0 always, H3 with conditions and with an identity.

    Raises BadInput by field and ReasonNeeded when it does not say why this country.
    """
    known = {
        "purpose": (wish.purpose, PURPOSES),
        "legal_basis": (wish.legal_basis, LEGAL_BASES),
        "urgency": (wish.urgency, URGENCIES),
        "request": (wish.request, REQUESTS),
    }
    for name, (value, allowed) in known.items():
        if value not in allowed:
            raise BadInput(name, "unknown")
    if not set(wish.handling) <= set(HANDLING):
        raise BadInput("handling", "unknown")
    # H0 is the base of all; contact details are never without H3 (DOMAIN 1.7).
    codes = sorted({"H0", *wish.handling, *(("H3",) if with_identity else ())})
    if not wish.why_you.strip():
        raise ReasonNeeded
    if "H3" in codes and not wish.conditions.strip():
        raise BadInput("conditions", "missing")
    if "H3" not in codes and wish.conditions.strip():
        codes.append("H3")
    if max(len(wish.why_you), len(wish.conditions)) > LONGEST_TEXT:
        raise BadInput("why_you" if len(wish.why_you) > LONGEST_TEXT else "conditions", "long")
    return replace(wish, handling=tuple(sorted(codes)))


def check_tip_wish(tip: TipWish, opened: OpenTip) -> None:
    """Raise BadInput by field unless this can be wished of the tip, with the reasons that it needs."""
    seen = opened.tip
    if tip.original and not opened.may_see_original:
        raise BadInput("narrative", "not-yours")
    if tip.original and not tip.narrative_reason.strip():
        raise BadInput("narrative_reason", "missing")
    if tip.with_identity and not seen.has_identity:
        raise BadInput("with_identity", "none")
    if tip.with_identity and not tip.identity_reason.strip():
        raise BadInput("identity_reason", "missing")
    if max(len(tip.narrative_reason), len(tip.identity_reason)) > LONGEST_TEXT:
        raise BadInput("narrative_reason" if len(tip.narrative_reason) > LONGEST_TEXT else "identity_reason", "long")
    if not set(tip.answers) <= set(ADDABLE):
        raise BadInput("answers", "unknown")
    there = set(db.session.scalars(select(Attachment.id).where(attachments.came_with(seen.id))))
    if not set(tip.attachment_ids) <= there:
        raise BadInput("attachment_ids", "unknown")
