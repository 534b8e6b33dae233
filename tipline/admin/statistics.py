"""The figures of the whole house, for administrators and auditors: no desk and no person by itself."""

from __future__ import annotations

from flask import Response, render_template

from tipline import clock
from tipline.admin import bp
from tipline.roles import Role
from tipline.services import statistic_reports
from tipline.services.statistic_reports import Report
from tipline.web import guard, statistic_pages


@bp.get("/statistics")
@guard.allow(Role.ADMINISTRATOR, Role.AUDITOR)
def statistics() -> str:
    """The figures of a period."""
    return render_template("admin/statistics/statistics.html", **statistic_pages.values(_report()))


@bp.get("/statistics.csv")
@guard.allow(Role.ADMINISTRATOR, Role.AUDITOR)
def statistics_file() -> Response:
    """The same as a file."""
    return statistic_pages.as_file(_report())


def _report() -> Report:
    return statistic_reports.read_report(statistic_reports.every_desk(), statistic_pages.asked_days(), clock.now())
