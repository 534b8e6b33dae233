"""What one package holds, as plain values, and the words for its codes.

A handover is put together in the session of somebody who may read the tips; everything else (``referral.json``, the
cover, the CASE graph, the counts that the administrator sees) is made of it, so that none can say something else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

PROTECTION = "Basic Protection Level (unclassified, not for the public)"

HANDLING = {
    "H0": "For preventing and combating crime only, under the law that applies.",
    "H1": "Not to be disclosed in judicial proceedings without the permission of the sender.",
    "H2": "Not to be passed on without the permission of the sender.",
    "H3": "Other restrictions, as written under “Conditions”.",
}
SOURCES = {
    "A": "no doubt about the source, or reliable in all instances",
    "B": "source reliable in most instances",
    "C": "source unreliable in most instances",
    "X": "the source cannot be assessed",
}
INFORMATION = {
    "1": "accuracy not in doubt",
    "2": "known personally to the source, not to the official who passes it on",
    "3": "not known personally to the source, but corroborated by information already recorded",
    "4": "not known personally to the source, and not corroborated",
}
PURPOSES = {
    "identify-place": "To find out where the object comes from or where it was",
    "identify-victim": "To identify and protect a child",
    "investigate": "To investigate a criminal offence",
    "prevent-danger": "To prevent a danger to a person",
    "forward-to-unit": "To forward personal data to the competent national unit",
}
LEGAL_BASES = {
    "led-national": "National law transposing Directive (EU) 2016/680",
    "europol": "Regulation (EU) 2016/794 with Regulation (EU) 2018/1725, Chapter IX",
    "directive-2023-977": "Directive (EU) 2023/977 on the exchange of information",
    "gdpr-public-task": "Regulation (EU) 2016/679, Article 6(1)(e)",
    "third-country": "Chapter V of Directive (EU) 2016/680, as transposed",
}
URGENCIES = {
    "8h": "Within 8 hours",
    "3d": "Within 3 days",
    "7d": "Within 7 days",
    "info": "No answer needed",
}
REPLY_HOURS = {"8h": 8, "3d": 72, "7d": 168}
REQUESTS = {
    "information": "For information",
    "verify": "Please verify",
    "act": "Please act",
}
HOW_KNOWN = {
    "first_hand": "The source saw it or was there",
    "owns_or_sold_it": "The source owned or sold one",
    "found_online": "The source found it online",
    "told": "The source was told",
    "other": "In another way",
    "": "Not said",
}
CERTAINTY = {"sure": "Sure", "think_so": "Thinks so", "guess": "A guess", "": "Not said"}
ADDITIONS = {
    "more": "Added by the source later",
    "correction": "Corrected by the source later",
    "answer": "Answered by the source to a question of ours",
}
ANSWER_NAMES = {
    "product": "Product, brand, maker or seller",
    "countries": "Countries",
    "years": "Years",
    "place": "Place",
    "links": "Links",
    "shared_elsewhere": "Told others",
    "child_at_risk": "Says that a child is in danger now",
}


@dataclass(frozen=True)
class Party:
    """Sender or recipient."""

    name: str
    contact: str
    country: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Claim:
    """One sentence of a reviewer: ``basis`` is fact or assessment (Art. 74)."""

    text: str = field(repr=False)
    basis: str
    as_of: dt.date
    verified_on: dt.date | None


HIDDEN_DETAILS = {
    "removed": "hidden details taken out",
    "left-in-by-sender": "hidden details left in by choice of the sender",
    "cannot-be-removed": "hidden details cannot be taken out",
}


@dataclass(frozen=True)
class HandedFile:
    """An attachment as it goes out: a neutral name; the sender's own name only beside an original narrative."""

    path: str
    media_type: str
    size: int
    sha256: str
    viewed: bool
    screening: str
    hidden: str  # what became of its hidden details (screening.hidden_state)
    chunks: Callable[[], Iterable[bytes]] = field(repr=False)
    sent_as: str | None = field(default=None, repr=False)

    @property
    def hidden_words(self) -> str:
        """What became of its hidden details, for the cover."""
        return HIDDEN_DETAILS[self.hidden]


@dataclass(frozen=True)
class HandedAddition:
    """What the sender of a tip added later, as it came; it goes out beside an original narrative only."""

    path: str
    kind: str
    received_on: dt.date
    language: str
    language_tag: str
    text: str = field(repr=False)


@dataclass(frozen=True)
class HandedIdentity:
    """Name and contact of a tipster, on the word of two people and with their reason."""

    name: str = field(repr=False)
    email: str = field(repr=False)
    phone: str = field(repr=False)
    reason: str = field(repr=False)


@dataclass(frozen=True)
class Event:
    """One step of the custody: what, when, by which pseudonym."""

    name: str
    at: dt.datetime
    by: str


@dataclass(frozen=True)
class HandedTip:
    """One tip as it goes out."""

    ref: str
    received_on: dt.date
    language: str
    language_tag: str
    exhibit_ref: str | None
    exhibit_title: str | None
    narrative: str = field(repr=False)
    original: bool
    narrative_reason: str = field(repr=False)
    answers: dict[str, str] = field(repr=False)
    how_known: str
    certainty: str
    grade: str
    grade_reason: str = field(repr=False)
    claims: tuple[Claim, ...]
    additions: tuple[HandedAddition, ...]
    additions_left_out: int
    files: tuple[HandedFile, ...]
    files_left_out: int
    identity: HandedIdentity | None
    has_identity: bool
    custody: tuple[Event, ...]
    last_verified: dt.date

    @property
    def folder(self) -> str:
        """Where its files lie in the bag."""
        return f"tips/{self.ref}"

    @property
    def narrative_path(self) -> str:
        """The name says which text it is."""
        return f"{self.folder}/narrative.{'orig' if self.original else 'sanitised'}.txt"


@dataclass(frozen=True)
class Handover:
    """One package: one recipient, one purpose, one or more tips."""

    package: str
    referral: str
    made_at: dt.datetime
    sender: Party
    recipient: Party
    fingerprint: str
    transfer_basis: str
    basis_expires_on: dt.date | None
    purpose: str
    legal_basis: str
    urgency: str
    request: str
    handling: tuple[str, ...]
    conditions: str = field(repr=False)
    why_you: str = field(repr=False)
    tips: tuple[HandedTip, ...]
    also_sent_to: tuple[str, ...]
    proposed_by: str
    reviewed_by: str | None
    erase_by: dt.date
    version: str

    @property
    def reply_by(self) -> dt.datetime | None:
        """When an answer is asked for."""
        hours = REPLY_HOURS.get(self.urgency)
        return None if hours is None else self.made_at + dt.timedelta(hours=hours)

    @property
    def grades(self) -> str:
        """The grades of all tips, in order, once each."""
        return ", ".join(sorted({tip.grade for tip in self.tips}))

    @property
    def banner(self) -> str:
        """What stands on every page and, in parts, in every file: level, codes, grade, package."""
        return f"{PROTECTION} · Handling {'+'.join(self.handling)} · Grade {self.grades} · {self.package}"
