"""Who did what: the audit log, for staff to read. Nobody can change it, here or anywhere."""

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from desk import audit, audit_log, exporting, walking
from desk.audit_acts import ACTS, OF_MAILS, SECTIONS
from desk.audit_log import NotKnown, Page, Wanted
from desk.clean import clean
from desk.exporting import Listing, Value
from desk.said import Said, say
from portal.stretch import between
from portal.visit import Portal, Row, Visit

PATH = "/desk/audit"
FIELDS = ("who", "way", "act", "about", "since", "until")
MOST = 100_000  # rows of a file
HEADINGS = ("At", "Way", "Who", "Act", "What", "Details", "From", "By", "Mail", "Entry")
WAYS: Mapping[str, Said] = {
    "mail": say("E-mail"),
    "page": say("Page"),
    "api": say("Program"),
    "cli": say("Command line"),
    "timer": say("The desk itself"),
}
KINDS: Mapping[str, Said] = {
    "account": say("Account"),
    "announcement": say("Announcement"),
    "canary": say("Canary"),
    "contact": say("Contact"),
    "import": say("Import"),
    "letter": say("Letter"),
    "mail": say("Mail"),
    "move": say("Old mail"),
    "mute": say("Muted address"),
    "organisation": say("Organisation"),
    "site": say("Site"),
    "staff": say("Colleague"),
    "team": say("Team"),
    "ticket": say("Ticket"),
    "token": say("Access token"),
}
_WORDS = {**ACTS, **OF_MAILS}
_LONGEST = 320


def show(portal: Portal, visit: Visit) -> Response:
    """The newest acts, or those that are looked for."""
    filters, found = _asked(visit), Page((), None)
    wanted, faults = _wanted(portal, filters)
    if not faults:
        try:
            with portal.config.database.reading() as session:
                found = audit_log.page(session, wanted, walking.place(visit.query.get("after", "")))
        except NotKnown as error:
            faults = {error.field: error.said}
    given = {name: value for name, value in filters.items() if value}
    after = {"after": str(found.next)} if found.next else {}
    return portal.page(
        visit, "mail.html", status=422 if faults else 200, view="audit", found=found, filters=filters, faults=faults,
        ways=WAYS, kinds=KINDS, sections=SECTIONS, of_mails=OF_MAILS, words=_WORDS, done="",
        paged="after" in visit.query, filtered=bool(given),
        next=f"{PATH}?{urlencode(given | after)}" if after else "", file=f"{PATH}.csv?{urlencode(given)}",
    )  # fmt: skip


def export(portal: Portal, visit: Visit) -> Response:
    """The same as a file, whole."""
    filters = _asked(visit)
    wanted, faults = _wanted(portal, filters)
    try:
        with portal.config.database.reading() as session:
            audit_log.page(session, wanted, None, 1)
    except NotKnown as error:
        faults = {error.field: error.said}
    if faults:  # the page says what it is that cannot be read
        return portal.redirect(f"{PATH}?{visit.request.url.query}")
    config = portal.config
    audit.alone(config.database, "export.audit", form="csv")
    listing = Listing("Audit log", HEADINGS, _rows(portal, wanted), config.zone, visit.now, config.desk_name)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return StreamingResponse(exporting.csv_blocks(listing), media_type=exporting.TYPES["csv"], headers=headers)


def _rows(portal: Portal, wanted: Wanted) -> Iterator[list[Value]]:
    for line in audit_log.every(portal.config.database, wanted, MOST):
        yield [
            line.at, line.way, line.who, line.act, line.about, line.details, line.peer, line.via, line.received_id,
            line.event_id,
        ]  # fmt: skip


def _asked(visit: Visit) -> dict[str, str]:
    return {name: clean(visit.query.get(name, ""), _LONGEST) for name in FIELDS}


def _wanted(portal: Portal, filters: Mapping[str, str]) -> tuple[Wanted, Mapping[str, str]]:
    days = between(filters, portal.config.zone)
    who, way, act, about = (filters[name] for name in FIELDS[:4])
    return Wanted(who, way, act, about, days.since, days.until), days.faults


PAGES: tuple[Row, ...] = (
    (PATH, "GET", "staff", show),
    (f"{PATH}.csv", "GET", "staff", export),
)
