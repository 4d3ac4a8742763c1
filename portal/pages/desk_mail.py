"""Where did my mail go? Received mail and what became of it, letters and how far each is, muted addresses."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response

from desk import audit, held_reasons, letter_list, letter_names, mail_log, muting, walking
from desk.acting import mail as acts
from desk.acting.rules import Refused
from desk.clean import clean
from desk.held import DISCARDED
from desk.mail_log import OneMail
from desk.said import Said, say
from portal import done
from portal.pages.ticket import FILE_CSP, disposition
from portal.stretch import between
from portal.visit import Portal, Row, Visit
from store.tables import Tally

MUTED = 200  # addresses on the page
_FILTERS = ("kind", "sender", "subject", "number", "since", "until")
_LETTER_FILTERS = ("state", "to", "ticket")
_LONGEST = 320  # characters of a filter
BECAME: Mapping[str, Said] = {
    "opened": say("New ticket"),
    "noted": say("Note"),
    "folded": say("Automatic mail"),
    "answered": say("Answered"),
    "held": say("Held"),
    "ignored": say("Ignored"),
    DISCARDED: say("Discarded"),
    "waiting": say("Waiting"),
}


def received(
    portal: Portal, visit: Visit, faults: Mapping[str, str] | None = None, typed: Mapping[str, str] | None = None
) -> Response:
    """Every received mail, newest first."""
    filters = _asked(visit, _FILTERS)
    if typed is not None:  # the form below the held ones was sent
        filters["kind"] = "held"
    wanted, wrong = _wanted(portal, filters)
    faults = {**(faults or {}), **wrong}
    with portal.config.database.reading() as session:
        found = mail_log.page(session, wanted, walking.place(visit.query.get("after", "")))
        counted = session.get(Tally, "held")
        held = counted.value if counted else 0
    return portal.page(
        visit, "mail.html", status=422 if faults else 200,
        view="held" if filters["kind"] == "held" else "received", found=found, filters=filters, faults=faults,
        held=held, typed=typed or {}, became=BECAME,
        next=_next("/desk/mail", filters, found.next), done=done.said(visit.query),
        paged="after" in visit.query, filtered=any(filters.values()),
    )  # fmt: skip


def _asked(visit: Visit, names: tuple[str, ...]) -> dict[str, str]:
    return {name: clean(visit.query.get(name, ""), _LONGEST) for name in names}


def _next(path: str, filters: Mapping[str, str], place: object) -> str:
    """The address of the next page; "" where this is the last one."""
    if place is None:
        return ""
    return f"{path}?{urlencode({**{name: value for name, value in filters.items() if value}, 'after': str(place)})}"


def _wanted(portal: Portal, filters: Mapping[str, str]) -> tuple[mail_log.Wanted, Mapping[str, str]]:
    days = between(filters, portal.config.zone)
    kind = filters["kind"] if filters["kind"] in mail_log.KINDS else ""
    number = filters["number"].strip("[] ").upper()
    return mail_log.Wanted(kind, filters["sender"], filters["subject"], number, days.since, days.until), days.faults


def one(portal: Portal, visit: Visit) -> Response:
    """All that is known of one mail, and what one can do about it."""
    return show(portal, visit, int(visit.path("id")))


def show(portal: Portal, visit: Visit, mail: int, faults: Mapping[str, str] | None = None) -> Response:
    """The same, with what was wrong in a form. `?as=` asks what would become of it now."""
    with portal.config.database.reading() as session:
        found = mail_log.one(session, mail, visit.now)
    if found is None:
        raise HTTPException(404)
    reader, wish = portal.config.mail, clean(visit.query.get("as", ""), 40)
    foreseen, faults = None, dict(faults or {})
    if reader is not None and wish:
        try:
            act = {"replay": "replay", "ticket": "accept"}.get(wish, "attach")
            foreseen = reader.foresee(mail, acts.wish_of(portal.config.acting, act, wish))
        except Refused as refused:
            faults["as"] = refused.said
    row = found.logged
    why, behind = held_reasons.sentences(row.rule, row.reason) if row.became == "held" else (row.reason, "")
    return portal.page(
        visit, "mail.html", status=422 if faults else 200, view="mail", found=found, row=row, why=why, behind=behind,
        lines=reader.look(mail) if reader else (), can_foresee=reader is not None, foreseen=foreseen, wish=wish,
        purposes=_purposes(found), faults=faults, typed=dict(visit.form), became=BECAME, done=done.said(visit.query),
        kinds=letter_names.words_for,
    )  # fmt: skip


def _purposes(found: OneMail) -> list[tuple[str, str]]:
    """What one can do about a mail and what for, the recommended first; nothing about one that had its effect."""
    row = found.logged
    if row.became == "held":
        return [(action, purpose) for action, purpose in held_reasons.purposes(row.rule)]
    again: list[tuple[str, str]] = [("replay", say("To have it decided anew"))]
    if row.became == DISCARDED:
        return [("accept", say("To make it a new ticket")), ("attach", say("To put it on a ticket")), *again]
    return again if row.became == "ignored" else []


def headers(portal: Portal, visit: Visit) -> Response:
    """The headers of a mail, as text."""
    return PlainTextResponse(mail_log.head(_raw(portal, visit)), headers={"Content-Security-Policy": FILE_CSP})


def whole(portal: Portal, visit: Visit) -> Response:
    """A mail as it came, to be kept and never to be shown by the browser."""
    name = disposition(f"mail-{int(visit.path('id'))}.eml")
    rules = {"Content-Disposition": name, "Content-Security-Policy": FILE_CSP}
    raw = _raw(portal, visit)
    audit.alone(portal.config.database, "export.mail", "mail", int(visit.path("id")))
    return Response(raw, media_type="application/octet-stream", headers=rules)


def _raw(portal: Portal, visit: Visit) -> bytes:
    with portal.config.database.reading() as session:
        try:
            data = mail_log.raw(session, portal.config.blobs, int(visit.path("id")))
        except FileNotFoundError:  # taken away by retention, or by an erasure
            data = None
    if data is None:
        raise HTTPException(404)
    return data


def letters(portal: Portal, visit: Visit, faults: Mapping[str, str] | None = None) -> Response:
    """Letters on their way out, and those that did not arrive."""
    filters = _asked(visit, _LETTER_FILTERS)
    state = filters["state"] if filters["state"] in (*letter_list.STATES, letter_list.TROUBLE) else ""
    wanted = letter_list.Wanted(state, filters["to"].strip("<>"), filters["ticket"].strip("[] ").upper())
    with portal.config.database.reading() as session:
        after = walking.place(visit.query.get("after", ""))
        rows, steps = letter_list.page(session, wanted, after, mail_log.MOST, visit.now)
        counts = letter_list.counts(session)
    return portal.page(
        visit, "mail.html", status=422 if faults else 200, view="letters", rows=rows, filters=filters,
        faults=faults or {}, counts=counts, states=letter_names.STATES, kinds=letter_names.words_for,
        next=_next("/desk/mail/letters", filters, steps.next), paged="after" in visit.query, searched=steps.searched,
        filtered=any(filters.values()), done=done.said(visit.query), typed=dict(visit.form),
    )  # fmt: skip


def letter(portal: Portal, visit: Visit) -> Response:
    """One letter, each try, and what the other side said. Never its words."""
    return show_letter(portal, visit, int(visit.path("id")))


def show_letter(portal: Portal, visit: Visit, letter_id: int, faults: Mapping[str, str] | None = None) -> Response:
    """The same, with what was wrong in a form."""
    with portal.config.database.reading() as session:
        found = letter_list.one(session, letter_id, visit.now)
    if found is None:
        raise HTTPException(404)
    return portal.page(
        visit, "mail.html", status=422 if faults else 200, view="letter", letter=found, faults=faults or {},
        kinds=letter_names.words_for, results=letter_names.RESULTS, typed=dict(visit.form), done=done.said(visit.query),
    )  # fmt: skip


def muted(portal: Portal, visit: Visit) -> Response:
    """Addresses that get no letters, and why."""
    address = clean(visit.query.get("address", ""), _LONGEST).strip("<>")
    with portal.config.database.reading() as session:
        rows = muting.listed(session, limit=MUTED, address=address)
    values: dict[str, Any] = {"rows": rows, "address": address, "most": MUTED, "faults": {}}
    return portal.page(
        visit, "mail.html", view="muted", kinds=letter_names.words_for, done=done.said(visit.query), **values
    )  # fmt: skip


PAGES: tuple[Row, ...] = (
    ("/desk/mail", "GET", "staff", received),
    ("/desk/mail/letters", "GET", "staff", letters),
    ("/desk/mail/muted", "GET", "staff", muted),
    ("/desk/mail/letters/{id:key}", "GET", "staff", letter),
    ("/desk/mail/{id:key}", "GET", "staff", one),
    ("/desk/mail/{id:key}/headers", "GET", "staff", headers),
    ("/desk/mail/{id:key}/raw", "GET", "staff", whole),
)
