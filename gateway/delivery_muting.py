"""Which refusals while sending mute an address: of a colleague's not the first one, or the desk would fall silent."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from desk.status import GIVEN_UP
from gateway.delivery_policy import mutes
from store.tables import Delivery, Outbox, Staff

_ANOTHER_DAY = timedelta(hours=12)  # a digest goes out once a day, at about the same hour
_REMEMBERED = timedelta(days=7)


def to_mute(session: Session, refusals: Mapping[str, str], now: datetime) -> dict[str, str]:
    """Those of these lower-case addresses, each with a server's reply, that get no more letters.

    A relay with a fault may refuse everybody for an hour. A customer who is muted for it comes back with his next mail;
    a colleague would hear nothing of the desk any more, and nobody would hear of that. So with colleagues it takes a
    refusal on another day of the last seven as well. (A delivery report mutes them at once: gateway/bounced.py.)
    """
    found = {address: reply for address, reply in refusals.items() if mutes(reply)}
    if not found:
        return {}
    at_desk = select(Staff.address).where(Staff.address.in_(found), Staff.deactivated_at.is_(None))
    staff = set(session.scalars(at_desk))
    spared = staff - _refused_before(session, staff, now) if staff else staff
    return {address: reply for address, reply in found.items() if address not in spared}


def _refused_before(session: Session, addresses: set[str], now: datetime) -> set[str]:
    statement = (
        select(Outbox.recipient, Delivery.reply)
        .join(Delivery, Delivery.outbox_id == Outbox.id)
        .where(
            GIVEN_UP,
            Outbox.done_at > now - _REMEMBERED,
            Outbox.done_at < now - _ANOTHER_DAY,
            func.lower(Outbox.recipient).in_(addresses),
            Delivery.result == "refused",
        )
    )
    return {row.recipient.lower() for row in session.execute(statement) if mutes(row.reply)}
