"""A request of somebody who has not signed in: the public services, a form, and a page that says it is sent."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.responses import Response

from desk.acting import offering, public
from desk.acting.offering import Offer
from desk.acting.rules import Refused
from desk.acting.wish import Unfilled
from desk.catalogue import Service
from desk.request_types import RequestType
from desk.said import say_many
from portal.evening import evened
from portal.pages import new_catalogue, new_form
from portal.pages.new_catalogue import PATH, ServiceShown, kind_of
from portal.visit import Portal, Visit

SENT = "sent"


def show(portal: Portal, visit: Visit) -> Response:
    """The public services, one of them, or its form."""
    acting = portal.config.acting
    offer = offering.public(acting)
    if not offer.services:
        return portal.redirect(f"/in?next={PATH}")
    if visit.query.get("done") == SENT:
        return _page(portal, visit, "sent")
    service = offer.service(visit.query.get("service", ""))
    if service is None:
        shelf = new_catalogue.shelf(offer.services, visit.query, {}, visit.language)
        return _page(portal, visit, "public", shelf=shelf)
    kind = kind_of(service, acting.rules)
    if "type" in visit.query:
        return _form(portal, visit, offer, kind, service, new_form.empty(offer))
    text = visit.language.gettext(service.text)
    shown = ServiceShown(service.name, service.category, service.label, text, kind.name)
    return _page(portal, visit, "service", service=shown)


def create(portal: Portal, visit: Visit) -> Response:
    """Take the request; whether anybody knows the address makes no difference to what is said."""
    form, acting = visit.form, portal.config.acting
    offer = offering.public(acting)
    service = offer.service(form.get("service", ""))
    if service is None:
        return portal.redirect(f"/in?next={PATH}")
    kind = kind_of(service, acting.rules)
    questions = len(offer.catalogue.questions_of(kind.name, service.label))
    filled = new_form.read(form, kind.name, service.label, questions)
    try:
        asking = partial(public.ask, acting, filled, visit.peer, visit.now, visit.language.code)
        wait = evened(portal.config.even_seconds, asking)
    except Unfilled as unfilled:
        return _form(portal, visit, offer, kind, service, new_form.typed(form), unfilled.faults)
    except Refused as refused:
        return _form(portal, visit, offer, kind, service, new_form.typed(form), {refused.field: refused.said})
    if wait is None:
        return portal.redirect(f"{PATH}?done={SENT}")
    address = portal.config.desk_address
    said = say_many(
        "Too many requests came from you. Wait {n} minute, or write to {address}",
        "Too many requests came from you. Wait {n} minutes, or write to {address}",
        wait.minutes,
        address=address,
    )
    headers = {"Retry-After": str(wait.minutes * 60)}
    return _form(portal, visit, offer, kind, service, new_form.typed(form), {"": said}, status=429, headers=headers)


def _form(
    portal: Portal,
    visit: Visit,
    offer: Offer,
    kind: RequestType,
    service: Service,
    values: Mapping[str, str],
    faults: Mapping[str, str] | None = None,
    *,
    status: int = 422,
    headers: Mapping[str, str] | None = None,
) -> Response:
    shown = new_form.shown(offer, kind, service, None, values, visit.now, visit.language)
    return _page(
        portal, visit, "form", faults=faults or {}, status=status if faults else 200, headers=headers, form=shown
    )


def _page(portal: Portal, visit: Visit, step: str, **values: Any) -> Response:
    shown = {"faults": {}, "done": None, "ticket": "", **values}
    return portal.page(visit, "new.html", step=step, **shown)
