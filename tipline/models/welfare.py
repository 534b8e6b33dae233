"""What a person notes of their own exposure, for their own eyes."""

from __future__ import annotations

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import Base


class WelfareDiary(Base):
    """How much somebody looked at, and what they would rather not: one padded record under a key of their own seed."""

    __tablename__ = "welfare_diary"
    account_id: Mapped[str] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
