"""Letters to all staff about mail that does not come in or go out."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from desk import load, notices
from desk.said import Said
from desk.writes import Writes

LETTER = "mail_trouble"


def tell(
    session: Session, next_id: Callable[[], int], now: datetime, letters: Sequence[tuple[Said, list[Said]]]
) -> int:
    """Queue each letter, a subject and its lines, to everybody who works here. Returns how many letters that makes."""
    if not letters:
        return 0
    people = [person for person in load.staff(session).values() if person.active]
    writes = Writes(next_id)
    for subject, lines in letters:
        for person in people:
            notices.letter(writes, LETTER, person, now, context={"subject": subject, "lines": lines})
    writes.flush(session)
    return len(letters) * len(people)
