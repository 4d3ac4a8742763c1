"""The fields by which mail programs offer to end letters of a sort (RFC 2369, RFC 8058)."""

from desk.unsubscribing import List, Stop, make
from gateway.desk_addresses import Addresses
from gateway.letter import DeskFacts
from store.tables import Outbox

# Why somebody gets a letter, and the list that ends for them.
_LISTS: dict[str, List] = {
    "alert": "alerts",
    "watching": "watching",
    "digest": "digest",
    "news": "news",
    "day_sheet": "day sheet",
}
_AT_WORK = "day_sheet"  # from the desk to itself: no page for it, as for lists that go out into the world
_TAKES_PART = ("contact", "participant")  # who answers such a letter with “stop”, or by a mail that says no more


def fields(row: Outbox, reason: str, address: str, addresses: Addresses, desk: DeskFacts) -> dict[str, str]:
    """None for letters that everybody has to get, or gets once."""
    if reason in _LISTS:
        person = row.contact_id if row.contact_id is not None else row.staff_id
        stop = Stop(_LISTS[reason], person or 0, row.ticket_id or 0)
    elif reason in _TAKES_PART and row.ticket_id is not None:
        stop = Stop("ticket", row.contact_id or 0, row.ticket_id)
    else:
        return {}
    if not stop.person_id:
        return {}
    by_mail = f"<mailto:{addresses.stop_address(address, stop)}>"
    # RFC 8058 section 3.1: the page is an https one. The relay signs both fields (section 4).
    if reason not in _LISTS or reason == _AT_WORK or not desk.base_url.startswith("https://"):
        return {"List-Unsubscribe": by_mail}
    page = f"<{desk.base_url}/u/{make(stop, addresses.keys)}>"
    return {"List-Unsubscribe": f"{by_mail}, {page}", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
