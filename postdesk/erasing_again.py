"""After a restore: erasures that had begun go on; whoever was erased since is found by the list, and erased again."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import InstrumentedAttribute

from desk import erasing
from desk.erasing import Wish
from postdesk import erasing_run
from postdesk.backup_erased import Erased
from postdesk.wiring import House
from store.tables import ContactAddress, Disposition, Outbox, ReceivedMail

_AT_ONCE = 5000
# Who wrote without ever becoming a contact is in the ledger only: a mail that was held, or an answer of a machine.
_COLUMNS: tuple[InstrumentedAttribute[str], ...] = (
    ContactAddress.address, Disposition.sender, ReceivedMail.reverse_path, Outbox.recipient,
)  # fmt: skip


def run(house: House, erased: Sequence[Erased]) -> int:
    """Erase them as it was asked for then; how many people that were."""
    with house.database.reading() as session:
        begun = erasing.begun(session)
    for person in begun:
        _erase(house, person.addresses[0], person.wish)
    people: set[int] = set()
    for address, which in _found(house, erased):
        with house.database.reading() as session:
            still = _is_there(session, address)
        if still:  # not a second address of somebody whose first one was in the list too
            _erase(house, address, Wish(erased[which].delete_tickets, erased[which].words))
            people.add(which)
    return len(begun) + len(people)


def _erase(house: House, address: str, wish: Wish) -> None:
    erasing_run.run(house, address, wish, lambda _: None, by="restore", just_now=timedelta(), vacuum=False)


def _found(house: House, erased: Sequence[Erased]) -> list[tuple[str, int]]:
    """Addresses of the desk that the list knows, those of contacts first, each with its place in the list."""
    places = {mark: which for which, one in enumerate(erased) for mark in one.marks}
    found: dict[str, int] = {}
    if places:
        with house.database.reading() as session:
            for address in _addresses(session):
                marks = (erasing.mark(address, house.keys, key_id) for key_id, _ in house.keys.entries)
                if mark := next((mark for mark in marks if mark in places), None):
                    found.setdefault(address, places[mark])
    return list(found.items())


def _addresses(session: Session) -> Iterator[str]:
    for column in _COLUMNS:
        distinct = select(func.lower(column)).where(column != "").distinct()
        yield from session.scalars(distinct, execution_options={"yield_per": _AT_ONCE})


def _is_there(session: Session, address: str) -> bool:
    return any(session.scalar(select(exists().where(func.lower(column) == address))) for column in _COLUMNS)
