"""The words that the desk's pages have for the codes of tips."""

from __future__ import annotations

import datetime as dt

from flask_babel import gettext, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from tipline.services.reveals import FileLine
from tipline.web import tip_words

STATUSES = {
    "received": _l("Received"),
    "screened": _l("Screened"),
    "assigned": _l("Assigned"),
    "assessed": _l("Assessed"),
    "proposed": _l("Proposed"),
    "approved": _l("Approved"),
    "referred": _l("Referred"),
    "acknowledged": _l("Acknowledged"),
    "outcome": _l("Outcome known"),
    "closed": _l("Closed"),
    "restricted": _l("Restricted"),
}
# The look of a status; its word stands beside it, so nothing is said by colour alone.
STATUS_KINDS = {
    "received": "new",
    "screened": "new",
    "assigned": "work",
    "assessed": "work",
    "proposed": "work",
    "approved": "work",
    "referred": "done",
    "acknowledged": "done",
    "outcome": "done",
    "closed": "closed",
    "restricted": "hold",
}
TONES = {
    "plain": _l("White"),
    "new": _l("Blue"),
    "work": _l("Violet"),
    "done": _l("Green"),
    "urgent": _l("Amber"),
    "hold": _l("Grey"),
}
AGES = {
    "day": _l("The last 24 hours"),
    "week": _l("The last 7 days"),
    "older-week": _l("More than 7 days ago"),
    "older-month": _l("More than 30 days ago"),
}
CHANNELS = {
    "web": _l("By the form"),
    "telephone": _l("By telephone"),
    "letter": _l("By letter"),
    "in-person": _l("In person"),
}
# Why a tip was left out of an act on many, by the refusal's code.
LEFT_OUT = {
    "wrong-state": _l("it has moved on, or is so already"),
    "not-allowed": _l("it is a colleague's"),
    "open-elsewhere": _l("a colleague has it open"),
    "not-found": _l("it is not at this desk"),
    "bad-input": _l("it has not been referred"),
}
LANES = {
    "normal": _l("Normal"),
    "urgent": _l("Urgent: a child may be at risk now"),
    "safeguarding": _l("Safeguarding: somebody tells of abuse of their own"),
    "quarantine": _l("Quarantine: suspected illegal content, files stay shut"),
    "forward": _l("Forward: personal data, only to be passed on or purged"),
}
DISPOSITIONS = tip_words.DISPOSITIONS
REASONS = {
    "assigned_work": _l("It is my work"),
    "urgent_risk": _l("A child may be at risk"),
    "supervision": _l("Supervision"),
    "second_opinion": _l("A colleague asked for a second opinion"),
    "rights_request": _l("The sender has asked for their rights"),
    "other": _l("Another reason, in words"),
}
SOURCES = {
    "A": _l("No doubt that the source is authentic, trustworthy and competent, or reliable in all instances"),
    "B": _l("Reliable in most instances"),
    "C": _l("Unreliable in most instances"),
    "X": _l("Cannot be assessed"),
}
INFORMATION = {
    "1": _l("Accuracy is not in doubt"),
    "2": _l("Known personally to the source, not to the person who passes it on"),
    "3": _l("Not known personally to the source, but corroborated by information already recorded"),
    "4": _l("Not known personally to the source, and cannot be corroborated"),
}
GRADE_STATES = {
    "holds": _l("Holds"),
    "waits": _l("Waits for a supervisor"),
    "refused": _l("Refused"),
    "superseded": _l("Followed"),
}
BASES = {"fact": _l("Fact"), "assessment": _l("Assessment")}
# Why a tip is in a group, and why one rises.
ALIKE = {
    "link": _l("Same link"),
    "picture": _l("Same picture"),
    "product": _l("Same product"),
    "name": _l("Same names"),
    "text": _l("Nearly the same text"),
}
FIRST_HAND_BY = {1: _l("First hand: ticked"), 2: _l("First hand: words"), 3: _l("First hand: ticked, words")}
FIRST_HAND = {
    1: _l("The sender ticked: first-hand, or owns or sold it"),
    2: _l("Words of somebody who was there, owned or sold it"),
    3: _l("Words of somebody who was there, owned or sold it, and ticked so"),
}
HOLDS = {
    "judicial": _l("A court or prosecutor asks for it"),
    "investigation": _l("An investigation needs it"),
    "rights-request": _l("Somebody has asked for their rights"),
    "complaint": _l("A complaint is open"),
    "evidence": _l("It is kept as evidence"),
}
HOW_KNOWN = {
    "first_hand": _l("Saw it or knows it first hand"),
    "owns_or_sold_it": _l("Owns, made or sold it"),
    "found_online": _l("Found it on the internet"),
    "told": _l("Was told by somebody"),
    "other": _l("Another way"),
}
CERTAINTY = {"sure": _l("Sure"), "think_so": _l("Thinks so"), "guess": _l("A guess")}
SHARED = {"no": _l("No"), "police": _l("Yes, the police"), "others": _l("Yes, others")}
KINDS = {
    "jpeg": _l("JPEG picture"),
    "png": _l("PNG picture"),
    "webp": _l("WebP picture"),
    "heic": _l("HEIC picture"),
    "pdf": _l("PDF document"),
    "mp4": _l("MP4 video"),
}
SCREENINGS = {"quarantined": _l("Quarantine"), "handed_over": _l("Handed over"), "destroyed": _l("Destroyed")}
HIDDEN = {
    "removed": _l("Taken out as it arrived"),
    "left-in-by-sender": _l("Left in by choice of the sender"),
    "cannot-be-removed": _l("Cannot be taken out of this kind of file: it may tell who made it, when and where"),
}
TRACES = {
    "place": _l("Place (latitude, longitude)"),
    "place-name": _l("Place"),
    "altitude": _l("Height in metres"),
    "direction": _l("Direction in degrees"),
    "made": _l("Made"),
    "device": _l("Device"),
    "serial": _l("Serial number of the device"),
    "lens": _l("Lens"),
    "lens-serial": _l("Serial number of the lens"),
    "owner": _l("Owner of the device"),
    "author": _l("Author"),
    "copyright": _l("Rights"),
    "program": _l("Program"),
    "text": _l("Text"),
    "preview": _l("A small preview"),
    "more": _l("More that is not explained here"),
}
ADDITIONS = {
    "more": _l("The sender added something"),
    "correction": _l("The sender corrected something"),
    "answer": _l("The sender answered a message"),
}
REQUESTS = {"access": _l("Access"), "erasure": _l("Erasure"), "withdrawal": _l("Withdrawal")}
REQUESTS_MEAN = {
    "access": _l("The sender wants to know what is held about them."),
    "erasure": _l("The sender asks for erasure under data protection law."),
    "withdrawal": _l("The sender withdraws the tip. It is not erased by itself, so a person decides."),
}
REQUEST_REASONS = {
    "no-objection": _l("Granted: nothing stands against it"),
    "partly": _l("Granted in part"),
    "evidence": _l("Refused: it is needed as evidence"),
    "investigation": _l("Refused: it would harm an investigation"),
    "rights-of-others": _l("Refused: it would harm the rights of others"),
    "passed-on": _l("Refused: it was handed over and must stay with it"),
    "not-the-sender": _l("Refused: whoever asks is not the sender"),
}
AGAINST = {
    "held": _l("A hold keeps the tip. Lift the hold first, or refuse."),
    "restricted": _l("The tip is restricted instead of erased. Lift that first, or refuse."),
    "proposed": _l("A referral with this tip is on its way. Take it back first, or refuse."),
    "handed-over": _l("The tip was handed over. Who received it must be told of an erasure, so the tip stays for now."),
}
REQUEST_STATES = {
    "open": _l("Open"),
    "granted": _l("Granted"),
    "refused": _l("Refused"),
    "taken-back": _l("Taken back"),
}
REQUEST_STATE_KINDS = {"open": "new", "granted": "done", "refused": "hold", "taken-back": "closed"}
_CODES = {
    **STATUSES,
    **DISPOSITIONS,
    **BASES,
    **HOLDS,
    **REQUESTS,
    **REQUEST_STATES,
    "lead": _l("stands for its group now"),
    "out": _l("taken out of its group"),
    "split": _l("put into a group of its own with others"),
    "merged": _l("joined to a group"),
    "sources": _l("the number of independent sources was said"),
    "not_first_hand": _l("not first-hand"),
    "message": _l("written"),
    "decision": _l("answer to a request"),
    "small": _l("small and grey"),
    "full": _l("in full"),
    "identifies_sender": _l("tells who wrote it"),
    "no_mark": _l("no mark"),
    "on": _l("put on"),
    "off": _l("taken off"),
}


def lane_word(lane: str) -> str:
    """What a lane is called in short."""
    return str(LANES[lane]).split(":")[0]


def waits(since: dt.datetime, now: dt.datetime) -> str:
    """How long a tip has waited, in whole hours: nobody knows its arrival more exactly."""
    hours = max(int((now - since).total_seconds() // 3600), 0)
    if hours < 1:
        return gettext("arrived within the hour")
    if hours < 48:
        return ngettext("arrived %(num)s hour ago", "arrived %(num)s hours ago", hours)
    return ngettext("arrived %(num)s day ago", "arrived %(num)s days ago", hours // 24)


def file_label(file: FileLine) -> str:
    """What a file is called at the desk; one that was added later says when."""
    if file.added_at is None:
        return _("File %(number)s", number=file.number)
    return _("File %(number)s, added %(when)s", number=file.number, when=f"{file.added_at:%d %b %Y, %H:00}")


def hidden_words(file: FileLine) -> str:
    """What became of a file's hidden details."""
    if file.hidden == "removed" and not file.notes:
        return _("None were found")
    return HIDDEN[file.hidden]


def trace_words(file: FileLine) -> str:
    """What the hidden details say that the sender left in; a stranger's words, and anybody can make them up."""
    return "; ".join(
        f"{TRACES[trace.kind]}: {trace.value}" if trace.value else TRACES[trace.kind] for trace in file.traces
    )


def code_words(code: str) -> str:
    """What a history says for a code; a grade or a number as it is."""
    return lane_word(code) if code in LANES else _CODES.get(code, code)
