"""The visitor's own page: what is known of them, and what they may change of it."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk import columns, languages, sessions
from desk.acting import own
from desk.acting.own import Letters
from desk.acting.rules import NotThere, Refused
from portal import browsers, done
from portal.visit import Portal, Row, Visit

# The name of a field in the form → the label of its line in a profile.
FIELDS: Mapping[str, str] = {label.lower().replace(" ", "_"): label for label in own.FIELDS}


def show(portal: Portal, visit: Visit) -> Response:
    """The profile."""
    return page(portal, visit)


def save(portal: Portal, visit: Visit) -> Response:
    """Keep the fields; of staff the language alone, the rest is the operator's."""
    person, form = visit.who.person, visit.form
    if visit.who.is_staff:
        try:
            own.choose_language(portal.config.acting, person, form.text("language")[:40])
        except Refused as error:
            return page(portal, visit, 422, {error.field: error.said})
        return portal.redirect("/me?done=saved")
    typed = {name: form.text(name) for name in FIELDS if name in form}
    try:
        wrong = own.change(portal.config.acting, person, {FIELDS[name]: text for name, text in typed.items()})
    except NotThere as error:
        raise HTTPException(404) from error
    if wrong:
        faults = {name: wrong[label] for name, label in FIELDS.items() if label in wrong}
        return page(portal, visit, 422, faults, typed=typed)
    return portal.redirect("/me?done=saved")


def page(
    portal: Portal,
    visit: Visit,
    status: int = 200,
    faults: Mapping[str, str] | None = None,
    *,
    typed: Mapping[str, str] | None = None,
    address: str = "",
) -> Response:
    """The page, with what was typed where something was wrong with it."""
    values = _staff(portal, visit) if visit.who.is_staff else _contact(portal, visit)
    values["values"] = {**values["values"], **(typed or {})}
    return portal.page(
        visit,
        "me.html",
        status=status,
        faults=faults or {},
        address=address,
        done=done.said(visit.query),
        choices=_choices(portal, values["values"]["language"]),
        limit=own.WATCHED,
        two_step=portal.config.two_step,
        **values,
    )


def _contact(portal: Portal, visit: Visit) -> dict[str, Any]:
    person = visit.who.person
    with portal.config.database.reading() as session:
        try:
            profile = own.read(session, person)
        except NotThere as error:
            raise HTTPException(404) from error
        more = _both(portal, visit, session)
        letters, followed = own.letters(session, person), own.followed(session, person)
    values = {name: profile.value(label) for name, label in FIELDS.items()}
    values["language"] = profile.language
    return more | {"profile": profile, "member": None, "values": values, "letters": letters, "followed": followed}


def _staff(portal: Portal, visit: Visit) -> dict[str, Any]:
    with portal.config.database.reading() as session:
        member = own.member(session, visit.who.person)
        more = _both(portal, visit, session)
    letters = Letters(day_sheet=member.day_sheet)
    values = {"language": member.language}
    return more | {"profile": None, "member": member, "values": values, "letters": letters, "followed": []}


def _both(portal: Portal, visit: Visit, session: Session) -> dict[str, Any]:
    """What customers and staff have alike: signed-in browsers, and the columns of their lists."""
    who = visit.who
    among = columns.available(staff=who.is_staff, priority=who.level.priority)
    usual = columns.STAFF_DEFAULT if who.is_staff else columns.CUSTOMER_DEFAULT
    chosen = columns.chosen(columns.of_person(session, who.person), usual, among)
    devices = sessions.devices(session, who, visit.now, portal.config.lifetimes)
    return {
        "columns": visit.language.all_of(visit.language.gettext(column.label) for column in chosen),
        "devices": [(device, browsers.named(device.user_agent)) for device in devices],
    }


def _choices(portal: Portal, now: str) -> list[tuple[str, str]]:
    """The languages that this desk writes, and the one that is chosen."""
    written = [code for code in languages.NAMES if portal.config.languages.find(code).code == code]
    if now and now not in written:
        written.append(now)
    return [(code, languages.shown(code)) for code in written]


PAGES: tuple[Row, ...] = (
    ("/me", "GET", "signed_in", show),
    ("/me", "POST", "signed_in", save),
)
