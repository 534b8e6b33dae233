"""Referrals: what a reviewer proposes to hand over, what a second supervisor reads, and the building of the package."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.errors import BadInput, ReferralRefused, WrongState
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import access, authorities, covers, dossier, packages, packing, proposals
from tipline.services import referrals as service
from tipline.services.dossier import Dossier
from tipline.services.handovers import ANSWER_NAMES, LEGAL_BASES, PURPOSES, REQUESTS, URGENCIES
from tipline.staff import bp
from tipline.staff.forms_referrals import ReferralForm, ReturnForm, TipWishForm
from tipline.web import guard, referral_words
from tipline.web.cleaning import clean_line
from tipline.web.forms import check_token


@bp.get("/referrals")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def referrals() -> str | Response:
    """The desk's referrals, newest first; those that wait for this person on top."""
    if request.args.get("tip"):
        return redirect(url_for("staff.new_referral", tip=request.args["tip"]), 303)
    lines = service.list_referrals(g.person)
    supervisor = Role.SUPERVISOR in g.person.roles
    waiting = [line for line in lines if supervisor and line.state == "in_review" and not line.is_mine]
    return render_template("staff/referrals/referrals.html", lines=lines, waiting=waiting, words=referral_words)


@bp.route("/referrals/new", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True)
def new_referral() -> str | Response:
    """A new referral with its first tip: a draft, not proposed before its proposer has read what goes out."""
    found = _dossier(clean_line(request.args.get("tip")) or "")
    form = ReferralForm()
    form.offer_files(found.files)
    form.offer_authorities(authorities.usable_authorities(clock.now(), found.tip.desk_id))
    if form.validate_on_submit():
        try:
            ref = service.draft_referral(g.person, form.wish(), form.tip_wish(found.tip.ref), clock.now())
        except BadInput as refused:
            form.refuse(refused)
        else:
            db.session.commit()
            return redirect(url_for("staff.check_referral", ref=ref), 303)
    db.session.commit()
    return render_template("staff/referrals/new.html", form=form, found=found, shown=_shown(found))


@bp.route("/referrals/<ref>/tip", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True)
def add_referral_tip(ref: str) -> str | Response:
    """One more tip for a draft, or another choice for one that is in it."""
    draft = service.read_referral(g.person, ref, clock.now())
    found = _dossier(clean_line(request.args.get("tip")) or "")
    form = TipWishForm()
    form.offer_files(found.files)
    if form.validate_on_submit():
        try:
            service.add_tip(g.person, ref, form.tip_wish(found.tip.ref), clock.now())
        except BadInput as refused:
            form.refuse(refused)
        else:
            db.session.commit()
            return redirect(url_for("staff.check_referral", ref=ref), 303)
    db.session.commit()
    return render_template("staff/referrals/tip.html", form=form, found=found, draft=draft, shown=_shown(found))


@bp.route("/referrals/<ref>/check", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True, fresh=True)
def check_referral(ref: str) -> str | Response:
    """The proposer reads what would go out, and proposes it."""
    if request.method == "GET":
        return _read(ref, "staff/referrals/check.html", "drafted")
    check_token()
    try:
        reviewed = proposals.propose(g.person, ref, request.form.get("digest", ""), clock.now())
        db.session.commit()
        if not reviewed:
            _build(ref)
    except (ReferralRefused, WrongState) as refused:
        return _refused(ref, refused)
    flash(
        _("Proposed. A second supervisor reviews it now.")
        if reviewed
        else _("Proposed. It waits for an administrator."),
        "success",
    )
    return redirect(url_for("staff.referral", ref=ref), 303)


@bp.get("/referrals/<ref>")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True)
def referral(ref: str) -> str:
    """One referral: where it stands, and what can be done next."""
    found = service.read_referral(g.person, ref, clock.now())
    db.session.commit()
    return render_template(
        "staff/referrals/referral.html",
        found=found,
        words=referral_words,
        requests=REQUESTS,
        urgencies=URGENCIES,
        purposes=PURPOSES,
        bases=LEGAL_BASES,
        may_withdraw=found.line.is_mine or Role.SUPERVISOR in g.person.roles,
        may_review=Role.SUPERVISOR in g.person.roles and not found.line.is_mine,
    )


@bp.route("/referrals/<ref>/review", methods=["GET", "POST"])
@guard.allow(Role.SUPERVISOR, logs=True, fresh=True)
def review_referral(ref: str) -> str | Response:
    """A second supervisor reads what would go out, and agrees; the package is built in this request."""
    if request.method == "GET":
        return _read(ref, "staff/referrals/review.html", "in_review", ReturnForm(formdata=None))
    check_token()
    try:
        proposals.approve(g.person, ref, request.form.get("digest", ""), clock.now())
        db.session.commit()
        _build(ref)
    except (ReferralRefused, WrongState) as refused:
        return _refused(ref, refused)
    flash(_("Agreed and sealed. It waits for an administrator."), "success")
    return redirect(url_for("staff.referral", ref=ref), 303)


@bp.post("/referrals/<ref>/return")
@guard.allow(Role.SUPERVISOR, fresh=True)
def return_referral(ref: str) -> str | Response:
    """A second supervisor does not agree."""
    form = ReturnForm()
    if not form.validate_on_submit():
        return _read(ref, "staff/referrals/review.html", "in_review", form)
    proposals.return_referral(g.person, ref, form.reason.data, clock.now())
    db.session.commit()
    flash(_("Returned. Its tips can be proposed anew."), "success")
    return redirect(url_for("staff.referral", ref=ref), 303)


@bp.post("/referrals/<ref>/build")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, fresh=True)
def build_referral(ref: str) -> Response:
    """Build the package again after something went wrong while it was built."""
    check_token()
    try:
        _build(ref)
    except (ReferralRefused, WrongState) as refused:
        return _refused(ref, refused)
    flash(_("Sealed. It waits for an administrator."), "success")
    return redirect(url_for("staff.referral", ref=ref), 303)


@bp.post("/referrals/<ref>/withdraw")
@guard.allow(Role.REVIEWER, Role.SUPERVISOR)
def withdraw_referral(ref: str) -> Response:
    """Take a referral back before it is released; its sealed bytes go at once."""
    check_token()
    names = proposals.withdraw(g.person, ref, clock.now())
    db.session.commit()
    packages.discard(names)
    flash(_("Withdrawn. Nothing has left the house."), "success")
    return redirect(url_for("staff.referrals"), 303)


def _read(ref: str, template: str, state: str, form: ReturnForm | None = None) -> str | Response:
    """What would go out, logged as read before it is drawn; a referral in another state has a page of its own."""
    try:
        found = service.read_referral(g.person, ref, clock.now())
        if found.line.state != state:
            return redirect(url_for("staff.referral", ref=ref), 303)
        gathered = proposals.preview(g.person, ref, clock.now())
    except ReferralRefused as refused:
        return _refused(ref, refused)
    db.session.commit()
    return render_template(
        template,
        found=found,
        handover=gathered.handover,
        recipient=gathered.recipient,
        sections=covers.sections(gathered.handover),
        form=form,
    )


def _build(ref: str) -> None:
    """Three steps, so that the database is not locked while attachments are encrypted."""
    now = clock.now()
    gathered = proposals.gather(g.person, ref, now)
    db.session.commit()
    db.end()
    sealed = packing.seal_package(gathered.handover, gathered.recipient, now)
    db.begin_writing()
    proposals.keep_package(g.person, ref, sealed, gathered.recipient, now)
    db.session.commit()


def _dossier(tip_ref: str) -> Dossier:
    """The opened tip that a choice is made from; the look is logged."""
    return dossier.read(access.access_tip(g.person, tip_ref, now=clock.now()), clock.now())


def _shown(found: Dossier) -> list[tuple[str, str]]:
    """The answers that can be chosen, in words."""
    said = found.answers
    texts = (said.product, ", ".join(said.countries), said.years, said.place, "\n".join(said.links))
    return [*zip(ANSWER_NAMES.values(), texts, strict=False), (ANSWER_NAMES["shared_elsewhere"], said.shared_elsewhere)]


def _refused(ref: str, refused: ReferralRefused | WrongState) -> Response:
    db.session.rollback()
    if isinstance(refused, ReferralRefused):
        flash(_("It cannot go out. %(reason)s", reason=referral_words.refusal(refused.reason)), "note")
    else:  # a second click, or somebody else was first
        flash(_("This has moved on in the meantime, so nothing was changed. Look at where it stands now."), "note")
    return redirect(url_for("staff.referral", ref=ref), 303)
