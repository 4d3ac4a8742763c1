"""After a restore: whoever was erased since the backup is found by the digests of the list, and erased again."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from desk import erasing
from desk.erasing import Wish
from postdesk import erasing_run
from postdesk.backup_erased import Erased
from postdesk.wiring import House
from store.tables import ContactAddress

_AT_ONCE = 5000


def run(house: House, erased: Sequence[Erased]) -> int:
    """Erase them again as it was asked for then; how many people that were."""
    people = 0
    for address, wish in _found(house, erased):
        with house.database.reading() as session:
            still = session.get(ContactAddress, address) is not None
        if still:  # a second address of somebody whose first one was in the list too
            erasing_run.run(house, address, wish, lambda _: None, by="restore", just_now=timedelta(), vacuum=False)
            people += 1
    return people


def _found(house: House, erased: Sequence[Erased]) -> list[tuple[str, Wish]]:
    wishes = {mark: Wish(one.delete_tickets, one.words) for one in erased for mark in one.marks}
    key_ids = [key_id for key_id, _ in house.keys.entries]
    found: list[tuple[str, Wish]] = []
    with house.database.reading() as session:
        addresses = session.scalars(select(ContactAddress.address), execution_options={"yield_per": _AT_ONCE})
        for address in addresses:
            marks = (erasing.mark(address, house.keys, key_id) for key_id in key_ids)
            if wish := next((wishes[mark] for mark in marks if mark in wishes), None):
                found.append((address, wish))
    return found
