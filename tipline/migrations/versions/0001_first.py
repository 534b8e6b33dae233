"""The first tables.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("display_name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("sample", sa.Boolean(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=True),
        sa.Column("signing_public_key", sa.LargeBinary(), nullable=True),
        sa.Column("locked_seed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_pending_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("totp_last_step", sa.Integer(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("delayed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("name", name=op.f("uq_account_name")),
    )
    op.create_table(
        "assessment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("source_code", sa.String(length=1), nullable=False),
        sa.Column("information_code", sa.String(length=1), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("proposed_by", sa.String(length=32), nullable=False),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assessment")),
    )
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assessment_tip_id"), ["tip_id"], unique=False)

    op.create_table(
        "attachment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("stored_name", sa.String(length=64), nullable=False),
        sa.Column("padded_size", sa.Integer(), nullable=False),
        sa.Column("details", sa.LargeBinary(), nullable=False),
        sa.Column("metadata_kept", sa.Boolean(), nullable=False),
        sa.Column("screening", sa.String(length=40), nullable=False),
        sa.Column("viewed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sa.UniqueConstraint("tip_id", "position", name=op.f("uq_attachment_tip_id_position")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "attachment_key",
        sa.Column("attachment_id", sa.String(length=32), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("attachment_id", name=op.f("pk_attachment_key")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "authority",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("contact_point", sa.String(length=300), nullable=False),
        sa.Column("transfer_basis", sa.String(length=40), nullable=False),
        sa.Column("basis_expires_on", sa.Date(), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority")),
        sa.UniqueConstraint("name", name=op.f("uq_authority_name")),
    )
    op.create_table(
        "consultation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consultation")),
    )
    with op.batch_alter_table("consultation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consultation_tip_id_account_id"), ["tip_id", "account_id"], unique=False)

    op.create_table(
        "desk",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk")),
        sa.UniqueConstraint("name", name=op.f("uq_desk_name")),
    )
    op.create_table(
        "draft",
        sa.Column("lookup", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("exhibit_id", sa.String(length=32), nullable=True),
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("wrapped_keys", sa.LargeBinary(), nullable=True),
        sa.Column("sealed_receipt", sa.LargeBinary(), nullable=True),
        sa.Column("stored_bytes", sa.Integer(), nullable=False),
        sa.Column("erase_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_draft")),
        sa.UniqueConstraint("tip_id", name=op.f("uq_draft_tip_id")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_draft_erase_at"), ["erase_at"], unique=False)

    op.create_table(
        "hold",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.Column("placed_by", sa.String(length=32), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("lifted_by", sa.String(length=32), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
    )
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_hold_tip_id"), ["tip_id"], unique=False)

    op.create_table(
        "log_arrival",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_ids", sa.Text(), nullable=False),
        sa.Column("field_group", sa.String(length=60), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_arrival")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("log_arrival", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_log_arrival_hour"), ["hour"], unique=False)

    op.create_table(
        "log_entry",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("chain", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("operation", sa.String(length=40), nullable=False),
        sa.Column("event", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.String(length=32), nullable=True),
        sa.Column("actor_role", sa.String(length=40), nullable=False),
        sa.Column("session_ref", sa.String(length=32), nullable=True),
        sa.Column("subject_kind", sa.String(length=40), nullable=False),
        sa.Column("subject_ids", sa.Text(), nullable=False),
        sa.Column("field_group", sa.String(length=60), nullable=True),
        sa.Column("justification", sa.String(length=40), nullable=True),
        sa.Column("recipient_id", sa.String(length=32), nullable=True),
        sa.Column("package_id", sa.String(length=32), nullable=True),
        sa.Column("package_sha256", sa.String(length=64), nullable=True),
        sa.Column("legal_basis", sa.String(length=40), nullable=True),
        sa.Column("transfer_basis", sa.String(length=40), nullable=True),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("erase_after", sa.Date(), nullable=False),
        sa.Column("prev_hash", sa.String(length=64), nullable=False),
        sa.Column("entry_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_entry")),
        sa.UniqueConstraint("chain", "seq", name=op.f("uq_log_entry_chain_seq")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "log_head",
        sa.Column("chain", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("entry_hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("chain", name=op.f("pk_log_head")),
    )
    op.create_table(
        "log_segment",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("chain", sa.String(length=40), nullable=False),
        sa.Column("first_seq", sa.Integer(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.Column("first_prev_hash", sa.String(length=64), nullable=False),
        sa.Column("last_hash", sa.String(length=64), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signer", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_segment")),
        sa.UniqueConstraint("chain", "first_seq", name=op.f("uq_log_segment_chain_first_seq")),
    )
    op.create_table(
        "mailbox",
        sa.Column("lookup", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("wrapped_key", sa.LargeBinary(), nullable=False),
        sa.Column("withdraw_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("lookup", name=op.f("pk_mailbox")),
        sa.UniqueConstraint("tip_id", name=op.f("uq_mailbox_tip_id")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "statement",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("basis", sa.String(length=40), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("verified_on", sa.Date(), nullable=True),
        sa.Column("written_by", sa.String(length=32), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_statement")),
    )
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_statement_tip_id"), ["tip_id"], unique=False)

    op.create_table(
        "tip_event",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("before", sa.String(length=40), nullable=True),
        sa.Column("after", sa.String(length=40), nullable=True),
        sa.Column("actor_id", sa.String(length=32), nullable=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tip_event")),
    )
    with op.batch_alter_table("tip_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tip_event_tip_id_happened_at"), ["tip_id", "happened_at"], unique=False)

    op.create_table(
        "tip_key",
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tip_id", "purpose", name=op.f("pk_tip_key")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("tip_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tip_key_desk_id_epoch"), ["desk_id", "epoch"], unique=False)

    op.create_table(
        "tip_record",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("part", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("written_by", sa.String(length=32), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tip_record")),
        sa.UniqueConstraint("tip_id", "part", "version", name=op.f("uq_tip_record_tip_id_part_version")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tombstone",
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("received_on", sa.Date(), nullable=False),
        sa.Column("erased_on", sa.Date(), nullable=False),
        sa.Column("disposition", sa.String(length=40), nullable=True),
        sa.Column("reason_code", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("tip_id", name=op.f("pk_tombstone")),
        sa.UniqueConstraint("ref", name=op.f("uq_tombstone_ref")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "account_role",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_role_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account_id", "role", name=op.f("pk_account_role")),
    )
    op.create_table(
        "account_session",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("sealed_seed", sa.LargeBinary(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("password_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("excerpts_reason_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_account_session_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_session")),
    )
    with op.batch_alter_table("account_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_session_account_id"), ["account_id"], unique=False)

    op.create_table(
        "appeal",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("slug", sa.String(length=60), nullable=False),
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"], name=op.f("fk_appeal_desk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_appeal")),
        sa.UniqueConstraint("slug", name=op.f("uq_appeal_slug")),
    )
    op.create_table(
        "authority_key",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("entered_by", sa.String(length=32), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["authority_id"], ["authority.id"], name=op.f("fk_authority_key_authority_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_authority_key")),
    )
    with op.batch_alter_table("authority_key", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_authority_key_authority_id"), ["authority_id"], unique=False)

    op.create_table(
        "desk_epoch",
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("content_public", sa.LargeBinary(), nullable=False),
        sa.Column("identity_public", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"], name=op.f("fk_desk_epoch_desk_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("desk_id", "epoch", name=op.f("pk_desk_epoch")),
    )
    op.create_table(
        "desk_grant",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_desk_grant_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"], name=op.f("fk_desk_grant_desk_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_grant")),
        sa.UniqueConstraint(
            "desk_id", "epoch", "kind", "account_id", name=op.f("uq_desk_grant_desk_id_epoch_kind_account_id")
        ),
    )
    with op.batch_alter_table("desk_grant", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_desk_grant_account_id"), ["account_id"], unique=False)

    op.create_table(
        "desk_member",
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("standing", sa.String(length=40), nullable=False),
        sa.Column("named_by", sa.String(length=32), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_desk_member_account_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"], name=op.f("fk_desk_member_desk_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("desk_id", "account_id", name=op.f("pk_desk_member")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("code_hash", sa.String(length=64), nullable=False),
        sa.Column("made_by", sa.String(length=32), nullable=True),
        sa.Column("confirmed_by", sa.String(length=32), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_invitation_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
    )
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_invitation_account_id"), ["account_id"], unique=False)

    op.create_table(
        "known_device",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("delayed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_known_device_account_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_known_device")),
    )
    with op.batch_alter_table("known_device", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_known_device_account_id"), ["account_id"], unique=False)

    op.create_table(
        "recovery_code",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("first_confirmed_by", sa.String(length=32), nullable=True),
        sa.Column("second_confirmed_by", sa.String(length=32), nullable=True),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"], name=op.f("fk_recovery_code_desk_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("desk_id", "epoch", "kind", name=op.f("uq_recovery_code_desk_id_epoch_kind")),
    )
    op.create_table(
        "appeal_text",
        sa.Column("appeal_id", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("introduction", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["appeal_id"], ["appeal.id"], name=op.f("fk_appeal_text_appeal_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("appeal_id", "language", name=op.f("pk_appeal_text")),
    )
    op.create_table(
        "authority_key_confirmation",
        sa.Column("key_id", sa.String(length=32), nullable=False),
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("confirmed_by", sa.String(length=32), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["desk_id"], ["desk.id"], name=op.f("fk_authority_key_confirmation_desk_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["key_id"], ["authority_key.id"], name=op.f("fk_authority_key_confirmation_key_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key_id", "desk_id", name=op.f("pk_authority_key_confirmation")),
    )
    op.create_table(
        "exhibit",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("appeal_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_exhibit_appeal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibit")),
        sa.UniqueConstraint("ref", name=op.f("uq_exhibit_ref")),
    )
    with op.batch_alter_table("exhibit", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exhibit_appeal_id_position"), ["appeal_id", "position"], unique=False)

    op.create_table(
        "referral",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("authority_id", sa.String(length=32), nullable=False),
        sa.Column("authority_key_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("legal_basis", sa.String(length=40), nullable=False),
        sa.Column("urgency", sa.String(length=40), nullable=False),
        sa.Column("request", sa.String(length=40), nullable=False),
        sa.Column("handling", sa.String(length=20), nullable=False),
        sa.Column("needs_review", sa.Boolean(), nullable=False),
        sa.Column("sealed_proposal", sa.LargeBinary(), nullable=False),
        sa.Column("proposal_digest", sa.String(length=64), nullable=False),
        sa.Column("proposed_by", sa.String(length=32), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reviewed_by", sa.String(length=32), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["authority_id"], ["authority.id"], name=op.f("fk_referral_authority_id")),
        sa.ForeignKeyConstraint(["authority_key_id"], ["authority_key.id"], name=op.f("fk_referral_authority_key_id")),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"], name=op.f("fk_referral_desk_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("ref", name=op.f("uq_referral_ref")),
    )
    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referral_desk_id"), ["desk_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_referral_state"), ["state"], unique=False)

    op.create_table(
        "exhibit_picture",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("exhibit_id", sa.String(length=32), nullable=False),
        sa.Column("size", sa.String(length=40), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["exhibit_id"], ["exhibit.id"], name=op.f("fk_exhibit_picture_exhibit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exhibit_picture")),
        sa.UniqueConstraint(
            "exhibit_id", "size", "media_type", name=op.f("uq_exhibit_picture_exhibit_id_size_media_type")
        ),
    )
    with op.batch_alter_table("exhibit_picture", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_exhibit_picture_digest"), ["digest"], unique=False)

    op.create_table(
        "exhibit_text",
        sa.Column("exhibit_id", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=12), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("question", sa.String(length=300), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("alt", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["exhibit_id"], ["exhibit.id"], name=op.f("fk_exhibit_text_exhibit_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("exhibit_id", "language", name=op.f("pk_exhibit_text")),
    )
    op.create_table(
        "package",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=24), nullable=False),
        sa.Column("referral_id", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("stored_name", sa.String(length=64), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("byte_count", sa.Integer(), nullable=False),
        sa.Column("cover", sa.Text(), nullable=False),
        sa.Column("manifest", sa.Text(), nullable=False),
        sa.Column("manifest_signature", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_identity", sa.LargeBinary(), nullable=True),
        sa.Column("tagmanifest_sha256", sa.String(length=64), nullable=False),
        sa.Column("built_by", sa.String(length=32), nullable=False),
        sa.Column("built_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.String(length=32), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("return_reason", sa.String(length=40), nullable=True),
        sa.Column("sent_by", sa.String(length=32), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(length=32), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledgement_ref", sa.String(length=80), nullable=True),
        sa.Column("delete_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["referral_id"], ["referral.id"], name=op.f("fk_package_referral_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_package")),
        sa.UniqueConstraint("ref", name=op.f("uq_package_ref")),
        sa.UniqueConstraint("referral_id", name=op.f("uq_package_referral_id")),
    )
    with op.batch_alter_table("package", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_package_state"), ["state"], unique=False)

    op.create_table(
        "referral_key",
        sa.Column("referral_id", sa.String(length=32), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_key_referral_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("referral_id", name=op.f("pk_referral_key")),
    )
    op.create_table(
        "referral_tip",
        sa.Column("referral_id", sa.String(length=32), nullable=False),
        sa.Column("tip_id", sa.String(length=32), nullable=False),
        sa.Column("narrative", sa.String(length=40), nullable=False),
        sa.Column("with_identity", sa.Boolean(), nullable=False),
        sa.Column("attachment_ids", sa.Text(), nullable=False),
        sa.Column("tip_revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_tip_referral_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("referral_id", "tip_id", name=op.f("pk_referral_tip")),
    )
    with op.batch_alter_table("referral_tip", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_referral_tip_tip_id"), ["tip_id"], unique=False)

    op.create_table(
        "tip",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ref", sa.String(length=16), nullable=False),
        sa.Column("desk_id", sa.String(length=32), nullable=False),
        sa.Column("appeal_id", sa.String(length=32), nullable=True),
        sa.Column("exhibit_id", sa.String(length=32), nullable=True),
        sa.Column("ui_language", sa.String(length=12), nullable=False),
        sa.Column("tip_language", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("status_before", sa.String(length=40), nullable=True),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("disposition", sa.String(length=40), nullable=True),
        sa.Column("lane", sa.String(length=40), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("unproven", sa.Boolean(), nullable=False),
        sa.Column("restricted", sa.Boolean(), nullable=False),
        sa.Column("identifies_sender", sa.Boolean(), nullable=False),
        sa.Column("has_identity", sa.Boolean(), nullable=False),
        sa.Column("attachment_count", sa.Integer(), nullable=False),
        sa.Column("answers_size", sa.Integer(), nullable=False),
        sa.Column("assignee_id", sa.String(length=32), nullable=True),
        sa.Column("source_code", sa.String(length=1), nullable=False),
        sa.Column("information_code", sa.String(length=1), nullable=False),
        sa.Column("graded", sa.Boolean(), nullable=False),
        sa.Column("grade_pending", sa.String(length=2), nullable=True),
        sa.Column("notice_version", sa.String(length=20), nullable=False),
        sa.Column("profile", sa.String(length=40), nullable=False),
        sa.Column("review_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["appeal_id"], ["appeal.id"], name=op.f("fk_tip_appeal_id")),
        sa.ForeignKeyConstraint(["assignee_id"], ["account.id"], name=op.f("fk_tip_assignee_id")),
        sa.ForeignKeyConstraint(["desk_id"], ["desk.id"], name=op.f("fk_tip_desk_id")),
        sa.ForeignKeyConstraint(["exhibit_id"], ["exhibit.id"], name=op.f("fk_tip_exhibit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tip")),
        sa.UniqueConstraint("ref", name=op.f("uq_tip_ref")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("tip", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_tip_exhibit_id"), ["exhibit_id"], unique=False)
        batch_op.create_index("ix_tip_queue", ["desk_id", "closed", "urgent", "received_at", "id"], unique=False)
        batch_op.create_index(
            "ix_tip_queue_assignee", ["desk_id", "assignee_id", "closed", "urgent", "received_at", "id"], unique=False
        )
        batch_op.create_index("ix_tip_queue_status", ["desk_id", "status", "urgent", "received_at", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_tip_review_due_at"), ["review_due_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("tip", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tip_review_due_at"))
        batch_op.drop_index("ix_tip_queue_status")
        batch_op.drop_index("ix_tip_queue_assignee")
        batch_op.drop_index("ix_tip_queue")
        batch_op.drop_index(batch_op.f("ix_tip_exhibit_id"))

    op.drop_table("tip")
    with op.batch_alter_table("referral_tip", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referral_tip_tip_id"))

    op.drop_table("referral_tip")
    op.drop_table("referral_key")
    with op.batch_alter_table("package", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_package_state"))

    op.drop_table("package")
    op.drop_table("exhibit_text")
    with op.batch_alter_table("exhibit_picture", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exhibit_picture_digest"))

    op.drop_table("exhibit_picture")
    with op.batch_alter_table("referral", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_referral_state"))
        batch_op.drop_index(batch_op.f("ix_referral_desk_id"))

    op.drop_table("referral")
    with op.batch_alter_table("exhibit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_exhibit_appeal_id_position"))

    op.drop_table("exhibit")
    op.drop_table("authority_key_confirmation")
    op.drop_table("appeal_text")
    op.drop_table("recovery_code")
    with op.batch_alter_table("known_device", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_known_device_account_id"))

    op.drop_table("known_device")
    with op.batch_alter_table("invitation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_invitation_account_id"))

    op.drop_table("invitation")
    op.drop_table("desk_member")
    with op.batch_alter_table("desk_grant", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_desk_grant_account_id"))

    op.drop_table("desk_grant")
    op.drop_table("desk_epoch")
    with op.batch_alter_table("authority_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_authority_key_authority_id"))

    op.drop_table("authority_key")
    op.drop_table("appeal")
    with op.batch_alter_table("account_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_session_account_id"))

    op.drop_table("account_session")
    op.drop_table("account_role")
    op.drop_table("tombstone")
    op.drop_table("tip_record")
    with op.batch_alter_table("tip_key", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tip_key_desk_id_epoch"))

    op.drop_table("tip_key")
    with op.batch_alter_table("tip_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_tip_event_tip_id_happened_at"))

    op.drop_table("tip_event")
    with op.batch_alter_table("statement", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_statement_tip_id"))

    op.drop_table("statement")
    op.drop_table("mailbox")
    op.drop_table("log_segment")
    op.drop_table("log_head")
    op.drop_table("log_entry")
    with op.batch_alter_table("log_arrival", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_log_arrival_hour"))

    op.drop_table("log_arrival")
    with op.batch_alter_table("hold", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_hold_tip_id"))

    op.drop_table("hold")
    with op.batch_alter_table("draft", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_draft_erase_at"))

    op.drop_table("draft")
    op.drop_table("desk")
    with op.batch_alter_table("consultation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_consultation_tip_id_account_id"))

    op.drop_table("consultation")
    op.drop_table("authority")
    op.drop_table("attachment_key")
    op.drop_table("attachment")
    with op.batch_alter_table("assessment", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_assessment_tip_id"))

    op.drop_table("assessment")
    op.drop_table("account")
