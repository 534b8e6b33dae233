"""What there is to know: privacy, accessibility, help, emergency numbers, and leaving in a hurry."""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import Any

from babel import Locale
from flask import Response, redirect, render_template, request, session
from flask_babel import format_date
from flask_babel import lazy_gettext as _l

from tipline import config
from tipline.public import bp
from tipline.services import drafts, helplines
from tipline.services.helplines import Hotline, Line, Source
from tipline.web import guard
from tipline.web.journey import NOTICE_VERSION
from tipline.web.locale import by_letters, current_language
from tipline.web.open_pages import for_everybody

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
    "police": _l("Police"),
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


# The accessibility statement was last gone through against the pages on this day.
STATEMENT_REVIEWED = dt.date(2026, 11, 22)


@dataclass(frozen=True)
class EmergencyNumber:
    """A number to call: what answers it, when to call it, and who it is where that is known."""

    number: str
    who: Any
    when: Any
    operator: str


@dataclass(frozen=True)
class Chosen:
    """The country that somebody has chosen, by its name in the page's language."""

    code: str
    name: str
    lines: tuple[EmergencyNumber, ...]
    hotline: Hotline | None
    sources: tuple[Source, ...]


def _number(line: Line) -> EmergencyNumber:
    return EmergencyNumber(line.number, WHO_ANSWERS[line.kind], WHEN_TO_CALL.get(line.kind, ""), line.operator)


@functools.cache
def _countries(locale: str) -> tuple[tuple[str, str], ...]:
    """Codes and names of the countries that have an entry, in the order of their names in this language."""
    names = Locale.parse(locale).territories
    known = ((code, names[code]) for code in helplines.helplines().countries)
    return tuple(sorted(known, key=lambda pair: by_letters(pair[1])))


def _chosen(code: str, locale: str) -> Chosen | None:
    found = helplines.helplines().countries.get(code)
    if found is None:
        return None
    name = dict(_countries(locale))[code]
    return Chosen(code, name, tuple(map(_number, found.lines)), found.hotline, found.sources)


@bp.get("/privacy")
@guard.anyone
@for_everybody
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
@for_everybody
def accessibility() -> str:
    """The accessibility statement."""
    return render_template(
        "public/info/accessibility.html", settings=config.current(), reviewed=format_date(STATEMENT_REVIEWED, "long")
    )


@bp.get("/help", endpoint="help")
@guard.anyone
@for_everybody
def help_page() -> str:
    """How to write a good tip, what happens with it, and help for those whom this touches."""
    return render_template("public/info/help.html", profile=config.current().profile)


@bp.get("/emergency")
@guard.anyone
@for_everybody
def emergency() -> str:
    """Numbers to call: those shared by many countries, and those of one."""
    known, locale = helplines.helplines(), current_language().locale
    chosen = _chosen(request.args.get("country", ""), locale)
    return render_template(
        "public/info/emergency.html",
        numbers=tuple(map(_number, known.everywhere)),
        countries=_countries(locale),
        chosen=chosen,
        checked=format_date(known.countries[chosen.code].checked, "long") if chosen else "",
        hotlines=known.hotlines,
    )


@bp.get("/children")
@guard.anyone
@for_everybody
def children() -> str:
    """For a child of ten: what this is, whom to call, and that nothing is their fault."""
    return render_template("public/info/children.html")


@bp.get("/cookies")
@guard.anyone
@for_everybody
def cookies() -> str:
    """The one cookie."""
    return render_template("public/info/cookies.html")


@bp.get("/leave")
@guard.anyone
def leave() -> Any:
    """Out, to a page that nobody wonders about. Expires the cookie, so that a draft is unreadable at once.

    Changes no row (SECURITY 18): what was written goes with the clock.
    """
    session.clear()
    answer: Response = redirect(helplines.helplines().leave_to, code=303)  # type: ignore[assignment]
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/leave-info")
@guard.anyone
@for_everybody
def leave_info() -> str:
    """What leaving quickly does, and what it cannot do."""
    return render_template(
        "public/info/leave_info.html", onion=config.current().onion, tor_browser=helplines.helplines().tor_browser
    )
