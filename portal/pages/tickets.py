"""The lists of tickets, and the columns that somebody wants to see in all of them."""

from starlette.responses import Response

from desk import columns
from portal import list_query
from portal.forms import Form
from portal.list_query import Unreadable
from portal.pages.tickets_shown import DESK, TICKETS, Place, reader_of, reading, show
from portal.visit import Portal, Row, Visit


def tickets(portal: Portal, visit: Visit) -> Response:
    """A list of the tickets that the visitor may see; the address is the whole state."""
    return show(portal, visit, TICKETS)


def choose_columns(portal: Portal, visit: Visit) -> Response:
    """Keep the columns of all lists, and their order; the number stays the first."""
    with portal.config.database.transaction() as session:
        known = reading(session, portal, visit)
        keys = [] if visit.form.get("usual") else _keys(visit.form, [column.key for column in known.available])
        columns.keep(session, visit.who.person, keys)
    back, _, query = own_list(portal, visit, visit.form.get("back", "")).partition("?")
    return portal.redirect(f"{back}?{query}&done=columns" if query else f"{back}?done=columns")


def _keys(form: Form, available: list[str]) -> list[str]:
    """What was ticked, by the numbers beside it; what has none that can be read follows in the usual order."""
    ticked = set(form.all("use"))
    last = len(available) + 1

    def place(key: str) -> int:
        said = form.text(f"at {key}")
        return int(said) if said.isascii() and said.isdecimal() and len(said) < 4 else last

    wanted = sorted((key for key in available if key in ticked and key != columns.NUMBER), key=place)
    return [columns.NUMBER, *wanted] if wanted else []


def own_list(portal: Portal, visit: Visit, address: str) -> str:
    """The address of a list that a form names, put together anew: no other place is led to."""
    places: dict[str, Place] = {TICKETS.path: TICKETS, **({DESK.path: DESK} if visit.who.is_staff else {})}
    place = places.get(address.partition("?")[0], TICKETS)
    reader = reader_of(portal, visit, place.usual)
    try:
        asked = list_query.read(list_query.pairs_of(address), reader)
    except (Unreadable, ValueError):
        return place.path
    return list_query.address(place.path, asked.query, reader, asked.after)


PAGES: tuple[Row, ...] = (
    (TICKETS.path, "GET", "signed_in", tickets),
    ("/tickets/columns", "POST", "signed_in", choose_columns),
)
