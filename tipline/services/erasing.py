"""What an erasure takes with it: the keys first, then every row of a tip and of what was added to it.

``retention`` decides what is erased and when, and writes ledger, tombstone and log.
"""

from __future__ import annotations

from sqlalchemy import delete, or_, select, update

from tipline.extensions import db
from tipline.models import tip as tables
from tipline.models.desk import DeskTransfer
from tipline.models.notice import UrgentTold
from tipline.models.queue import BulkItem, TipLabel, TipOpen
from tipline.models.referral import Referral, ReferralKey, ReferralTip
from tipline.models.telling import NoteCall, SpecialFlag
from tipline.models.tip import Attachment, AttachmentKey, Draft, Mailbox, Tip, TipKey, TipRecord
from tipline.services import group_leads, search_segments

# What goes with a tip beside its keys, records and files.
_OF_A_TIP = (
    tables.MailboxVisit,
    tables.MailboxMessage,
    tables.RightsRequest,
    tables.Addition,
    tables.Assessment,
    tables.Statement,
    tables.TipEvent,
    tables.Consultation,
    tables.Hold,
    DeskTransfer,
    TipLabel,
    TipOpen,
    BulkItem,
    UrgentTold,
    NoteCall,
    SpecialFlag,
)


def erase_tip(tip_id: str) -> tuple[str, ...]:
    """Erase a tip with everything that belongs to it, in the caller's transaction; returns the names of its files."""
    stored = erase_keys_and_content(tip_id, *_added_to(tip_id))
    _forget_proposals(tip_id)
    group_leads.forget(tip_id)
    for table in _OF_A_TIP:
        db.session.execute(delete(table).where(table.tip_id == tip_id))
    db.session.execute(delete(Draft).where(or_(Draft.tip_id == tip_id, Draft.adds_to == tip_id)))
    db.session.execute(delete(Tip).where(Tip.id == tip_id))
    # After the tip: whoever was sealing a segment with it holds its row, and the segment is there once it is let go.
    search_segments.drop_holding(tip_id)
    return stored


def was_sent(inner_id: str) -> bool:
    """Whether this is a tip or an addition, and no draft any more."""
    owners = (Tip, tables.Addition)
    return any(db.session.execute(select(table.id).where(table.id == inner_id)).first() for table in owners)


def _added_to(tip_id: str) -> list[str]:
    """Inner ids of what was added to a tip, and of what somebody is adding to it now."""
    sent = select(tables.Addition.id).where(tables.Addition.tip_id == tip_id)
    return list(db.session.scalars(sent.union(select(Draft.tip_id).where(Draft.adds_to == tip_id))))


def tip_of(inner_id: str) -> str:
    """The tip that an addition belongs to; of a tip its own id."""
    found = db.session.scalar(select(tables.Addition.tip_id).where(tables.Addition.id == inner_id))
    return found or inner_id


def erase_keys_and_content(*inner_ids: str) -> tuple[str, ...]:
    """Keys first: from here on what is left can be opened by nobody. Returns the names of the files."""
    mine = select(Attachment.id, Attachment.stored_name).where(Attachment.tip_id.in_(inner_ids))
    rows = db.session.execute(mine).all()
    db.session.execute(delete(TipKey).where(TipKey.tip_id.in_(inner_ids)))
    db.session.execute(delete(AttachmentKey).where(AttachmentKey.attachment_id.in_([row.id for row in rows])))
    for table in (Mailbox, TipRecord, Attachment):
        db.session.execute(delete(table).where(table.tip_id.in_(inner_ids)))
    return tuple(row.stored_name for row in rows if row.stored_name)  # of a destroyed file it is gone already


def _forget_proposals(tip_id: str) -> None:
    """What was written about a tip to refer it goes with the last tip of its referral; codes and digests stay."""
    others = (
        select(ReferralTip.tip_id)
        .join(Tip, Tip.id == ReferralTip.tip_id)
        .where(ReferralTip.referral_id == Referral.id, ReferralTip.tip_id != tip_id)
    )
    mine = select(ReferralTip.referral_id).where(ReferralTip.tip_id == tip_id)
    last = db.session.scalars(select(Referral.id).where(Referral.id.in_(mine), ~others.exists())).all()
    db.session.execute(delete(ReferralKey).where(ReferralKey.referral_id.in_(last)))
    db.session.execute(
        update(Referral)
        .where(Referral.id.in_(last))
        .values(sealed_proposal=b"")
        .execution_options(synchronize_session=False)
    )
