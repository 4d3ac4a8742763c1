"""The people of an organisation: a list that is searched, sorted and taken along as a file; for staff, of whichever."""

import io
from collections.abc import Sequence
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk import audit, contact_file, contact_lists, exporting, organisations
from desk.contact_lists import PAGE, Wish
from desk.exporting import Format, Listing
from portal import done
from portal.pages.people_scope import query, scope, wanted
from portal.pages.ticket import FILE_CSP, disposition
from portal.visit import Portal, Row, Visit
from store.tables import Organisation

_FORMS: dict[str, Format] = {"csv": "csv", "xlsx": "xlsx"}
_LONG = 100  # characters of a search


def people(portal: Portal, visit: Visit) -> Response:
    """The list; for staff who name no organisation, the organisations."""
    if visit.who.is_staff and wanted(visit) is None:
        return _choose(portal, visit)
    with portal.config.database.reading() as session:
        whose = scope(portal, visit, session)
        wish = _wish(visit, whose.id)
        page = contact_lists.page(session, wish, _number(visit))
    words, sort = wish.words, visit.query.get("sort", "")
    return portal.page(
        visit,
        "people.html",
        part="list",
        whose=whose,
        done=done.said(visit.query),
        page=page,
        wish=wish,
        turned=contact_lists.turned,
        to=partial(query, visit),
        at=partial(query, visit, q=words, sort=sort),
        sorts=_sorts(visit, wish),
        alone=page.total == 1 and not words and page.people[0].id == visit.who.person.contact_id,
    )


def _wish(visit: Visit, organisation_id: int) -> Wish:
    sort = visit.query.get("sort", "") or "name"
    if sort.removeprefix("-") not in contact_lists.SORTS:
        raise HTTPException(400)
    return Wish(organisation_id, _words(visit), sort)


def _words(visit: Visit) -> str:
    said = visit.query.get("q", "")[:_LONG]
    return " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())


def _number(visit: Visit) -> int:
    said = visit.query.get("page", "1")
    if not (said.isascii() and said.isdigit() and len(said) < 8):
        raise HTTPException(400)
    return int(said)


def _sorts(visit: Visit, wish: Wish) -> dict[str, str]:
    """For each heading the address that sorts by it; by the one that is sorted by already, the other way round."""
    turned = {name: f"-{name}" if name == wish.by and not wish.falling else name for name in contact_lists.SORTS}
    return {name: query(visit, q=wish.words, sort=sort) for name, sort in turned.items()}


def _choose(portal: Portal, visit: Visit) -> Response:
    words, number = _words(visit), _number(visit)
    with portal.config.database.reading() as session:
        found, total = _organisations(session, words, number)
        counts = organisations.people_in(session)
    return portal.page(
        visit,
        "people.html",
        part="choose",
        found=found,
        counts=counts,
        words=words,
        number=number,
        last=max(1, -(-total // PAGE)),
        at=partial(query, visit, q=words),
    )


def _organisations(session: Session, words: str, number: int) -> tuple[Sequence[Organisation], int]:
    which = [Organisation.name.icontains(word, autoescape=True) for word in words.split()]
    total = session.scalar(select(func.count()).select_from(Organisation).where(*which)) or 0
    found = select(Organisation).where(*which).order_by(func.lower(Organisation.name), Organisation.id)
    return session.scalars(found.limit(PAGE).offset((max(number, 1) - 1) * PAGE)).all(), total


def export(portal: Portal, visit: Visit) -> Response:
    """The list as a file, all pages of it."""
    form = _FORMS.get(visit.path("form"))
    if form is None:
        raise HTTPException(404)
    language = visit.language
    with portal.config.database.reading() as session:
        whose = scope(portal, visit, session)
        found = contact_lists.everybody(session, _wish(visit, whose.id))
        listing = Listing(
            title=language.say("People of {organisation}", organisation=whose.name),
            headings=[language.gettext(heading) for heading in contact_lists.HEADINGS],
            rows=(contact_lists.cells(one) for one in found),
            zone=portal.config.zone,
            at=visit.now,
            desk=portal.config.desk_name,
            yes=language.say("yes"),
            language=language.code,
        )
        data = exporting.in_bytes(form, listing)
    audit.alone(portal.config.database, "export.people", "organisation", whose.id, form=form)
    return _download(f"people.{form}", exporting.TYPES[form], data)


def template(portal: Portal, visit: Visit) -> Response:
    """The file for an import, with everybody in it."""
    out = io.BytesIO()
    with portal.config.database.reading() as session:
        whose = scope(portal, visit, session)
        contact_file.write_to(out, contact_lists.everybody(session, Wish(whose.id)))
    audit.alone(portal.config.database, "export.people", "organisation", whose.id, form="template")
    return _download("people-template.csv", exporting.TYPES["csv"], out.getvalue())


def _download(name: str, kind: str, data: bytes) -> Response:
    headers = {"Content-Disposition": disposition(name), "Content-Security-Policy": FILE_CSP}
    return Response(data, media_type=kind, headers=headers)


PAGES: tuple[Row, ...] = (
    ("/people", "GET", "signed_in", people),
    ("/people/people.{form}", "GET", "signed_in", export),
    ("/people/template.csv", "GET", "signed_in", template),
)
