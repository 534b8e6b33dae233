"""Search in the tips of one desk: the reason, the words, what was found, and how far the index is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response as FlaskResponse
from flask import current_app, g, make_response, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock, languages
from tipline.errors import BadInput, ReasonNeeded
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import kept_searches, labels, queue, search_words, searching, session_reasons, tips
from tipline.services.kept_searches import Kept
from tipline.services.queue import Filter
from tipline.services.searching import Narrowing
from tipline.staff import bp, filters, search_showing, words
from tipline.staff.forms_search import SearchForm
from tipline.staff.forms_tip import ReasonForm, refuse
from tipline.staff.search_keeper import Keeper, Ready
from tipline.web import guard
from tipline.web.cleaning import clean_line

KEEPER = "tipline_search"
RELOAD_SECONDS = 2


@bp.record_once
def _set_up(state: BlueprintSetupState) -> None:
    """One keeper for each application; its watching thread would outlive a test."""
    state.app.extensions[KEEPER] = Keeper(watches=not state.app.testing)


@bp.after_app_request
def _sweep(response: FlaskResponse) -> FlaskResponse:
    """Whoever signs out may have been the last one of a desk: then its index goes at once."""
    if request.method == "POST" and request.blueprint == "signin":
        _keeper().sweep(clock.now())
    return response


@bp.get("/search")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def search() -> str | Response:
    """The words to search for, the last searches of this session, and how much can be searched already."""
    return _page(SearchForm(formdata=None))


@bp.post("/search")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def search_for() -> str | Response:
    """Keep the words for this session and go to what they find."""
    form, wanted = SearchForm(), filters.current()
    if wanted is not None and form.validate_on_submit():
        try:
            search_id = kept_searches.keep(g.person, wanted.desk_id, form.words.data, clock.now())
        except BadInput as refused:
            form.refuse(refused)
        else:
            db.session.commit()
            return redirect(url_for("staff.searched", search_id=search_id, **_address(wanted)), code=303)
    db.session.commit()
    return _page(form)


@bp.get("/search/<search_id>")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def searched(search_id: str) -> str | Response:
    """What one of this session's searches finds, page by page; each page is logged."""
    kept = kept_searches.read(g.person, search_id)
    wanted = filters.current()
    if wanted is None or not session_reasons.is_given(g.person, "search"):
        return redirect(url_for("staff.search_on"))
    now = clock.now()
    ready = _keeper().ready(g.person, kept.desk_id, now)
    asked, narrowing = search_words.read(kept.typed), _narrowing(wanted)
    after = clean_line(request.args.get("after", "")[:16]) or None
    db.session.rollback()
    db.begin_writing()  # what is found is logged
    try:
        found = searching.search(g.person, ready.index, ready.seeds, asked, narrowing, now, after=after)
    except ReasonNeeded:  # it was given at a desk that this person has left since
        return redirect(url_for("staff.search_on"))
    db.session.commit()
    shown = [(hit, search_showing.excerpts(hit.texts, asked)) for hit in found.hits]
    form = SearchForm(formdata=None, data={"words": kept.typed})
    values = _values(kept.desk_id, ready, form) | {"found": found, "shown": shown, "kept": kept, "after": after}
    return render_template("staff/search/found.html", **values, **_filter_values(wanted, kept, narrowing))


@bp.get("/search/progress")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def search_progress() -> str | Response:
    """How many tips can be searched already; it asks for itself again until all can be."""
    wanted = filters.current()
    if wanted is None or not session_reasons.is_given(g.person, "search"):
        return redirect(url_for("staff.search"))
    ready = _keeper().ready(g.person, wanted.desk_id, clock.now())
    if ready.is_whole:
        return redirect(url_for("staff.search", desk=wanted.desk_id))
    page = render_template("staff/search/progress.html", ready=ready, desk_id=wanted.desk_id)
    response = make_response(page)
    response.headers["Refresh"] = str(RELOAD_SECONDS)
    return response


@bp.route("/search/reason", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def search_on() -> str | Response:
    """Why this person searches in this session."""
    wanted = filters.current()
    if wanted is None:
        return redirect(url_for("staff.queue"))
    form = ReasonForm()
    if form.validate_on_submit():
        reason = (form.reason_code.data, form.reason_text.data or "")
        try:
            searching.switch_on(g.person, wanted.desk_id, *reason, clock.now())
        except BadInput as refused:
            refuse(form, refused)
        else:
            db.session.commit()
            return redirect(url_for("staff.search_progress", desk=wanted.desk_id), code=303)
    return render_template("staff/search/reason.html", form=form, desk_id=wanted.desk_id)


def _page(form: SearchForm) -> str | Response:
    wanted = filters.current()
    if wanted is None:
        return render_template("staff/queue/no_desk.html")
    if not session_reasons.is_given(g.person, "search"):
        return redirect(url_for("staff.search_on", desk=wanted.desk_id))
    ready = _keeper().ready(g.person, wanted.desk_id, clock.now())
    recent = [one for one in kept_searches.recent(g.person) if one.desk_id == wanted.desk_id]
    return render_template("staff/search/search.html", recent=recent, **_values(wanted.desk_id, ready, form))


def _values(desk_id: str, ready: Ready, form: SearchForm) -> dict[str, Any]:
    return {"form": form, "ready": ready, "desk_id": desk_id, "desks": filters.desks(), "words": words}


def _filter_values(wanted: Filter, kept: Kept, narrowing: Narrowing) -> dict[str, Any]:
    people = [(one, name) for one, name in tips.members(kept.desk_id) if one != g.person.id]
    return {
        "address": _address(wanted) | {"search_id": kept.id},
        "chosen": _address(wanted),
        "narrowed": narrowing != Narrowing(),
        "language_of": languages.by_id,
        "choices": {
            "status": [("", _("All")), (queue.OPEN, _("All that are open")), *words.STATUSES.items()],
            "language": [("", _("All")), *((str(term.id), term.label) for term in languages.TERMS)],
            "exhibit": [("", _("All")), *queue.exhibits_of(kept.desk_id)],
            "lane": [("", _("All")), *((lane, words.lane_word(lane)) for lane in words.LANES)],
            "assignee": [("", _("Everybody")), (queue.ME, _("Me")), (queue.NOBODY, _("Nobody yet")), *people],
            "label": [("", _("All")), *((one.id, one.name) for one in labels.of_desk(g.person, kept.desk_id))],
            "age": [("", _("At any time")), *words.AGES.items()],
        },
    }


def _narrowing(wanted: Filter) -> Narrowing:
    """The queue's filter; but a search looks at closed tips too, unless it is told not to."""
    return Narrowing(
        status=_status(),
        language=wanted.language,
        exhibit_id=wanted.exhibit_id,
        lane=wanted.lane,
        assignee=wanted.assignee,
        label_id=wanted.label_id,
        age=wanted.age,
        has_files=wanted.has_files,
        unproven=wanted.unproven,
    )


def _status() -> str | None:
    status = request.args.get("status")
    return status if status == queue.OPEN or status in words.STATUSES else None


def _address(wanted: Filter) -> dict[str, Any]:
    parts = filters.address(replace(wanted, every=False)) | {"status": _status()}
    return {name: value for name, value in parts.items() if value is not None}


def _keeper() -> Keeper:
    keeper: Keeper = current_app.extensions[KEEPER]
    return keeper
