"""What a desk keeps for itself, sealed: no tip's, and nothing that the public part can read."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from tipline.models.base import UNORDERED, Base, Code, Id, UtcMoment


class DeskPaper(Base):
    """One sealed text of a desk; its key lies in ``tip_key`` under ``id``, so a new epoch takes it along."""

    __tablename__ = "desk_paper"
    __table_args__ = (Index(None, "desk_id", "kind", "subject"), UNORDERED)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    desk_id: Mapped[str] = mapped_column(Id)
    kind: Mapped[str] = mapped_column(Code)  # hold-back, reply
    subject: Mapped[str] = mapped_column(String(40))  # the exhibit that it is about; empty for a reply
    ciphertext: Mapped[bytes] = mapped_column(LargeBinary)
    written_by: Mapped[str] = mapped_column(Id)
    written_at: Mapped[dt.datetime] = mapped_column(UtcMoment)
