"""The queue: what is in clear of a desk's tips, page by page."""

from __future__ import annotations

import contextlib
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug import Response

from tipline import clock, languages
from tipline.errors import BadInput, ReasonNeeded
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import (
    added,
    bulk,
    comparing,
    decisions,
    excerpts,
    labels,
    messages,
    note_calls,
    presence,
    queue,
    reading,
    tips,
    work_settings,
)
from tipline.services.queue import Filter
from tipline.staff import bp, filters, pace, words
from tipline.staff.forms_tip import ReasonForm, refuse
from tipline.web import guard
from tipline.web.cleaning import clean_line
from tipline.web.forms import check_token


@bp.get("/", endpoint="queue")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def queue_page() -> str | Response:
    """The tips of one desk within the filter."""
    wanted = filters.current()
    if wanted is None:
        return render_template("staff/queue/no_desk.html")
    shows_excerpts = excerpts.are_on(g.person)
    if shows_excerpts:
        db.begin_writing()  # what is shown is logged
    with reading.of_one_page():
        values = _page(wanted)
    if shows_excerpts:
        shown = [line.tip for line in values["page"].lines]
        with contextlib.suppress(ReasonNeeded):  # it was given at a desk that this person has left since
            values["excerpts"] = excerpts.excerpts(g.person, shown, clock.now())
    db.session.commit()
    return render_template("staff/queue/queue.html", **values)


@bp.route("/excerpts", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def excerpts_on() -> str | Response:
    """Why excerpts are to be shown in this session."""
    wanted = filters.current()
    if wanted is None:
        return redirect(url_for("staff.queue"))
    form = ReasonForm()
    if form.validate_on_submit():
        try:
            excerpts.switch_on(
                g.person, wanted.desk_id, form.reason_code.data, form.reason_text.data or "", clock.now()
            )
        except BadInput as refused:
            refuse(form, refused)
        else:
            db.session.commit()
            return redirect(url_for("staff.queue", **filters.address(wanted)), code=303)
    return render_template("staff/queue/excerpts.html", form=form, back=filters.address(wanted))


@bp.post("/excerpts/off")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def excerpts_off() -> str | Response:
    """Show no more excerpts."""
    check_token()
    excerpts.switch_off(g.person)
    db.session.commit()
    flash(_("Excerpts are off."), "done")
    wanted = filters.current()
    return redirect(url_for("staff.queue", **filters.address(wanted) if wanted else {}), code=303)


def _page(wanted: Filter) -> dict[str, Any]:
    after, before = (clean_line(request.args.get(name, "")[:16]) for name in ("after", "before"))
    found, now = queue.page(g.person, wanted, after=after, before=before), clock.now()
    known = labels.of_desk(g.person, wanted.desk_id)
    return {
        "page": found,
        "count": _count_words(queue.count(g.person, wanted)),
        "new": queue.count_new(g.person, wanted.desk_id),
        "wanted": wanted,
        "address": filters.address(wanted),
        "narrowed": filters.is_narrowed(wanted),
        "desks": filters.desks(),
        "choices": _choices(wanted, known),
        "excerpts": None,
        "labels": {one.id: one for one in known},
        "views": pace.view_links(wanted.desk_id),
        "undoable": bulk.last(g.person, wanted.desk_id, now),
        "holders": presence.holders([line.tip.id for line in found.lines], now),
        "keys_on": work_settings.read(g.person).keys_on,
        "unopened": added.count_unopened(g.person, wanted.desk_id),
        "uncompared": comparing.count_waiting(wanted.desk_id, queue.MOST_COUNTED),
        "waiting": decisions.count_waiting(g.person, wanted.desk_id, now),
        "calls": note_calls.count(g.person),
        "now": now,
        "has_conversation": messages.has_conversation(),
        "words": words,
        "new_words": pace.new_words,
        "language_of": languages.by_id,
    }


def _choices(wanted: Filter, known: tuple[labels.Label, ...]) -> dict[str, list[tuple[str, str]]]:
    people = [(one, name) for one, name in tips.members(wanted.desk_id) if one != g.person.id]
    return {
        "status": [
            (queue.OPEN, _("All that are open")),
            (queue.ADDED, _("Something was added")),
            *words.STATUSES.items(),
        ],
        "lane": [("", _("All")), *((lane, words.lane_word(lane)) for lane in words.LANES)],
        "language": [("", _("All")), *((str(term.id), term.label) for term in sorted_terms())],
        "exhibit": [("", _("All")), *queue.exhibits_of(wanted.desk_id)],
        "assignee": [("", _("Everybody")), (queue.ME, _("Me")), (queue.NOBODY, _("Nobody yet")), *people],
        "label": [("", _("All")), *((one.id, one.name) for one in known)],
        "age": [("", _("At any time")), *words.AGES.items()],
    }


def sorted_terms() -> list[languages.Language]:
    """The 32 terms by their English label, "Other" last."""
    return sorted(languages.TERMS, key=lambda term: (term is languages.OTHER, term.label))


def _count_words(count: queue.Count) -> str:
    number = f"{count.number:,}".replace(",", "\u202f")
    if count.more and count.number >= queue.MOST_COUNTED:
        return _("More than %(number)s tips", number=number)
    if count.more:
        return _("%(number)s or more tips", number=number)
    return ngettext("%(number)s tip", "%(number)s tips", count.number, number=number)
