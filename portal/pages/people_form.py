"""One person of an organisation: who they are and whether they come into the portal, in one form."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk import contact_lists, contact_rules, languages, sites
from desk.acting import people as acts
from desk.acting.people import LABELS, Saved, Wanted, Wrong
from desk.acting.people_stage import Scope, person_of
from desk.acting.rules import Refused
from desk.catalogue import Item
from desk.clean import row_id
from desk.profile import ADDRESSES, MANDATORY, Profile
from portal import done
from portal.forms import Form
from portal.pages.people_scope import keeping, or_404, query, scope, wanted
from portal.visit import Portal, Row, Visit
from store.tables import Contact, Site

_DONE = {
    "added": "person_added",
    "added_access": "person_added_access",
    "saved": "saved",
    "access_given": "access_given",
    "access_taken": "access_taken",
}


_SEEN = "was"  # a form that says what stood in its fields has it
_OTHERS = ("level", "access", "muted", "site")


def name_of(label: str) -> str:
    """The name of the field for a label: “Email 2” is email_2."""
    return label.lower().replace(" ", "_")


_BY_LABEL = {label: name_of(label) for label in (*LABELS, "Level", "Access")}


def show_new(portal: Portal, visit: Visit) -> Response:
    """An empty form, with the address of the main site."""
    with portal.config.database.reading() as session:
        whose = scope(portal, visit, session)
        there = sites.of(session, whose.id)
        blank = contact_rules.with_place(there, Profile(0, level=portal.config.levels.usual.name))
    return _page(portal, visit, whose, blank, there)


def add(portal: Portal, visit: Visit) -> Response:
    """A new person."""
    try:
        with or_404(), keeping(portal, visit) as stage:
            saved = acts.add(stage, _wanted(visit))
    except Refused as error:
        return _again(portal, visit, Profile(0, level=""), error)
    return _onward(portal, visit, saved)


def show(portal: Portal, visit: Visit) -> Response:
    """The form with what is written of somebody. Staff who come from elsewhere need not know the organisation."""
    with portal.config.database.reading() as session:
        if visit.who.is_staff and wanted(visit) is None:
            return _where(portal, visit, session)
        whose, person = _person(portal, visit, session)
        there = sites.of(session, whose.id)
    return _page(portal, visit, whose, contact_rules.with_place(there, person), there)


def _where(portal: Portal, visit: Visit, session: Session) -> Response:
    contact = session.get(Contact, _id(visit))
    if contact is None or contact.organisation_id is None:
        raise HTTPException(404)
    return portal.redirect(f"/people/{contact.id}?organisation={contact.organisation_id}")


def save(portal: Portal, visit: Visit) -> Response:
    """What was filled in; or another letter with credentials."""
    contact_id, sends = _id(visit), visit.form.get("do") == "resend"
    try:
        with or_404(), keeping(portal, visit, contact_id) as stage:
            if sends:
                saved = acts.resend(stage, contact_id)
            else:
                person = person_of(stage.session, stage.scope, contact_id)
                saved = acts.change(stage, contact_id, _changed(visit, person))
    except Refused as error:
        with portal.config.database.reading() as session:
            _, person = _person(portal, visit, session)
        return _again(portal, visit, person, error)
    if sends:
        return portal.redirect(f"/people/{contact_id}{query(visit, done='credentials_sent')}")
    return _onward(portal, visit, saved)


def _id(visit: Visit) -> int:
    return int(visit.request.path_params["contact_id"])


def _person(portal: Portal, visit: Visit, session: Session) -> tuple[Scope, Profile]:
    whose = scope(portal, visit, session)
    with or_404():
        return whose, person_of(session, whose, _id(visit))


def _changed(visit: Visit, person: Profile) -> Wanted:
    """Only what was changed in the form: somebody else may have changed the rest meanwhile, access above all.

    One's own access and level are not in it.
    """
    said, form = _wanted(visit), visit.form
    needed = {name_of(label) for label in MANDATORY if not form.text(name_of(label))}
    names = {*map(name_of, LABELS), *_OTHERS} - needed if _SEEN in form else set()
    same = {name for name in names if form.text(name) == _was(form, name)}
    own = person.id == visit.who.person.contact_id
    return Wanted(
        {label: value for label, value in said.values.items() if name_of(label) not in same},
        level="" if "level" in same else said.level,
        access=person.has_access if own or "access" in same else said.access,
        muted=person.muted if "muted" in same else said.muted,
        site_id=None if "site" in same else said.site_id,
    )


def _was(form: Form, name: str) -> str:
    """What stood in a field when the form was made; what was empty is not sent."""
    return form.text(f"was_{name}")


def _wanted(visit: Visit) -> Wanted:
    """What the form says; a field that it did not send stays as it is."""
    form = visit.form
    values = {label: form.text(name_of(label)) for label in LABELS if name_of(label) in form}
    site = form.get("site", "")
    return Wanted(
        values,
        level=form.text("level"),
        access=form.get("access") == "yes",
        muted=form.get("muted") == "yes",
        site_id=row_id(site),
    )


def _onward(portal: Portal, visit: Visit, saved: Saved) -> Response:
    path = "/people/new" if visit.form.get("do") == "another" else "/people"
    return portal.redirect(path + query(visit, done=_DONE[saved.did]))


def _again(portal: Portal, visit: Visit, person: Profile, error: Refused) -> Response:
    """The form once more, with what was typed, and what is wrong with it."""
    with portal.config.database.reading() as session:
        whose = scope(portal, visit, session)
        there = sites.of(session, whose.id)
    said = error.faults if isinstance(error, Wrong) else {"": error.said}
    faults = {_BY_LABEL.get(label, ""): text for label, text in said.items()}
    return _page(portal, visit, whose, person, there, status=422, faults=faults, typed=visit.form)


def _before(values: Mapping[str, Any], typed: Mapping[str, str]) -> dict[str, str]:
    """What stood in the fields when they were first shown, less those that were empty."""
    if _SEEN in typed:
        return {name: said for name in values if (said := typed.get(f"was_{name}", ""))}
    return {name: "yes" if value is True else str(value) for name, value in values.items() if value}


def _page(
    portal: Portal,
    visit: Visit,
    whose: Scope,
    person: Profile,
    there: Sequence[Site],
    *,
    status: int = 200,
    faults: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> Response:
    config, again = portal.config, typed is not None and typed.get("do") != "resend"
    values: dict[str, Any] = {name_of(label): person.value(label) for label in LABELS}
    values |= {"level": person.level, "access": person.has_access, "muted": person.muted, "site": person.site_id or ""}
    was = _before(values, typed or {}) if person.id else {}
    if again and typed is not None:
        values |= {name: value for name, value in typed.items() if name in values}
        values |= {name: typed.get(name) == "yes" for name in ("access", "muted")}
    return portal.page(
        visit,
        "people.html",
        status=status,
        part="form",
        whose=whose,
        done=done.said(visit.query),
        person=person,
        own=person.id != 0 and person.id == visit.who.person.contact_id,
        title=contact_lists.turned(person) if person.id else "",
        value=values,
        was=was,
        faults=dict(faults or {}),
        addresses=tuple(map(name_of, ADDRESSES)),
        levels=[(level.name, level.people) for level in config.levels.all],
        languages=[(names[0], names[0]) for names in languages.NAMES.values()],
        sites=[(site.id, sites.label(site)) for site in there],
        main=main.id if (main := sites.main_of(there)) else "",
        items=_items(portal, whose, person, there),
        to=partial(query, visit),
    )


def _items(portal: Portal, whose: Scope, person: Profile, there: Sequence[Site]) -> list[Item]:
    """What stands at the person's site; of who has none, what stands at any site of the organisation."""
    if not person.id:
        return []
    site = next((one for one in there if one.id == person.site_id), None)
    return portal.config.rules.catalogue.items_of([whose.name], [site.name, site.code] if site else [])


PAGES: tuple[Row, ...] = (
    ("/people/new", "GET", "signed_in", show_new),
    ("/people/new", "POST", "signed_in", add),
    ("/people/{contact_id:key}", "GET", "signed_in", show),
    ("/people/{contact_id:key}", "POST", "signed_in", save),
)
