"""What ends when an authority's key or record changes: every proposal whose package is not sent yet (SECURITY 28)."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select

from tipline.extensions import db
from tipline.models.referral import Package, Referral
from tipline.services import log, proposed_tips

CHANGED = "recipient-changed"


def void_proposals(authority_id: str, actor: log.Actor, now: dt.datetime, *, chain: str) -> None:
    """End every open proposal to an authority whose key or record has changed, and return packages that are not sent.

    The tips go back to where they can be proposed anew.
    """
    found = db.session.scalars(
        select(Referral)
        .where(Referral.authority_id == authority_id, Referral.state.in_(proposed_tips.OPEN))
        .with_for_update()
    ).all()
    for referral in found:
        referral.state = "void"
        log.record(
            "referral.returned",
            chain=chain,
            actor=actor,
            subjects=[referral.id],
            now=now,
            recipient_id=authority_id,
            justification=CHANGED,
        )
        _return_package(referral, actor, now, chain)
        proposed_tips.give_back(referral.id, actor, now, chain=chain, justification=CHANGED)


def _return_package(referral: Referral, actor: log.Actor, now: dt.datetime, chain: str) -> None:
    package = db.session.scalars(
        select(Package).where(Package.referral_id == referral.id, Package.state.in_(("waiting", "released")))
    ).one_or_none()
    if package is None:
        return
    package.state, package.return_reason = "returned", CHANGED
    package.decided_by, package.decided_at, package.delete_at = actor.id, now, now
    log.record(
        "package.returned",
        chain=chain,
        actor=actor,
        subjects=[package.id],
        now=now,
        recipient_id=referral.authority_id,
        package_id=package.id,
        package_sha256=package.sha256,
        justification=CHANGED,
    )
