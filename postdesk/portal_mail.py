"""Reads received mails anew for the page about them: what is in each, how it travelled, what would become of it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import structlog

from gateway.claimed import load
from gateway.parse import read
from gateway.travel import journey
from portal.mail_reader import Foreseen
from postdesk.explaining import Explainer, evidence_lines
from postdesk.show_mail import NOT_READ, content_lines, stops_the_reader
from postdesk.show_travel import travel_lines
from store.tables import Disposition, ReceivedMail

if TYPE_CHECKING:
    from postdesk.wiring import House

log = structlog.get_logger(__name__)


class Reader:
    """Of one desk."""

    def __init__(self, house: "House") -> None:
        self._house = house

    def look(self, received_id: int) -> Sequence[str]:
        """The lines of `postdesk mail show` that need the bytes."""
        if self._stops(received_id):
            return [NOT_READ]
        try:
            with self._house.database.reading() as session:
                (found,) = load(session, self._house.blobs, [received_id])
        except OSError as error:
            log.error("the bytes of a mail cannot be read", received_id=received_id, exc_info=error)
            return ["Its bytes cannot be read."]
        null = found.envelope.reverse_path if found.envelope.recipients else None
        way = journey(found.raw)
        lines = [*content_lines(read(found.raw, reverse_path=null)), *(f"Odd: {words}" for words in way.odd)]
        return [" ".join(line.split()) for line in (*lines, *travel_lines(way))]

    def foresee(self, received_id: int, wish: str) -> Foreseen | None:
        """As `postdesk mail replay --dry-run`."""
        if self._stops(received_id):
            return None
        try:
            explained = Explainer(self._house).received(received_id, wish)
        except OSError as error:
            log.error("the bytes of a mail cannot be read", received_id=received_id, exc_info=error)
            return None
        if explained is None or explained.decision is None:
            return None
        decision = explained.decision
        lines = [" ".join(line.split()) for line in evidence_lines(decision)]
        return Foreseen(decision.kind, decision.rule, decision.reason, explained.ticket, lines)

    def _stops(self, received_id: int) -> bool:
        """A mail that ended the processes that read it would end this one."""
        with self._house.database.reading() as session:
            mail = session.get(ReceivedMail, received_id)
            return mail is None or stops_the_reader(mail, session.get(Disposition, received_id))
