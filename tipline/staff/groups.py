"""Groups of tips that give the same answer: compare what is new, look at a group, put right what is wrong in it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug import Response

from tipline import clock, languages
from tipline.errors import BadInput, NotFound, ReasonNeeded, WrongState
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import bulk, comparing, excerpts, groups
from tipline.staff import bp, filters, words
from tipline.staff.forms_groups import REFUSALS, CloseGroupForm, MergeForm, SourcesForm
from tipline.staff.many import told
from tipline.web import guard
from tipline.web.cleaning import clean_line
from tipline.web.forms import TiplineForm, check_token

AT_ONCE = 2.0  # seconds of comparing at one press
both = guard.allow(Role.REVIEWER, Role.SUPERVISOR)


@bp.get("/groups", endpoint="groups")
@both
def groups_page() -> str:
    """The groups of one desk, and how many tips wait to be compared."""
    wanted = filters.current()
    if wanted is None:
        return render_template("staff/queue/no_desk.html")
    found = groups.of_desk(g.person, wanted.desk_id)
    waits = comparing.count_waiting(wanted.desk_id)
    return render_template(
        "staff/groups/groups.html", groups=found, waits=waits, wanted=wanted, desks=filters.desks(), words=words
    )


@bp.post("/groups/compare")
@both
def compare_tips() -> Response:
    """Compare new tips for a moment, with the last ones make the groups; the script presses on until none waits."""
    check_token()
    wanted = filters.current()
    if wanted is None:
        raise NotFound
    until = time.monotonic() + AT_ONCE
    waiting = True
    while waiting and time.monotonic() < until:
        db.begin_writing()
        waiting = comparing.step(g.person, wanted.desk_id, clock.now()).waiting > 0
        db.session.commit()
    if not waiting:
        found = comparing.answers(g.person, wanted.desk_id)
        db.begin_writing()
        comparing.keep(wanted.desk_id, found, clock.now())
        db.session.commit()
    return redirect(url_for("staff.groups", desk=wanted.desk_id), code=303)


@bp.get("/groups/<group_id>")
@both
def group(group_id: str) -> str:
    """One group: what its tips have in common, and the tips."""
    return _show(group_id)


@bp.post("/groups/<group_id>/lead")
@both
def lead_group(group_id: str) -> Response:
    """Let another tip stand for the group in the queue."""
    check_token()
    ref = clean_line(request.form.get("ref", "")[:16]) or ""
    try:
        groups.choose_lead(g.person, group_id, ref, clock.now())
    except WrongState:
        db.session.rollback()
        flash(_("Only an open tip of the group can stand for it. Nothing was changed."), "note")
    else:
        db.session.commit()
        flash(_("%(ref)s stands for the group now.", ref=ref), "done")
    return _back(group_id)


@bp.post("/groups/<group_id>/part")
@both
def part_group(group_id: str) -> Response:
    """Take the ticked tips out: each by itself, or as a group of their own."""
    check_token()
    refs = [ref for given in request.form.getlist("ref") if (ref := clean_line(given[:16]))]
    made = group_id
    try:
        if request.form.get("act") == "split":
            made = groups.split(g.person, group_id, refs, clock.now())
            said = _("The ticked tips are a group of their own now. To undo it, join the two groups again.")
        else:
            number = groups.take_out(g.person, group_id, refs, clock.now())
            said = ngettext(
                "%(num)s tip stands by itself now. To undo it, join it with the group again.",
                "%(num)s tips stand by themselves now. To undo it, join them with the group again.",
                number,
            )
    except BadInput as refused:
        db.session.rollback()
        flash(REFUSALS[refused.field, refused.reason] + ".", "note")
    else:
        db.session.commit()
        flash(said, "done")
    return _back(made)


@bp.post("/groups/<group_id>/merge")
@both
def merge_group(group_id: str) -> str | Response:
    """Join a tip, with the group that it is in, to this group."""
    form = MergeForm()

    def join() -> str:
        number = groups.merge(g.person, group_id, (clean_line(form.ref.data or "") or "").upper(), clock.now())
        return ngettext("%(num)s tip came to this group.", "%(num)s tips came to this group.", number)

    return _act(group_id, "merge", form, join)


@bp.post("/groups/<group_id>/sources")
@both
def set_sources(group_id: str) -> str | Response:
    """Say from how many independent sources the answer came."""
    form = SourcesForm()

    def say() -> str:
        raw = (form.sources.data or "").strip()
        groups.set_sources(g.person, group_id, int(raw) if raw.isascii() and raw.isdecimal() else 0, clock.now())
        return _("The number of independent sources is kept.")

    return _act(group_id, "sources", form, say)


@bp.post("/groups/<group_id>/close")
@both
def close_group(group_id: str) -> str | Response:
    """Close the group's open tips with one reason, each of them checked and logged by itself."""
    form = CloseGroupForm()

    def close() -> str:
        found = groups.read(g.person, group_id)
        disposition, reason = form.disposition.data, form.disposition_reason.data
        return told(
            bulk.dispose(g.person, found.desk_id, groups.open_refs(found), disposition, reason, clock.now()), "closed"
        )

    return _act(group_id, "close", form, close)


@bp.get("/first-hand")
@both
def first_hand() -> str:
    """The open tips that say they are first-hand, and by what."""
    wanted = filters.current()
    if wanted is None:
        return render_template("staff/queue/no_desk.html")
    found = groups.first_hand_of(g.person, wanted.desk_id)
    return render_template(
        "staff/groups/first_hand.html", tips=found, wanted=wanted, words=words, language_of=languages.by_id
    )


@bp.post("/first-hand/<ref>/unmark")
@both
def unmark_first_hand(ref: str) -> Response:
    """Say that a tip is not first-hand."""
    check_token()
    try:
        groups.unmark_first_hand(g.person, ref, clock.now())
    except WrongState:
        db.session.rollback()
        flash(_("This tip carries no such mark any more."), "note")
    else:
        db.session.commit()
        flash(_("%(ref)s rises no more.", ref=ref), "done")
    wanted = filters.current()
    return redirect(url_for("staff.first_hand", desk=wanted.desk_id if wanted else None), code=303)


def _act(group_id: str, name: str, form: TiplineForm, do: Callable[[], str]) -> str | Response:
    if form.validate_on_submit():
        try:
            said = do()
        except BadInput as refused:
            db.session.rollback()
            field = refused.field if refused.field in form else next(iter(form)).name
            form.add_error(field, REFUSALS.get((refused.field, refused.reason), _("Choose something else here")))
        else:
            db.session.commit()
            flash(said, "done")
            return _back(group_id)
    return _show(group_id, {name: form})


def _show(group_id: str, failing: dict[str, TiplineForm] | None = None) -> str:
    found = groups.read(g.person, group_id)
    after = clean_line(request.args.get("after", "")[:16]) or None
    shown, older = groups.members(found, after)
    forms: dict[str, TiplineForm] = {
        "merge": MergeForm(formdata=None),
        "sources": SourcesForm(formdata=None, data={"sources": str(found.sources or "")}),
        "close": CloseGroupForm(formdata=None),
    }
    values: dict[str, Any] = {"group": found, "members": shown, "older": older, "after": after}
    return render_template(
        "staff/groups/group.html",
        forms=forms | (failing or {}),
        form=next(iter(failing.values())) if failing else None,
        excerpts=_excerpts(shown),
        language_of=languages.by_id,
        words=words,
        **values,
    )


def _excerpts(shown: tuple[groups.Member, ...]) -> dict[str, str] | None:
    """What the tips say, where this session shows excerpts; each one is logged."""
    if not excerpts.are_on(g.person):
        return None
    told_of: dict[str, str] = {}
    with contextlib.suppress(ReasonNeeded):
        db.begin_writing()
        told_of = dict(excerpts.excerpts(g.person, [member.tip for member in shown], clock.now()))
        db.session.commit()
    return told_of


def _back(group_id: str) -> Response:
    """To the group, or to all of them where it is gone."""
    try:
        groups.read(g.person, group_id)
    except NotFound:
        return redirect(url_for("staff.groups"), code=303)
    return redirect(url_for("staff.group", group_id=group_id), code=303)
