"""A supervisor's signed word that a key is an authority's, looked at before anything is sealed to the key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import update

from tipline.crypto import rosters as signed
from tipline.errors import Damaged, KeysMismatch
from tipline.extensions import db
from tipline.models.referral import AuthorityKey, AuthorityKeyConfirmation
from tipline.services import rosters

if TYPE_CHECKING:
    from tipline.services.accounts import Person


def check_signed(person: Person, desk_id: str, key_id: str) -> None:
    """Return if a supervisor of the desk signed that this key is the authority's, before anything is sealed to it.

    Their word ends when they leave the desk: another one confirms the key anew. Raises KeysMismatch.
    """
    chain = rosters.check(person, desk_id)
    if chain is None:
        return
    key, word = db.session.get_one(AuthorityKey, key_id), db.session.get(AuthorityKeyConfirmation, (key_id, desk_id))
    holder = chain.roster.people.get(word.confirmed_by) if word else None
    if word is None or holder is None or signed.IDENTITY not in holder.keys:
        raise KeysMismatch(desk_id, "authority-key")
    try:
        signed.verify_statement(holder.signing, word.signature or b"", *said(key, desk_id, word.channel))
    except Damaged:
        raise KeysMismatch(desk_id, "authority-key") from None


def end_words(account_id: str, desk_id: str | None = None) -> None:
    """Let somebody's confirmations count no more, for one desk or all: they left it, or have another key now."""
    words = update(AuthorityKeyConfirmation).where(AuthorityKeyConfirmation.confirmed_by == account_id)
    if desk_id is not None:
        words = words.where(AuthorityKeyConfirmation.desk_id == desk_id)
    db.session.execute(words.values(signature=None).execution_options(synchronize_session="fetch"))


def said(key: AuthorityKey, desk_id: str, channel: str) -> tuple[bytes | str | int, ...]:
    """What is signed of a confirmation."""
    return ("authority-key", desk_id, key.authority_id, key.id, key.kind, key.recipient, channel)
