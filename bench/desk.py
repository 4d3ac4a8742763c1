"""A Postdesk to measure: the one the tests start, without the caps that are about people."""

from tests.peers import desk

UNCAPPED = {
    "CAPS__NEW_TICKETS_PER_SENDER_2H": "1000000",
    "CAPS__FIRST_RECEIPTS_PER_MINUTE": "1000000",
    "CAPS__STRANGER_LETTERS_PER_READER_HOUR": "1000000",
}


class Desk(desk.Desk):
    """A running Postdesk with the roles that a figure is about, and as many workers as it chooses by itself."""

    def __init__(
        self, roles: tuple[str, ...], *, url: str = "", workers: int = 0, settings: dict[str, str] | None = None
    ) -> None:
        super().__init__(
            roles,
            url=url,
            workers=workers,
            settings={**UNCAPPED, "LOG__LEVEL": "error", "DELIVERY__PROCESSES": "0", **(settings or {})},
        )

    def choose_roles(self, roles: tuple[str, ...]) -> None:
        """What the next `start` starts."""
        self._roles = roles
