"""Links to files that are too large to go along with a letter: one for each file and reader."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from desk import file_links
from desk.file_links import FileLink
from desk.keys import Keys
from store.tables import Outbox

# Letters that give what they tell to people who need not see the ticket.
_GIVING = frozenset({"copy", "approval"})


@dataclass(frozen=True, slots=True)
class Linking:
    """What links are made with."""

    base_url: str
    keys: Keys
    days: int

    def until(self, row: Outbox) -> datetime:
        """When the links of a letter run out."""
        return row.created_at + timedelta(days=self.days)

    def url(self, row: Outbox, file_id: int) -> str:
        """The address of a file for the reader of a letter; "" where that is nobody in particular, as in a queue."""
        until = self.until(row)
        if row.contact_id is not None:
            link = FileLink(file_id, "given" if row.kind in _GIVING else "contact", row.contact_id, until)
        elif row.staff_id is not None:
            link = FileLink(file_id, "staff", row.staff_id, until)
        else:
            return ""
        return f"{self.base_url}/f/{file_links.make(link, self.keys)}"
