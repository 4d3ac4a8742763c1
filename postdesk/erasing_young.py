"""Bytes that were too young to go when the erasure of a person ended: an hour later they do."""

from datetime import UTC, datetime, timedelta

from desk import erasing
from postdesk import backup_due, forgetting
from postdesk.wiring import House

JUST_NOW = timedelta(hours=1)  # bytes that were put later may belong to a row that is not committed yet
_GIVEN_UP = timedelta(days=1)  # those that are young still were put again, and are somebody else's


def settle(house: House) -> None:
    """Forget those that are old enough by now, and note in the erasures which are left."""
    now = datetime.now(UTC)
    with house.database.reading() as session:
        young = erasing.young(session)
    for erasure_id, ended, digests in young:
        if backup_due.is_running(house, datetime.now(UTC)):
            return  # it copies what was named at its beginning
        _, left = forgetting.forget(house, digests, now - JUST_NOW)
        kept = left if now - ended < _GIVEN_UP else []
        if kept != digests:
            with house.database.transaction() as session:
                erasing.settle(session, erasure_id, kept)
