"""A colleague's summary of a tip, which can be read before the tip or instead of it."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug import Response

from tipline import clock
from tipline.errors import ReasonNeeded
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, summaries
from tipline.staff import bp, words
from tipline.staff.forms_tip import ReasonForm
from tipline.staff.tip import carried, is_opened
from tipline.web import guard
from tipline.web.forms import CountedTextField, Needed, TiplineForm


class SummaryForm(TiplineForm):
    """What the tip is about, for colleagues."""

    summary = CountedTextField(
        _l("What is this tip about, without what is hard to read?"),
        [Needed(_l("Write a few words about the tip"))],
        limit=summaries.LIMIT,
        description=_l(
            "For example: who says what about the object, whether somebody tells of abuse, what the files are."
        ),
    )


@bp.get("/tips/<ref>/summary")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True)
def summary(ref: str) -> str:
    """The summary, once this person has said why they look; before that the question."""
    try:
        return _page(ref, SummaryForm(formdata=None))
    except ReasonNeeded:
        return _ask(ref, ReasonForm(formdata=None))


@bp.post("/tips/<ref>/summary/open")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def open_summary(ref: str) -> str | Response:
    """The reason, with which the summary opens first."""
    form = ReasonForm()
    return _back(ref) if is_opened(ref, form) else _ask(ref, form)


@bp.post("/tips/<ref>/summary")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def write_summary(ref: str) -> str | Response:
    """Sum the tip up, or do it better."""
    form = SummaryForm()
    if not form.validate_on_submit():
        return _page(ref, form)
    now = clock.now()
    summaries.write_summary(access.access_tip(g.person, ref, now=now), form.summary.data, now)
    db.session.commit()
    flash(_("The summary is kept. Colleagues are offered it before they open the tip."), "done")
    return _back(ref)


def _back(ref: str) -> Response:
    return redirect(url_for("staff.summary", ref=ref, **carried(access.see_tip(g.person, ref))), code=303)


def _ask(ref: str, form: ReasonForm) -> str:
    facts = access.see_tip(g.person, ref)
    return render_template("staff/tip/summary_reason.html", tip=facts, form=form, address=carried(facts), words=words)


def _page(ref: str, form: SummaryForm) -> str:
    now = clock.now()
    opened = access.access_tip(g.person, ref, now=now)
    found = summaries.read_summary(opened, now)
    if found is not None and not form.is_submitted():
        form.summary.data = found.value["text"]
    db.session.commit()
    return render_template(
        "staff/tip/summary.html", tip=opened.tip, found=found, form=form, address=carried(opened.tip), words=words
    )
