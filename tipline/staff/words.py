"""The words that the desk's pages have for the codes of tips."""

from __future__ import annotations

from tipline.services.reveals import FileLine

STATUSES = {
    "received": "Received",
    "screened": "Screened",
    "assigned": "Assigned",
    "assessed": "Assessed",
    "proposed": "Proposed",
    "approved": "Approved",
    "referred": "Referred",
    "acknowledged": "Acknowledged",
    "outcome": "Outcome known",
    "closed": "Closed",
    "restricted": "Restricted",
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
LANES = {
    "normal": "Normal",
    "urgent": "Urgent: a child may be at risk now",
    "safeguarding": "Safeguarding: somebody tells of abuse of their own",
    "quarantine": "Quarantine: suspected illegal content, files stay shut",
}
DISPOSITIONS = {
    "actionable_referred": "Actionable, and referred",
    "intelligence_only": "Intelligence only",
    "duplicate": "Duplicate of another tip",
    "already_known": "Already known",
    "insufficient_information": "Not enough information",
    "not_corroborated": "Could not be corroborated",
    "eliminated_too_common": "Eliminated: the object is too common",
    "refuted": "Refuted",
    "out_of_mandate_forwarded": "Outside our mandate, forwarded",
    "disclosure_safeguarding": "Somebody's own disclosure, passed to safeguarding",
    "illegal_content_handed_over": "Illegal content, handed over",
    "malicious_or_abusive": "Malicious or abusive",
    "spam": "Spam",
    "test": "Test",
}
REASONS = {
    "assigned_work": "It is my work",
    "urgent_risk": "A child may be at risk",
    "supervision": "Supervision",
    "second_opinion": "A colleague asked for a second opinion",
    "rights_request": "The sender has asked for their rights",
    "other": "Another reason, in words",
}
SOURCES = {
    "A": "No doubt that the source is authentic, trustworthy and competent, or reliable in all instances",
    "B": "Reliable in most instances",
    "C": "Unreliable in most instances",
    "X": "Cannot be assessed",
}
INFORMATION = {
    "1": "Accuracy is not in doubt",
    "2": "Known personally to the source, not to the person who passes it on",
    "3": "Not known personally to the source, but corroborated by information already recorded",
    "4": "Not known personally to the source, and cannot be corroborated",
}
GRADE_STATES = {"holds": "Holds", "waits": "Waits for a supervisor", "refused": "Refused", "superseded": "Followed"}
BASES = {"fact": "Fact", "assessment": "Assessment"}
HOLDS = {
    "judicial": "A court or prosecutor asks for it",
    "investigation": "An investigation needs it",
    "rights-request": "Somebody has asked for their rights",
    "complaint": "A complaint is open",
    "evidence": "It is kept as evidence",
}
HOW_KNOWN = {
    "first_hand": "Saw it or knows it first hand",
    "owns_or_sold_it": "Owns, made or sold it",
    "found_online": "Found it on the internet",
    "told": "Was told by somebody",
    "other": "Another way",
}
CERTAINTY = {"sure": "Sure", "think_so": "Thinks so", "guess": "A guess"}
SHARED = {"no": "No", "police": "Yes, the police", "others": "Yes, others"}
KINDS = {
    "jpeg": "JPEG picture",
    "png": "PNG picture",
    "webp": "WebP picture",
    "heic": "HEIC picture",
    "pdf": "PDF document",
    "mp4": "MP4 video",
}
HIDDEN = {
    "removed": "Taken out as it arrived",
    "left-in-by-sender": "Left in by choice of the sender",
    "cannot-be-removed": "Cannot be taken out of this kind of file: it may tell who made it, when and where",
}
TRACES = {
    "place": "Place (latitude, longitude)",
    "place-name": "Place",
    "altitude": "Height in metres",
    "direction": "Direction in degrees",
    "made": "Made",
    "device": "Device",
    "serial": "Serial number of the device",
    "lens": "Lens",
    "lens-serial": "Serial number of the lens",
    "owner": "Owner of the device",
    "author": "Author",
    "copyright": "Rights",
    "program": "Program",
    "text": "Text",
    "preview": "A small preview",
    "more": "More that is not explained here",
}
NAMES = {
    "tip.received": "Arrived",
    "tip.added": "The sender added something",
    "addition.opened": "Addition opened",
    "message.sent": "Message to the sender",
    "request.decided": "Request of the sender",
    "tip.opened": "Opened",
    "tip.assigned": "Given to",
    "tip.status": "Status",
    "tip.disposed": "Closed as",
    "tip.outcome": "Outcome noted",
    "tip.restricted": "Restricted",
    "tip.graded": "Graded",
    "tip.grade_proposed": "Grade proposed, waits for a supervisor",
    "grade.decided": "Supervisor agreed to the grade",
    "grade.refused": "Supervisor refused the grade",
    "statement.written": "Statement written",
    "statement.withdrawn": "Statement taken back",
    "note.written": "Note written",
    "tip.sanitised": "Sanitised narrative, version",
    "tip.flagged": "Mark on the text",
    "tip.lane": "Lane",
    "hold.placed": "Hold placed",
    "hold.lifted": "Hold lifted",
    "identity.opened": "Identity opened",
    "attachment.revealed": "File shown",
    "attachment.downloaded": "File downloaded",
    "attachment.quarantined": "File quarantined",
    "package.built": "Package sealed",
}
ADDITIONS = {
    "more": "The sender added something",
    "correction": "The sender corrected something",
    "answer": "The sender answered a message",
}
REQUESTS = {"access": "Access", "erasure": "Erasure", "withdrawal": "Withdrawal"}
REQUESTS_MEAN = {
    "access": "The sender wants to know what is held about them.",
    "erasure": "The sender asks for erasure under data protection law.",
    "withdrawal": "The sender withdraws the tip. It is not erased by itself, so a person decides.",
}
REQUEST_REASONS = {
    "no-objection": "Granted: nothing stands against it",
    "partly": "Granted in part",
    "evidence": "Refused: it is needed as evidence",
    "investigation": "Refused: it would harm an investigation",
    "rights-of-others": "Refused: it would harm the rights of others",
    "passed-on": "Refused: it was handed over and must stay with it",
    "not-the-sender": "Refused: whoever asks is not the sender",
}
AGAINST = {
    "held": "A hold keeps the tip. Lift the hold first, or refuse.",
    "restricted": "The tip is restricted instead of erased. Lift that first, or refuse.",
    "proposed": "A referral with this tip is on its way. Take it back first, or refuse.",
    "handed-over": "The tip was handed over. Who received it must be told of an erasure, so the tip stays for now.",
}
REQUEST_STATES = {"open": "Open", "granted": "Granted", "refused": "Refused", "taken-back": "Taken back"}
REQUEST_STATE_KINDS = {"open": "new", "granted": "done", "refused": "hold", "taken-back": "closed"}
_CODES = {**STATUSES, **DISPOSITIONS, **BASES, **HOLDS}
_CODES |= {**REQUESTS, **REQUEST_STATES}
_CODES |= {
    "message": "written",
    "decision": "answer to a request",
    "small": "small and grey",
    "full": "in full",
    "identifies_sender": "tells who wrote it",
    "no_mark": "no mark",
}
_CODES |= {lane: words.split(":")[0] for lane, words in LANES.items()}


def file_label(file: FileLine) -> str:
    """What a file is called at the desk; one that was added later says when."""
    return f"File {file.number}" + (f", added {file.added_at:%d %b %Y, %H:00}" if file.added_at else "")


def hidden_words(file: FileLine) -> str:
    """What became of a file's hidden details."""
    if file.hidden == "removed" and not file.notes:
        return "None were found"
    return HIDDEN[file.hidden]


def trace_words(file: FileLine) -> str:
    """What the hidden details say that the sender left in; a stranger's words, and anybody can make them up."""
    return "; ".join(
        f"{TRACES[trace.kind]}: {trace.value}" if trace.value else TRACES[trace.kind] for trace in file.traces
    )


def code_words(code: str) -> str:
    """What a history says for a code; a grade or a number as it is."""
    return _CODES.get(code, code)
