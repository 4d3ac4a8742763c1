"""The desk's part of a ticket's page: what it shows to staff, and what its forms do."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk.acting import asking, editing, entry, files, lane, life, notes, stage, structuring, working
from desk.acting.rules import NotThere, Refused
from desk.acting.stage import Stage
from desk.acting.wish import Unfilled
from desk.clean import row_id
from desk.said import say
from desk.state import TicketState
from portal import left_out, ticket_desk
from portal.pages import ticket as ticket_page
from portal.visit import Portal, Row, Visit
from store.tables import Ticket

FORM = "desk_"  # fields of these forms begin so: the page has others
_STATE = "desk_form"
_BUILT_IN = frozenset({"type", "urgency", "impact", "priority", "status"})  # names that have translations
_ELSEWHERE = {("note", "status"): "after"}  # a fault of a field that has another name in this form


@dataclass(frozen=True, slots=True)
class Typed:
    """A form that was refused: which one, and what stood in it."""

    form: str = ""
    values: Mapping[str, str] = field(default_factory=dict)


def values(portal: Portal, visit: Visit, session: Session, ticket: Ticket) -> dict[str, Any]:
    """What the template parts/ticket_staff.html needs; nothing for customers."""
    if visit.visitor is None or not visit.visitor.is_staff:
        return {"staff": None}
    typed: Typed = getattr(visit.request.state, _STATE, Typed())
    staff = ticket_desk.read(session, portal.config.acting, ticket, visit.now)
    options = {
        name: [(key, visit.language.name(shown)) if name in _BUILT_IN else (key, shown) for key, shown in pairs]
        for name, pairs in staff.options.items()
    }
    written = {name.removeprefix(FORM): value for name, value in typed.values.items() if name.startswith(FORM)}
    filled = defaultdict(str, {"to": "customer", **staff.now, **written})
    return {"staff": staff, "typed": typed, "options": options, "filled": filled}


def _act(
    form: str, act: Callable[[Visit, Stage], object], after: Callable[[Visit, str, object], str] | None = None
) -> Callable[[Portal, Visit], Response]:
    """A page that does one thing to the ticket; `after` says where it goes on."""

    def send(portal: Portal, visit: Visit) -> Response:
        number = visit.path("number")
        try:
            with stage.on_ticket(portal.config.acting, visit.who.person, number, visit.now) as on:
                result = act(visit, on)
                number = on.ticket.number
        except NotThere:
            raise HTTPException(404) from None
        except Refused as refused:
            return _again(portal, visit, form, refused)
        return portal.redirect(after(visit, number, result) if after else f"/t/{number}?done=saved")

    return send


def _again(portal: Portal, visit: Visit, form: str, refused: Refused) -> Response:
    """The ticket's page with what is wrong, and everything that was typed."""
    found = refused.faults if isinstance(refused, Unfilled) else {refused.field: refused.said}
    faults = {FORM + _ELSEWHERE.get((form, name), name) if name else "": said for name, said in found.items()}
    setattr(visit.request.state, _STATE, Typed(form, dict(visit.form)))
    return ticket_page.answer(portal, visit, visit.path("number"), faults=faults)


def _field(visit: Visit, name: str) -> str:
    return visit.form.text(FORM + name)


def note(portal: Portal, visit: Visit) -> Response:
    """Words to the customer, or for the desk alone; with files, time spent and a status."""
    kept = files.keep(portal.config.acting, [one for one in visit.form.files if one.field == FORM + "files"])

    def write(visit: Visit, on: Stage) -> int:
        working.must_live(on)
        if kept.refused and not kept.files and not _field(visit, "note"):
            raise kept.fault()
        time, status = _field(visit, "time"), _field(visit, "after")
        wanted = notes.Wanted(
            _field(visit, "note"), _field(visit, "note_title"), kept.files, private=_field(visit, "to") == "internal",
            once=f"{visit.form.text('once')[:40]} {time} {status}" if visit.form.text("once") else "",
        )  # fmt: skip
        if before := notes.written_before(on, wanted):
            return before
        if time:
            working.spend(on, time)
        if status:
            life.set_status(on, status)
        if not _field(visit, "note") and not kept.files and on.changes:
            notes.remember(on, wanted)
            return entry.write(on) or 0
        return notes.write(on, wanted)

    def after(visit: Visit, number: str, written: object) -> str:
        told = left_out.query(kept.refused, visit.form_token, number, others=bool(kept.files))
        return f"/t/{number}{'?' if told else ''}{told}#n{written}"

    return _act("note", write, after)(portal, visit)


def _edit(visit: Visit, on: Stage) -> None:
    """Only what the form changed: a colleague may have changed the rest meanwhile."""
    wanted = {name: _field(visit, name) for name in editing.NAMES if FORM + name in visit.form}
    editing.edit(on, {name: value for name, value in wanted.items() if value != _field(visit, f"{name}_was")})


def _take(visit: Visit, on: Stage) -> None:
    working.take(on)


def _spam(visit: Visit, on: Stage) -> None:
    working.mark_spam(on)


def _ask(visit: Visit, on: Stage) -> None:
    asking.ask(on, _field(visit, "board"), _field(visit, "approvers"))


def _merge(visit: Visit, on: Stage) -> TicketState:
    return structuring.merge(on, _field(visit, "merge"))


def _link(visit: Visit, on: Stage) -> None:
    structuring.link(on, _field(visit, "link"), remove=_field(visit, "how") == "remove")


def _child(visit: Visit, on: Stage) -> TicketState:
    return structuring.child(on, _field(visit, "task"))


def _split(visit: Visit, on: Stage) -> TicketState:
    return structuring.split(on, _entry(visit, "split_note"), _field(visit, "split_title"))


def _show(visit: Visit, on: Stage) -> int:
    entry_id = _entry(visit, "entry")
    lane.show(on, entry_id, silently=_field(visit, "how") == "silently")
    return entry_id


def _entry(visit: Visit, name: str) -> int:
    """Which note is meant; it is looked up under the ticket."""
    text = _field(visit, name)
    if not text:
        raise Refused(say("Select a note"), name if name == "split_note" else "")
    return row_id(text) or 0


def _to_other(visit: Visit, number: str, made: object) -> str:
    """To the ticket that was made, or that goes on."""
    return f"/t/{made.number}?done=saved" if isinstance(made, TicketState) else f"/t/{number}"


def _to_entry(visit: Visit, number: str, shown: object) -> str:
    return f"/t/{number}#n{shown}"


PAGES: tuple[Row, ...] = (
    ("/t/{number}/desk/note", "POST", "staff", note),
    ("/t/{number}/desk/take", "POST", "staff", _act("take", _take)),
    ("/t/{number}/desk/edit", "POST", "staff", _act("edit", _edit)),
    ("/t/{number}/desk/approval", "POST", "staff", _act("approval", _ask)),
    ("/t/{number}/desk/merge", "POST", "staff", _act("merge", _merge, _to_other)),
    ("/t/{number}/desk/link", "POST", "staff", _act("link", _link)),
    ("/t/{number}/desk/task", "POST", "staff", _act("task", _child, _to_other)),
    ("/t/{number}/desk/spam", "POST", "staff", _act("spam", _spam)),
    ("/t/{number}/desk/lane", "POST", "staff", _act("lane", _show, _to_entry)),
    ("/t/{number}/desk/split", "POST", "staff", _act("split", _split, _to_other)),
)
