"""A letter of ours to which something came back: a report, or a machine's answer."""

from dataclasses import dataclass

from gateway.token import Token


@dataclass(frozen=True, slots=True)
class Letter:
    """One of our letters, to which something came back."""

    id: int
    recipient: str
    ticket_id: int | None
    contact_id: int | None = None
    staff_id: int | None = None
    kind: str = ""
    name: str = ""  # of the recipient

    def was_sent_with(self, token: Token) -> bool:
        """The number of a letter in a Message-ID is not signed, the token is: it must be the one of this letter."""
        if token.kind == "delivery":
            return token.person_id == self.id
        if token.kind == "confirm":
            return self.kind == "confirm"
        person = self.staff_id if token.kind == "staff" else self.contact_id
        return (token.ticket_id, token.person_id) == (self.ticket_id or 0, person)
