"""The statistics as both desks' doors show them: what was asked for, the words, and the same as a file."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from flask import Response, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from tipline import languages
from tipline.services import countries, queue
from tipline.services import statistics as figures
from tipline.services.statistic_reports import Report, Stretch
from tipline.web import charts, tip_words

TITLES = {
    figures.LANGUAGE: _l("By language of the tip"),
    figures.EXHIBIT: _l("By object"),
    figures.COUNTRY: _l("By claimed country"),
    figures.DISPOSITION: _l("By how they ended"),
    figures.FIRST_LOOK: _l("Time until the first look"),
}
NOTES = {
    figures.LANGUAGE: _l("Tips that arrived, by the language that their senders chose."),
    figures.EXHIBIT: _l("Tips that arrived, by the object that they are about."),
    figures.COUNTRY: _l(
        "Tips that ended, by the countries that the desk had marked on them. A tip with two counts twice."
    ),
    figures.DISPOSITION: _l("Tips that ended, once for each time."),
    figures.FIRST_LOOK: _l("Tips that were opened for the first time, by how long they had waited."),
}
WAITS = {
    "1h": _l("Less than 1 hour"),
    "4h": _l("1 to 4 hours"),
    "1d": _l("4 hours to 1 day"),
    "3d": _l("1 to 3 days"),
    "7d": _l("3 to 7 days"),
    figures.LONGER: _l("7 days and longer"),
}
PERIODS = {7: _l("7 days"), 30: _l("30 days"), 90: _l("90 days"), 365: _l("12 months")}
USUAL = 30


def asked_days() -> int:
    """The period that the address asks for."""
    days = request.args.get("days", USUAL, type=int)
    return days if days in PERIODS else USUAL


def values(report: Report) -> dict[str, Any]:
    """What the page's template reads."""
    return {
        "report": report,
        "tables": {kind: _table(kind, report) for kind in figures.BREAKDOWNS},
        "titles": TITLES,
        "notes": NOTES,
        "periods": PERIODS,
        "days": asked_days(),
        "columns": lambda stretches: charts.columns([one.number for one in stretches]),
        "most": lambda stretches: max((one.number for one in stretches), default=0),
        "said": said,
        "name": stretch_name,
        "axis": (charts.WIDTH, charts.HEIGHT),
    }


def as_file(report: Report) -> Response:
    """The same numbers as a CSV file."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(("figure", "item", "number"))
    for title, stretches in ((_("Tips received"), report.received), (_("Tips ended"), report.closed)):
        lines.writerows((title, stretch_name(one), said(one.number) if one.counted else "") for one in stretches)
    for kind in figures.BREAKDOWNS:
        lines.writerows((TITLES[kind], _harmless(name), said(number)) for name, number, _ in _table(kind, report))
    lines.writerow((_("Days that the oldest tip has waited for its first look"), "", _days(report.oldest.unseen)))
    lines.writerow((_("Days that the oldest tip has waited for its end"), "", _days(report.oldest.unfinished)))
    name = f"tipline-statistics-{report.first.isoformat()}-{report.last.isoformat()}.csv"
    # With a byte order mark: spreadsheets take the file for another encoding without it.
    return Response(
        text.getvalue().encode("utf-8-sig"),
        content_type=_("text/csv; charset=utf-8"),
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


def said(number: int) -> str:
    """A number as people read it."""
    return f"{number:,}".replace(",", "\u202f")


def stretch_name(one: Stretch) -> str:
    """A day, or the first and last day of a week or month."""
    last = _day(one.last)
    return last if one.first == one.last else f"{_day(one.first)} to {last}"


def _table(kind: str, report: Report) -> list[tuple[str, int, float]]:
    """Names, numbers, and how long the bar beside each is; the largest first, but waiting times in their order."""
    cells = report.breakdowns[kind]
    names = _names(kind, [cell.name for cell in cells])
    most = max((cell.number for cell in cells), default=0)
    rows = [(names[cell.name], cell.number, charts.share(cell.number, most)) for cell in cells]
    return rows if kind == figures.FIRST_LOOK else sorted(rows, key=lambda row: (-row[1], row[0]))


def _names(kind: str, codes: Sequence[str]) -> dict[str, str]:
    if kind == figures.EXHIBIT:
        titles = queue.exhibit_titles(codes)
        return {
            code: titles.get(code, _("No object named") if code == figures.NONE else _("Not shown any more"))
            for code in codes
        }
    if kind == figures.LANGUAGE:
        return {code: _language(code) for code in codes}
    if kind == figures.COUNTRY:
        known = countries.countries()
        return {code: known[code].name if code in known else _("No country marked") for code in codes}
    words = WAITS if kind == figures.FIRST_LOOK else tip_words.DISPOSITIONS
    return {code: words.get(code, code) for code in codes}


def _language(code: str) -> str:
    term = languages.by_id(int(code))
    return term.label if term is not None else _("Unknown")


def _day(day: dt.date) -> str:
    return f"{day:%d %b %Y}"


def _days(number: int | None) -> str:
    return "" if number is None else str(number)


def _harmless(name: str) -> str:
    """A title that a spreadsheet would take for a formula stays a title."""
    return f"'{name}" if name.startswith(("=", "+", "-", "@")) else name
