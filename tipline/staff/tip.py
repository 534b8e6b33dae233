"""One tip: the reason for opening it, what was sent on the left, the work on it on the right."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from flask import flash, g, redirect, render_template, url_for
from flask_babel import lazy_gettext as _l
from werkzeug import Response

from tipline import clock, languages
from tipline.errors import BadInput, NotAllowed, OpenElsewhere, ReasonNeeded, WrongState
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import (
    access,
    dossier,
    messages,
    presence,
    queue,
    reading,
    safeguarding,
    summaries,
    tips,
    welfare,
)
from tipline.services.access import OpenTip, TipFacts
from tipline.services.countries import name_of
from tipline.services.dossier import Dossier
from tipline.services.queue import Filter
from tipline.services.statuses import Lane
from tipline.staff import about_words, beside, bp, filters, history_words, showing, words
from tipline.staff.forms_about import AboutForm, about_forms
from tipline.staff.forms_tip import Codes, Filled, ReasonForm, page_forms, refuse
from tipline.web import guard
from tipline.web.forms import TiplineForm

# What somebody reads whose step came second: their own second click, or a colleague's first.
MOVED_ON = _l("This tip has moved on in the meantime, so nothing was changed. Look at its history")
OPEN_ELSEWHERE = _l("A colleague has this tip open, so nothing was changed. Take it over first, or leave it to them")


@bp.get("/tips/<ref>")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True)
def tip(ref: str) -> str | Response:
    """The tip, once this person has said why; before that the question, or whom it is left to."""
    try:
        return show(ref)
    except ReasonNeeded:
        return _ask(ref, ReasonForm(formdata=None))
    except NotAllowed:
        facts = access.see_tip(g.person, ref)
        if safeguarding.may_read(g.person, facts.desk_id, facts.lane):
            raise
        named = [name for _id, name in tips.members(facts.desk_id, facts.lane)]
        return render_template("staff/tip/left.html", tip=facts, names=named, address=carried(facts))


@bp.post("/tips/<ref>/open")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def open_tip(ref: str) -> str | Response:
    """The reason for the first look under this assignment."""
    form = ReasonForm()
    return back_to(ref) if is_opened(ref, form) else _ask(ref, form)


def is_opened(ref: str, form: ReasonForm) -> bool:
    """Whether a reason was sent that opens the tip; commits. A refusal stands beside its field."""
    if not form.validate_on_submit():
        return False
    try:
        access.open_tip(g.person, ref, form.reason_code.data, form.reason_text.data or "", clock.now())
    except BadInput as refused:
        refuse(form, refused)
        return False
    db.session.commit()
    return True


@bp.route("/tips/<ref>/identity", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, fresh=True)
def identity(ref: str) -> str | Response:
    """Who sent the tip, for a supervisor with a reason, right after typing the password."""
    form = ReasonForm()
    facts = access.see_tip(g.person, ref)
    if form.validate_on_submit():
        try:
            found = access.open_identity(g.person, ref, form.reason_code.data, form.reason_text.data or "", clock.now())
        except BadInput as refused:
            refuse(form, refused)
        else:
            db.session.commit()
            return render_template("staff/tip/identity.html", tip=facts, identity=found, address=carried(facts))
    return render_template("staff/tip/identity_reason.html", tip=facts, form=form, address=carried(facts))


def show(ref: str, failing: TiplineForm | None = None) -> str:
    """The page of an opened tip, with the log entry of the look committed before it is drawn."""
    now = clock.now()
    with reading.of_one_page():
        found = dossier.read(access.access_tip(g.person, ref, now=now), now)
        wanted = _filter_for(found.tip)
        newer, older = queue.neighbours(g.person, wanted, ref)
        around = beside.around(found.tip, now)
    db.session.commit()
    return render_template(
        "staff/tip/tip.html",
        dossier=found,
        tip=found.tip,
        forms={**page_forms(failing, _codes(found.tip, now), _filled(found)), **about_forms(failing)},
        about_words=about_words,
        country_name=name_of,
        form=failing,
        newer=newer,
        older=older,
        address=filters.address(wanted),
        is_supervisor=Role.SUPERVISOR in g.person.roles,
        language=languages.ENGLISH,
        tip_language=languages.by_id(found.tip.tip_language),
        form_language=languages.by_tag(found.tip.ui_language),
        names=dict(found.members),
        happened=history_words.NAMES,
        language_of=languages.by_tag,
        language_by_id=languages.by_id,
        has_conversation=messages.has_conversation(),
        words=words,
        waits=words.waits(found.tip.received_at, now),
        **around,
    )


def at_work(ref: str, *, beside_others: bool = False) -> OpenTip:
    """The opened tip, for a change of it. Raises OpenElsewhere while a colleague whom it could disturb has it open."""
    now = clock.now()
    opened = access.access_tip(g.person, ref, now=now)
    if not beside_others:
        presence.check(g.person, opened.tip.id, now)
    return opened


def act(
    ref: str, form: TiplineForm, do: Callable[[OpenTip], Any], done: str, *, beside_others: bool = False
) -> str | Response:
    """Do something with an opened tip and come back to it; what is refused stands beside its field."""
    if form.validate_on_submit():
        try:
            do(at_work(ref, beside_others=beside_others))
        except BadInput as refused:
            db.session.rollback()
            form.refuse(refused) if isinstance(form, AboutForm) else refuse(form, refused)
        except OpenElsewhere:
            db.session.rollback()
            form.form_errors.append(OPEN_ELSEWHERE)
        except WrongState:
            db.session.rollback()
            form.form_errors.append(MOVED_ON)
        else:
            db.session.commit()
            flash(done, "done")
            return back_to(ref)
    return show(ref, form)


def back_to(ref: str) -> Response:
    """To the tip's page, within the filter that one came from."""
    wanted = filters.current()
    return redirect(url_for("staff.tip", ref=ref, **filters.address(wanted) if wanted else {}), code=303)


def carried(facts: TipFacts) -> dict[str, Any]:
    """The filter's part of the addresses on a tip's pages."""
    return filters.address(_filter_for(facts))


def _ask(ref: str, form: ReasonForm) -> str:
    facts = access.see_tip(g.person, ref)
    titles = queue.exhibit_titles([facts.exhibit_id])
    return render_template(
        "staff/tip/reason.html",
        tip=facts,
        exhibit=titles.get(facts.exhibit_id or ""),
        form=form,
        address=carried(facts),
        tip_language=languages.by_id(facts.tip_language),
        words=words,
        is_summed_up=summaries.has_summary(facts.id),
        left_out=welfare.read(g.person, clock.now()).left_out,
    )


def _filter_for(facts: TipFacts) -> Filter:
    wanted = filters.current()
    return wanted if wanted and wanted.desk_id == facts.desk_id else Filter(desk_id=facts.desk_id)


def _codes(tip: TipFacts, now: dt.datetime) -> Codes:
    return {
        "grade": {"source_code": tip.source_code, "information_code": tip.information_code},
        "statement": {"as_of": now.date()},
    }


def _filled(found: Dossier) -> Filled:
    sanitised = found.sanitised.value["text"] if found.sanitised else showing.defanged(found.answers.narrative)
    return {
        "assign": {"members": _assignable(found), "data": {"assignee": found.tip.assignee_id or ""}},
        "lane": {"data": {"lane": found.tip.lane}},
        "sanitised": {"data": {"sanitised": sanitised}},
    }


def _assignable(found: Dossier) -> tuple[tuple[str, str], ...]:
    is_its_own = found.tip.lane == Lane.SAFEGUARDING
    return tips.members(found.tip.desk_id, found.tip.lane) if is_its_own else found.members


bp.add_app_template_filter(showing.visible)
bp.add_app_template_filter(showing.defanged)
bp.add_app_template_filter(showing.file_name)
bp.add_app_template_filter(showing.file_size)
