"""People who sign in: accounts, roles, sessions, invitations."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import Base, Code, Id, UtcMoment, new_id


class Account(Base):
    """A person of the desk, the administration or the audit. ``state``: invited, active, suspended, removed."""

    __tablename__ = "account"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(String(80), unique=True)  # what is typed at sign-in, folded
    display_name: Mapped[str] = mapped_column(String(120))
    state: Mapped[str] = mapped_column(Code, default="invited")
    sample: Mapped[bool] = mapped_column(Boolean, default=False)
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    signing_public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    desk_memory: Mapped[bytes | None] = mapped_column(LargeBinary)  # foundings seen, under a key of the own seed
    locked_seed: Mapped[bytes | None] = mapped_column(LargeBinary)  # wrapped by Argon2id(password) and pepper
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # to the account's own key
    totp_pending_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # enrolled, not yet confirmed by a code
    totp_last_step: Mapped[int] = mapped_column(Integer, default=0)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    delayed_until: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    created_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    activated_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class AccountRole(Base):
    """One role of one person: reviewer, supervisor, administrator, auditor."""

    __tablename__ = "account_role"
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(Code, primary_key=True)


class Invitation(Base):
    """A one-time code, stored hashed, typed by the invited person. ``kind``: join, password, second-factor."""

    __tablename__ = "invitation"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(Code)
    code_hash: Mapped[str] = mapped_column(String(64))
    made_by: Mapped[str | None] = mapped_column(Id)
    confirmed_by: Mapped[str | None] = mapped_column(Id)  # second person, where the kind needs one
    failures: Mapped[int] = mapped_column(Integer, default=0)
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    expires_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    used_at: Mapped[dt.datetime | None] = mapped_column(UtcMoment)


class AccountSession(Base):
    """Somebody signed in. The account key lies here encrypted under a secret that only the cookie holds."""

    __tablename__ = "account_session"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of the cookie's token
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(Code, default="signed-in")  # or enrolling: opens the second factor's page only
    sealed_seed: Mapped[bytes] = mapped_column(LargeBinary)
    started_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    seen_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    password_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # when the password was last typed
    excerpts_reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    search_reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)


class Passkey(Base):
    """A passkey (WebAuthn) of one person, beside the authenticator app. With ``locked_seed`` it opens the key too."""

    __tablename__ = "passkey"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    label: Mapped[str] = mapped_column(String(60))  # what its person calls it
    rp_id: Mapped[str] = mapped_column(String(255))  # the host that it was made at, and works at
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    locked_seed: Mapped[bytes | None] = mapped_column(LargeBinary)  # wrapped as under a password, by its PRF's secret
    made_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
    answered_at: Mapped[dt.datetime] = mapped_column(UtcMoment)  # when the last challenge it answered was given


class FactorCode(Base):
    """A recovery code for the second factor of one person, stored hashed; using it deletes it."""

    __tablename__ = "factor_code"
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)


class AccountChange(Base):
    """What changed about how somebody signs in, told to them for 30 days."""

    __tablename__ = "account_change"
    id: Mapped[str] = mapped_column(Id, primary_key=True, default=new_id)
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    code: Mapped[str] = mapped_column(Code)
    happened_at: Mapped[dt.datetime] = mapped_column(UtcMoment)


class KnownDevice(Base):
    """A browser that signed in before: its failures are counted apart, so that others cannot delay its owner."""

    __tablename__ = "known_device"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)  # SHA-256 of the device cookie
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    failures: Mapped[int] = mapped_column(Integer, default=0)
    delayed_until: Mapped[dt.datetime | None] = mapped_column(UtcMoment)
    used_on: Mapped[dt.date] = mapped_column()
