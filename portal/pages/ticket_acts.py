"""What people do about a ticket on its page, besides writing: each button is one act, and leads back to the page."""

from collections.abc import Callable

from starlette.responses import Response

from desk import access
from desk.acting import alerting, life, taking_part
from desk.acting.rules import NotThere, Refused
from desk.acting.stage import Stage, on_ticket
from desk.clean import row_id
from desk.said import say
from portal.forms import Form
from portal.pages import ticket
from portal.pages.ticket_write import draft_of
from portal.visit import Page, Portal, Row, Visit

Act = Callable[[Stage, Form], str]  # what was done, as portal/done.py knows it


def _page(act: Act, *fields: str) -> Page:
    """The page of one button; `fields` stand in their form again when the act is refused."""

    def send(portal: Portal, visit: Visit) -> Response:
        number, person = visit.path("number"), visit.who.person
        try:
            with on_ticket(portal.config.acting, person, number, visit.now) as on:
                did = act(on, visit.form)
                sees = access.may_see(on.author.person, on.ticket.view)
        except NotThere:
            return ticket.no_access(portal, visit)
        except Refused as error:
            draft = draft_of(visit.form, fields)
            return ticket.answer(portal, visit, number, faults={error.field: error.said}, draft=draft)
        return portal.redirect(f"/t/{number}?done={did}" if sees else f"/tickets?done={did}")

    return send


def _resolve(on: Stage, form: Form) -> str:
    life.resolve(on, form.text("resolution"))
    return "resolved"


def _reopen(on: Stage, form: Form) -> str:
    life.reopen(on)
    return "reopened"


def _withdraw(on: Stage, form: Form) -> str:
    on.contact  # noqa: B018 - staff have other ends for a ticket
    life.withdraw(on, form.text("reason"), form.text("comment"))
    return "withdrawn"


def _answer(on: Stage, form: Form) -> str:
    said = form.text("answer")
    if said == "approve":
        life.answer(on, "approve", form.text("why"))
        return "approved"
    if said == "reject":
        life.answer(on, "reject", form.text("why"))
        return "rejected"
    raise Refused(say("Select whether you approve or reject this."))


def _share(on: Stage, form: Form) -> str:
    shared = form.text("shared") == "yes"
    taking_part.share(on, shared=shared)
    return "shared" if shared else "unshared"


def _watch(on: Stage, form: Form) -> str:
    taking_part.watch(on)
    return "watching"


def _stop(on: Stage, form: Form) -> str:
    taking_part.stop(on)
    return "quiet"


def _leave(on: Stage, form: Form) -> str:
    taking_part.leave(on)
    return "left"


def _add_people(on: Stage, form: Form) -> str:
    taking_part.add(on, form.text("people"))
    return "added"


def _remove_person(on: Stage, form: Form) -> str:
    taking_part.remove(on, row_id(form.text("person")) or 0)
    return "added"


def _alerts(on: Stage, form: Form) -> str:
    alerting.want(on, form.all("stages"))
    return "alerts"


def _drop_alert(on: Stage, form: Form) -> str:
    alerting.drop(on, form.text("stage"))
    return "alert-deleted"


PAGES: tuple[Row, ...] = (
    ("/t/{number}/resolve", "POST", "signed_in", _page(_resolve, "resolution")),
    ("/t/{number}/reopen", "POST", "signed_in", _page(_reopen)),
    ("/t/{number}/withdraw", "POST", "signed_in", _page(_withdraw, "reason", "comment")),
    ("/t/{number}/answer", "POST", "signed_in", _page(_answer, "why")),
    ("/t/{number}/share", "POST", "signed_in", _page(_share)),
    ("/t/{number}/watch", "POST", "signed_in", _page(_watch)),
    ("/t/{number}/stop", "POST", "signed_in", _page(_stop)),
    ("/t/{number}/leave", "POST", "signed_in", _page(_leave)),
    ("/t/{number}/people", "POST", "signed_in", _page(_add_people, "people")),
    ("/t/{number}/people/remove", "POST", "staff", _page(_remove_person)),
    ("/t/{number}/alerts", "POST", "signed_in", _page(_alerts)),
    ("/t/{number}/alerts/remove", "POST", "signed_in", _page(_drop_alert)),
)
