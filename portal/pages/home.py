"""The status page, which is also Home: how the desk does, and for people who signed in what there is to do."""

import csv
import io
import re
from collections.abc import Mapping
from functools import partial

from starlette.exceptions import HTTPException
from starlette.responses import Response

from desk import report, sign_in, status_asked, tries
from desk.cells import harmless
from desk.list_filters import Filter
from desk.said import say
from portal import done, overview, words
from portal.evening import evened
from portal.overview import SWITCHES
from portal.pages import entrance
from portal.pages.tickets_shown import reader_of
from portal.visit import Portal, Row, Visit

_ADDRESS = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
_LONGEST = 100  # characters of the name of a site, as lists take it


def home(portal: Portal, visit: Visit) -> Response:
    """Signed out: the status and nothing of any ticket. Signed in: one line of it, and their tickets in figures."""
    if visit.visitor is None:
        return _signed_out(portal, visit)
    reader = reader_of(portal, visit)
    view = next((one for one in SWITCHES if one == visit.query.get("show", "open")), None)
    if view is None or view not in reader.views:
        raise HTTPException(400)
    with portal.config.database.reading() as session:
        found = overview.read(session, visit.who.person, visit.now, reader, portal.figures, _site(visit), view)
    return portal.page(
        visit,
        "home.html",
        status_now=portal.board.read(visit.now),
        seen=found,
        switch_words=SWITCHES,
        done=done.said(visit.query),
    )


def ask_status(portal: Portal, visit: Visit) -> Response:
    """The status of a ticket by mail. The answer is the same whether there is such a ticket or not."""
    if visit.visitor is not None:
        return portal.redirect("/")
    typed, address, numbers = visit.form.text("number"), visit.form.text("address"), portal.config.rules.numbers
    number, faults = numbers.only(typed), {}
    if not number:
        faults["number"] = say("Enter a ticket number, like {example}", example=numbers.example)
    if not address:
        faults["address"] = say("Enter an e-mail address")
    elif not _ADDRESS.fullmatch(address):
        faults["address"] = say("Enter an e-mail address in the correct format, like name@example.com")
    if faults:
        return _signed_out(portal, visit, 422, faults, number=typed, address=address)
    config = portal.config
    ask = partial(status_asked.ask, config.database, number, address, visit.peer, now=visit.now, levels=config.levels)
    wait = evened(config.even_seconds, ask)
    if wait:
        faults[""] = entrance.too_many(portal, sign_in.Refused("wait", wait))
        answer = _signed_out(portal, visit, 429, faults, number=typed, address=address)
        answer.headers["Retry-After"] = str(tries.minutes(wait) * 60)
        return answer
    return portal.redirect("/?done=status-asked")


def report_csv(portal: Portal, visit: Visit) -> Response:
    """The months as a file: as the mail to #report brings it."""
    site = _site(visit)
    with portal.config.database.reading() as session:
        chosen = Filter("site", (site,), "is") if site else None
        found = report.report(session, visit.who.person, visit.now, portal.config.zone, chosen)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("Month", "Created", "Completed"))
    writer.writerows((harmless(f"{m.first_day:%Y-%m}"), m.created, m.completed) for m in found.months)
    headers = {"Content-Disposition": 'attachment; filename="report.csv"'}
    return Response(out.getvalue().encode("utf-8-sig"), media_type="text/csv", headers=headers)


def _signed_out(
    portal: Portal, visit: Visit, status: int = 200, faults: Mapping[str, str] | None = None, **asked: str
) -> Response:
    return portal.page(
        visit,
        "home.html",
        status=status,
        status_now=portal.board.read(visit.now),
        seen=None,
        ledger_words=words.LEDGER,
        faults=dict(faults or {}),
        asked={"number": "", "address": "", **asked},
        done=done.said(visit.query) if status == 200 else None,
    )


def _site(visit: Visit) -> str:
    """The site whose tickets are looked at, by its name."""
    return " ".join("".join(c if c.isprintable() else " " for c in visit.query.get("site", "")).split())[:_LONGEST]


PAGES: tuple[Row, ...] = (
    ("/", "GET", "entrance", home),
    ("/", "POST", "entrance", ask_status),
    ("/report.csv", "GET", "signed_in", report_csv),
)
