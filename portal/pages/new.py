"""A new ticket: choose what it is about, fill in the form, and it is open."""

from collections.abc import Mapping
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk.acting import offering, opening
from desk.acting.offering import Offer
from desk.acting.opening import Opened
from desk.acting.rules import NotThere, Refused
from desk.acting.wish import Unfilled
from desk.catalogue import Service
from desk.clean import row_id
from desk.request_types import RequestType
from desk.said import say
from desk.sites import SiteState, label
from portal import done
from portal.pages import new_catalogue, new_form, new_public
from portal.pages.new_catalogue import PATH, ServiceShown, address, kind_of
from portal.visit import Portal, Row, Visit

TEMPLATE = "new.html"


def show(portal: Portal, visit: Visit) -> Response:
    """Choose a type and a site, look at a service, or fill in the form: the address says which."""
    if visit.visitor is None:
        return new_public.show(portal, visit)
    query, faults = visit.query, {}
    with portal.config.database.reading() as session:
        try:
            offer = offering.of(session, portal.config.acting, visit.visitor.person, query.get("for", "").strip()[:320])
        except NotThere as error:
            raise HTTPException(404) from error
        except Refused as refused:
            faults = {"for": refused.said}
            offer = offering.of(session, portal.config.acting, visit.visitor.person)
    if not offer.may_create:
        return _page(portal, visit, "closed", status=403)
    kind, service, site = _chosen(offer, query)
    if not faults and kind is None and service is not None:
        return _service(portal, visit, offer, service)
    if faults or kind is None or _is_unsure(offer, query):
        return _choose(portal, visit, offer, faults)
    values = new_form.empty(offer) | ({"contact": query.get("for", "").strip()} if offer.is_staff else {})
    return _form(portal, visit, offer, kind, service, site, values)


def create(portal: Portal, visit: Visit) -> Response:
    """Open the ticket, and go where the button says."""
    if visit.visitor is None:
        return new_public.create(portal, visit)
    form, person, acting = visit.form, visit.visitor.person, portal.config.acting
    catalogue = acting.rules.catalogue
    kind = catalogue.type(form.get("type", ""))
    named = catalogue.service(form.get("service", "")) if form.get("service") else None
    if kind is None:
        return portal.redirect(PATH)
    questions = len(catalogue.questions_of(kind.name, named.label if named else ""))
    filled = new_form.read(form, kind.name, form.get("service", ""), questions)
    try:
        opened = opening.open_ticket(acting, person, filled, form.files, visit.now)
    except NotThere as error:
        raise HTTPException(404) from error
    except Unfilled as unfilled:
        return _again(portal, visit, kind, unfilled.faults)
    except Refused as refused:
        return _again(portal, visit, kind, {refused.field: refused.said})
    return portal.redirect(_behind(opened, form.get("then", ""), filled.kind, form))


def _behind(opened: Opened, then: str, kind: str, form: Mapping[str, str]) -> str:
    """Where each of the buttons leads, with a word for what was done."""
    word = "opened-for" if opened.for_another else "opened"
    word = word if opened.told else "opened-quiet"
    word = "opened-less" if opened.refused and opened.told else word
    state = {"done": word, "ticket": opened.number}
    if then == "home":
        return f"/?done={word}&ticket={opened.number}"
    if then == "another":
        return address(**state, type=kind, service=form.get("service", ""), site=form.get("site", ""))
    return f"/t/{opened.number}?done={word}&ticket={opened.number}" + ("#files" if then == "files" else "")


def _chosen(offer: Offer, query: Mapping[str, str]) -> tuple[RequestType | None, Service | None, SiteState | None]:
    """What the address names of it; where there is one choice, nobody is asked."""
    catalogue = offer.catalogue
    service = offer.service(query.get("service", ""))
    kind = catalogue.type(query.get("type", ""))
    alone = len(catalogue.types) == 1 and not offer.services and len(offer.sites) <= 1
    if kind is None and alone and "pick" not in query:
        kind = catalogue.types[0]
    return kind, service, offer.site(row_id(query.get("site", ""))) or offer.usual_site


def _is_unsure(offer: Offer, query: Mapping[str, str]) -> bool:
    """True where staff have not said for whom, or at which of several sites of the customer."""
    if not offer.is_staff:
        return False
    named = offer.site(row_id(query.get("site", "")))
    return not query.get("for", "").strip() or (len(offer.sites) > 1 and named is None)


def _choose(portal: Portal, visit: Visit, offer: Offer, faults: dict[str, str]) -> Response:
    """Step 1. What was sent without a type, or by staff without a customer, comes back with a sentence."""
    query, language = visit.query, visit.language
    sent = "go" in query
    if sent and not query.get("type") and not faults:
        faults["type"] = say("Select what kind of request it is")
    if sent and offer.is_staff and not query.get("for", "").strip():
        faults = {"for": say("Enter an e-mail address")} | faults
    picked = offer.catalogue.type(query.get("type", "") or query.get("pick", ""))
    site = offer.site(row_id(query.get("site", ""))) or offer.usual_site
    service = offer.service(query.get("service", ""))
    kept = {name: query[name] for name in ("site", "for") if query.get(name)}
    values = {
        "types": [(one.name, language.name(one.name)) for one in offer.catalogue.types],
        "type": picked.name if picked else "",
        "sites": [(str(one.id), label(one)) for one in offer.sites],
        "site": str(site.id) if site else "",
        "customer": query.get("for", ""),
        "service": service.label if service else "",
        "by_staff": offer.is_staff,
        "shelf": new_catalogue.shelf(offer.services, query, kept, language) if offer.services else None,
    }
    return _page(portal, visit, "choose", faults=faults, status=422 if faults else 200, choice=values)


def _service(portal: Portal, visit: Visit, offer: Offer, service: Service) -> Response:
    """What a service is, and the button that asks for it (features.md, row 81)."""
    picked = offer.site(row_id(visit.query.get("site", ""))) or offer.usual_site
    shown = ServiceShown(
        name=service.name,
        category=service.category,
        label=service.label,
        text=visit.language.gettext(service.text),
        kind=kind_of(service, offer.rules).name,
        sites=tuple((str(one.id), label(one)) for one in offer.sites) if len(offer.sites) > 1 else (),
        site=str(picked.id) if picked else "",
        customer=visit.query.get("for", ""),
        by_staff=offer.is_staff,
    )
    return _page(portal, visit, "service", service=shown)


def _again(portal: Portal, visit: Visit, kind: RequestType, faults: dict[str, str]) -> Response:
    """The form with everything that was typed, and what is wrong with it. A browser gives its files once only."""
    form, acting = visit.form, portal.config.acting
    with portal.config.database.reading() as session:
        try:
            person = visit.who.person
            offer = offering.of(session, acting, person, form.text("contact")[:320] if visit.who.is_staff else "")
        except Refused:
            offer = offering.of(session, acting, visit.who.person)
    if not offer.may_create:
        return _page(portal, visit, "closed", status=403)
    # A fault of what the form holds hidden has no field to lead to.
    hidden = {"type", "service", "site"} | ({"contact"} if offer.is_staff else set())
    faults = {"" if name in hidden else name: said for name, said in faults.items()}
    if form.files:
        faults = faults | {"files": say("Choose the files again: the page cannot keep them")}
    service, site = offer.service(form.get("service", "")), offer.site(row_id(form.get("site", "")))
    return _form(portal, visit, offer, kind, service, site or offer.usual_site, new_form.typed(form), faults)


def _form(
    portal: Portal,
    visit: Visit,
    offer: Offer,
    kind: RequestType,
    service: Service | None,
    site: SiteState | None,
    values: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
) -> Response:
    with portal.config.database.reading() as session:
        colleagues = offering.colleagues(session, offer)
        contact = offering.named(session, portal.config.acting, offer, values["contact"])
    shown = new_form.shown(
        offer, kind, service, site, values, visit.now, visit.language, colleagues=colleagues, contact=contact
    )
    return _page(portal, visit, "form", faults=faults or {}, status=422 if faults else 200, form=shown)


def _page(
    portal: Portal,
    visit: Visit,
    step: str,
    *,
    status: int = 200,
    faults: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    return portal.page(
        visit, TEMPLATE, status=status, headers=headers, step=step, faults=faults or {}, done=done.said(visit.query),
        ticket=visit.query.get("ticket", "") if done.said(visit.query) else "", **values,
    )  # fmt: skip


PAGES: tuple[Row, ...] = (
    (PATH, "GET", "entrance", show),
    (PATH, "POST", "entrance", create),
)
