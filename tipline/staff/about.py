"""What the desk reads out of a tip: people, countries, translations; and the facts that are held back of an exhibit."""

from __future__ import annotations

from flask import flash, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug import Response

from tipline import clock
from tipline.extensions import db
from tipline.roles import Role
from tipline.services import claimed_places, hold_backs, persons_mentioned, tip_translations
from tipline.staff import bp
from tipline.staff.forms_about import FactForm, PersonForm, PlaceForm, TranslationForm
from tipline.staff.tip import act
from tipline.staff.work import press
from tipline.web import guard
from tipline.web.forms import check_token

both = guard.allow(Role.REVIEWER, Role.SUPERVISOR)


@bp.post("/tips/<ref>/persons")
@both
def mention_person(ref: str) -> str | Response:
    """Write down a person whom the tip names."""
    form = PersonForm()
    return act(
        ref,
        form,
        lambda opened: persons_mentioned.mention(opened, form.said(), clock.now()),
        _("The person is entered."),
    )


@bp.post("/tips/<ref>/persons/<mention_id>/remove")
@both
def remove_person(ref: str, mention_id: str) -> Response:
    """Erase what was written down of a person."""
    return press(
        ref, lambda opened: persons_mentioned.remove(opened, mention_id, clock.now()), _("The person is taken out.")
    )


@bp.post("/tips/<ref>/places")
@both
def put_place(ref: str) -> str | Response:
    """Say which country is which."""
    form = PlaceForm()
    return act(
        ref,
        form,
        lambda opened: claimed_places.put(opened, form.meaning.data, form.country.data, clock.now()),
        _("The country is set."),
    )


@bp.post("/tips/<ref>/places/<meaning>/<country>/remove")
@both
def take_place_away(ref: str, meaning: str, country: str) -> Response:
    """Take a country away again."""
    return press(
        ref,
        lambda opened: claimed_places.take_away(opened, meaning, country, clock.now()),
        _("The country is taken away."),
    )


@bp.post("/tips/<ref>/translations")
@both
def translate_tip(ref: str) -> str | Response:
    """Enter a translation."""
    form = TranslationForm()
    return act(
        ref,
        form,
        lambda opened: tip_translations.translate(
            opened, form.translation_language.data, form.made_by.data, form.translation.data, clock.now()
        ),
        _("The translation is entered."),
    )


@bp.route("/exhibits/<ref>/held-back", methods=["GET", "POST"])
@guard.allow(Role.REVIEWER, Role.SUPERVISOR, logs=True)
def held_back(ref: str) -> str | Response:
    """What is known of an exhibit and not published."""
    now = clock.now()
    held = hold_backs.exhibit(g.person, ref)
    form = FactForm()
    if form.validate_on_submit():
        hold_backs.add(g.person, held, form.fact.data, now)
        db.session.commit()
        flash(_("The fact is held back. It stands beside every tip about this object."), "done")
        return redirect(url_for("staff.held_back", ref=ref), code=303)
    facts = hold_backs.facts(g.person, held, now)
    db.session.commit()
    return render_template("staff/tip/held_back.html", exhibit=held, facts=facts, form=form)


@bp.post("/exhibits/<ref>/held-back/<fact_id>/remove")
@both
def remove_fact(ref: str, fact_id: str) -> Response:
    """Erase a fact by its key."""
    check_token()
    hold_backs.remove(g.person, hold_backs.exhibit(g.person, ref), fact_id, clock.now())
    db.session.commit()
    flash(_("The fact is erased."), "done")
    return redirect(url_for("staff.held_back", ref=ref), code=303)
