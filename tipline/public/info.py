"""What there is to know: privacy, accessibility, help, emergency numbers, and leaving in a hurry."""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources
from typing import Any

from flask import Response, redirect, render_template, session
from flask_babel import lazy_gettext as _l

from tipline import config
from tipline.public import bp
from tipline.services import drafts
from tipline.web import guard
from tipline.web.journey import NOTICE_VERSION

# The profiles' own words are English; a profile without a line here is shown in those.
LEGAL_TEXTS = {
    "Regulation (EU) 2018/1725, Article 3 and Chapter IX": _l("Regulation (EU) 2018/1725, Article 3 and Chapter IX"),
    "national law transposing Directive (EU) 2016/680": _l("national law transposing Directive (EU) 2016/680"),
    "Regulation (EU) 2016/679": _l("Regulation (EU) 2016/679"),
}
SUPERVISORS = {
    "European Data Protection Supervisor": _l("European Data Protection Supervisor"),
    "national data protection authority": _l("the data protection authority of the country of the operator"),
}
WHO_ANSWERS = {
    "emergency": _l("Emergency number: police, ambulance and fire brigade"),
    "children": _l("Helpline for children and young people"),
    "missing": _l("Hotline for missing children"),
    "victims": _l("Helpline for victims of crime"),
}
WHEN_TO_CALL = {
    "emergency": _l("When somebody is in danger now. It is free of charge in every country of the EU."),
    "children": _l("When you are young and something worries you. You can talk about anything."),
    "missing": _l("When a child is missing, or when you think that you have seen a missing child."),
    "victims": _l("When you are or were the victim of a crime and want somebody to talk to or advice."),
}


@dataclass(frozen=True)
class EmergencyNumber:
    """A number to call: who answers it and when to call it, in the page's language."""

    number: str
    who: Any
    when: Any


def _read_emergency() -> dict[str, Any]:
    text = resources.files("tipline").joinpath("data/emergency.json").read_text(encoding="utf-8")
    read: dict[str, Any] = json.loads(text)
    return read


_EMERGENCY = _read_emergency()
NUMBERS = tuple(
    EmergencyNumber(line["number"], WHO_ANSWERS[line["kind"]], WHEN_TO_CALL[line["kind"]])
    for line in _EMERGENCY["numbers"]
)
LEAVE_TO: str = _EMERGENCY["leave_to"]
HOTLINES: str = _EMERGENCY["hotlines"]


@bp.get("/privacy")
@guard.anyone
def privacy() -> str:
    """The privacy notice, in the version that is acknowledged before a tip is sent."""
    settings = config.current()
    profile = settings.profile
    return render_template(
        "public/info/privacy.html",
        version=NOTICE_VERSION,
        settings=settings,
        profile=profile,
        legal_text=LEGAL_TEXTS.get(profile.legal_text, profile.legal_text),
        supervisor=settings.supervisory_authority
        or SUPERVISORS.get(profile.supervisor_named, profile.supervisor_named),
        draft_minutes=int(drafts.LIFE.total_seconds()) // 60,
    )


@bp.get("/accessibility")
@guard.anyone
def accessibility() -> str:
    """The accessibility statement."""
    return render_template("public/info/accessibility.html", settings=config.current())


@bp.get("/help", endpoint="help")
@guard.anyone
def help_page() -> str:
    """How to write a good tip, what happens with it, and help for those whom this touches."""
    return render_template("public/info/help.html", profile=config.current().profile)


@bp.get("/emergency")
@guard.anyone
def emergency() -> str:
    """Numbers to call."""
    return render_template("public/info/emergency.html", numbers=NUMBERS, hotlines=HOTLINES)


@bp.get("/leave")
@guard.anyone
def leave() -> Any:
    """Out, to a page that nobody wonders about. Expires the cookie, so that a draft is unreadable at once.

    Changes no row (SECURITY 18): what was written goes with the clock.
    """
    session.clear()
    answer: Response = redirect(LEAVE_TO, code=303)  # type: ignore[assignment]
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/leave-info")
@guard.anyone
def leave_info() -> str:
    """What leaving quickly does, and what it cannot do."""
    return render_template("public/info/leave_info.html", onion=config.current().onion)
