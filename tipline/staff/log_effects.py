"""What each screen does to the log, so that nobody who works here has to guess (DOMAIN 2.4)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template
from flask_babel import lazy_gettext as _l

from tipline.services.log_events import EVENTS
from tipline.staff.signin import Answer, bp
from tipline.web import guard


@dataclass(frozen=True)
class Effect:
    """One screen or button: what it is, what the log keeps of it, and the events it is kept as."""

    screen: object
    kept: object
    events: tuple[str, ...] = ()


NOTHING = _l("Nothing.")
EFFECTS = (
    Effect(_l("The queue, without excerpts; counts; statistics"), NOTHING),
    Effect(
        _l("The queue with excerpts"),
        _l("Your reason, once a session, and each tip whose excerpt you saw."),
        ("excerpts.switched", "tip.listed"),
    ),
    Effect(
        _l("A search"),
        _l("Your reason, once a session; that you searched and what was found. Never the words that you searched for."),
        ("search.switched", "tips.searched"),
    ),
    Effect(_l("The question why you open a tip"), NOTHING),
    Effect(
        _l("A tip's page"),
        _l("That you opened it, each time, with your reason, and each addition that you read."),
        ("tip.opened",),
    ),
    Effect(
        _l("A colleague's summary of a tip"),
        _l("That you read the summary, not that you read the tip."),
        ("tip.opened",),
    ),
    Effect(_l("A file's page"), _l("That you saw its name and size. The file itself stays shut."), ("tip.opened",)),
    Effect(
        _l("A picture, small and grey or in full"),
        _l("That you asked for it, small or full, and each time that it is shown again."),
        ("attachment.revealed",),
    ),
    Effect(_l("A download"), _l("That you took the file."), ("attachment.downloaded",)),
    Effect(_l("Name and contact of a sender"), _l("That you saw them, with your reason."), ("identity.opened",)),
    Effect(_l("What is held back about an object"), _l("That you read it."), ("hold-back.read",)),
    Effect(_l("A referral before it is proposed"), _l("That you read it."), ("referral.read",)),
    Effect(
        _l("Grading, notes, statements, lanes, giving a tip to somebody, closing"),
        _l("That you did it and when. The words that you write are sealed to the desk and are not in the log."),
        (
            "tip.graded",
            "note.written",
            "summary.written",
            "statement.written",
            "tip.lane",
            "tip.assigned",
            "tip.disposed",
        ),
    ),
    Effect(_l("A message to a sender"), _l("That you sent one, not what it says."), ("message.sent",)),
    Effect(
        _l("Reply templates"),
        _l("Nothing for reading. That you wrote, changed or removed one, and in which language."),
        ("template.written",),
    ),
    Effect(
        _l("Proposing and withdrawing a referral"),
        _l("That you did it, to which authority, on which legal basis, and the digest of what was sealed."),
        ("referral.proposed", "referral.withdrawn", "referral.approved", "referral.returned", "package.built"),
    ),
    Effect(
        _l("Decisions that need a second person"),
        _l("Who proposed and who decided, and the digest of what it was about."),
        ("approval.proposed", "approval.given", "approval.refused", "approval.withdrawn", "approval.used"),
    ),
    Effect(
        _l("Holds, restrictions, requests of senders"),
        _l("That you decided and how, as a code. Your words are sealed to the desk."),
        ("hold.placed", "hold.lifted", "request.decided"),
    ),
    Effect(
        _l("Labels, groups, taking over from a colleague, handing a tip to another desk"),
        _l("That you did it, on which tip."),
        ("tip.labelled", "group.changed", "tip.taken-over", "tip.moved"),
    ),
    Effect(
        _l("A desk's people, keys and codes on paper"),
        _l("That you let somebody in, took somebody off, named somebody for safeguarding, or used a key or a code."),
        ("key.granted", "member.left", "member.changed", "desk.renewed", "recovery.shown", "recovery.used"),
    ),
    Effect(_l("Calls of colleagues, and saying that you have seen one"), NOTHING),
    Effect(_l("Files in quarantine, as a list"), NOTHING),
    Effect(_l("The certificate of a file that was handed over"), _l("That you read it."), ("tip.opened",)),
    Effect(
        _l("Quarantine: shutting a file, releasing, handing over, destroying"),
        _l("That you did it, when, and to which authority."),
        ("attachment.quarantined", "attachment.released", "attachment.handed_over", "attachment.erased"),
    ),
    Effect(
        _l("People whom a tip names, countries, translations, the sanitised narrative"),
        _l("That you wrote it. Special categories of data are told to the auditors at once: that they are, not which."),
        ("person.mentioned", "person.special", "person.removed", "tip.placed", "translation.written", "tip.sanitised"),
    ),
    Effect(_l("Your own counters, limit and choices"), NOTHING),
    Effect(_l("Notices by mail"), NOTHING),
    Effect(
        _l("Signing in and out, typing your password again, changing it"),
        _l("That you did it. A wrong password is kept as a failed attempt at your account."),
        ("signed.in", "signed.out", "session.ended", "sign.failed", "password.typed", "password.changed"),
    ),
    Effect(_l("A page or a button that is not for your role"), _l("That you tried."), ("act.refused",)),
    Effect(_l("Special categories of data, for auditors"), _l("That they have seen a flag."), ("special.seen",)),
    Effect(_l("The log itself, for auditors"), _l("That they read it, and with which filter."), ("log.read",)),
)


@bp.get("/account/log")
@guard.signed_in
def log_effects() -> Answer:
    """The screens one by one, then every event that there is."""
    told = {event for effect in EFFECTS for event in effect.events}
    others = sorted(event for event in EVENTS if event not in told)
    return render_template("staff/account/log_effects.html", effects=EFFECTS, others=others)
