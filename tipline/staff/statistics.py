"""The desk's figures: of one's own desks, of no person."""

from __future__ import annotations

from flask import Response, g, render_template, request

from tipline import clock
from tipline.roles import Role
from tipline.services import desks, statistic_reports
from tipline.services.statistic_reports import Report
from tipline.staff import bp
from tipline.web import guard, statistic_pages


@bp.get("/statistics")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def statistics() -> str:
    """The figures of a period."""
    mine = desks.desks_of(g.person)
    return render_template(
        "staff/statistics/statistics.html", desks=mine, desk=_asked_desk(), **statistic_pages.values(_report())
    )


@bp.get("/statistics.csv")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def statistics_file() -> Response:
    """The same as a file."""
    return statistic_pages.as_file(_report())


def _report() -> Report:
    asked = _asked_desk()
    chosen = [asked] if asked else [desk.id for desk in desks.desks_of(g.person)]
    return statistic_reports.read_report(chosen, statistic_pages.asked_days(), clock.now())


def _asked_desk() -> str:
    """The one of one's own desks that the address names; empty for all of them."""
    asked = request.args.get("desk", "")
    return asked if asked in {desk.id for desk in desks.desks_of(g.person)} else ""
