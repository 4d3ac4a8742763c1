"""Lists of tickets as files: CSV, Excel, PDF; the same filters, columns and rights as on the page."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO

from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from desk import audit, columns, exporting, list_pages, list_words
from desk.exporting import Format, Listing, NotPossible, Value
from desk.lists import Query
from desk.said import say
from portal import list_query
from portal.list_query import Unreadable
from portal.pages.tickets_shown import HEADINGS, TICKETS, Reading, reading
from portal.visit import Portal, Row, Visit

MOST = 100_000  # rows of a CSV file
MOST_EXCEL = 10_000  # a workbook is made before its first byte leaves
_PAGE, _YES = say("Page {page} of {pages}"), say("yes")
_BLOCK = 64 * 1024
_IN_MEMORY = 1024 * 1024
# Making a workbook or a PDF takes seconds of work and, of a PDF, 150 MB: one at a time in a process.
_MADE = threading.BoundedSemaphore(1)
_WAITING = threading.BoundedSemaphore(5)  # who wait for that, each with a thread that all pages share
_WAIT_SECONDS = 20


def export(form: Format, portal: Portal, visit: Visit) -> Response:
    """The list that the address asks for, as a file."""
    with portal.config.database.reading() as session:
        known = reading(session, portal, visit)
    try:
        asked = list_query.read(visit.request.query_params.multi_items(), known.reader)
    except Unreadable:
        # The page says what it is that cannot be read.
        return portal.redirect(f"{TICKETS.path}?{visit.request.url.query}")
    audit.alone(portal.config.database, "export.tickets", form=form, view=asked.query.view)
    headers = {"Content-Disposition": f'attachment; filename="tickets-{asked.query.view}.{form}"'}
    listing = _listing(portal, visit, asked.query, known, MOST if form == "csv" else MOST_EXCEL)
    if form == "csv":
        return StreamingResponse(exporting.csv_blocks(listing), media_type=exporting.TYPES[form], headers=headers)
    try:
        made = _made(form, listing if form == "xlsx" else _printed(listing, visit))
    except NotPossible:
        address = list_query.address(TICKETS.path, asked.query, known.reader)
        return portal.redirect(f"{address}{'&' if '?' in address else '?'}done=no-pdf")
    return StreamingResponse(_blocks(made), media_type=exporting.TYPES[form], headers=headers)


def _listing(portal: Portal, visit: Visit, query: Query, known: Reading, most: int) -> Listing:
    """Headings in English: files are for programs as well, which find columns by the same names in every language."""
    config = portal.config
    headings = [column.label for column in known.columns]
    what = list_words.described(replace(query, view="all"), visit.language, config.zone)
    heading = visit.language.told(HEADINGS[query.view])
    title = f"{heading}: {what}" if query.filters or query.words else heading
    return Listing(title, headings, _rows(portal, visit, query, known, most), config.zone, visit.now, config.desk_name)


def _rows(portal: Portal, visit: Visit, query: Query, known: Reading, most: int) -> Iterator[list[Value]]:
    catalogue = portal.config.rules.catalogue
    batches = list_pages.every(
        portal.config.database, query, visit.who.person, known.columns, visit.now, most=most, teams=known.teams
    )
    for batch in batches:
        columns.fill_in(batch, known.columns, catalogue)
        for row in batch:
            yield [row[column.key] for column in known.columns]


def _printed(listing: Listing, visit: Visit) -> Listing:
    """A PDF is read by people, in their language; as many rows as such a file holds."""
    told = visit.language.gettext
    return replace(
        exporting.fitting(listing, exporting.ROOM_IN_LETTER), headings=[told(heading) for heading in listing.headings],
        page=told(_PAGE), yes=told(_YES), language=visit.language.code,
    )  # fmt: skip


def _made(form: Format, listing: Listing) -> IO[bytes]:
    if not _WAITING.acquire(blocking=False):
        raise HTTPException(503)
    try:
        if not _MADE.acquire(timeout=_WAIT_SECONDS):
            raise HTTPException(503)
    finally:
        _WAITING.release()
    made = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it
    try:
        exporting.write(form, listing, made)  # type: ignore[arg-type]  # it is one
        made.seek(0)
    except BaseException:
        made.close()
        raise
    finally:
        _MADE.release()
    return made


def _blocks(made: IO[bytes]) -> Iterator[bytes]:
    with made:
        while block := made.read(_BLOCK):
            yield block


PAGES: tuple[Row, ...] = tuple(
    (f"{TICKETS.path}.{form}", "GET", "signed_in", partial(export, form)) for form in exporting.FORMATS
)
