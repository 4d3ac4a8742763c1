"""The figures and choices by which people act, made from the settings; and how an act is refused."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from desk.caps import Caps
from desk.catalogue import Catalogue
from desk.files import FilePolicy
from desk.granting import Policy
from desk.levels import Levels
from desk.lifecycle import WITHDRAWAL_REASONS
from desk.numbers import STANDARD, Numbers
from store.blobs import BlobStore
from store.database import Database

QUICK_LENGTH = 1_000  # of a quick note
MIB = 1024 * 1024


def _nobodys(address: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Rules:
    """How this desk lets people act."""

    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    numbers: Numbers = STANDARD  # of tickets: how they look, and which are known
    desk_address: str = ""  # the main one: that of tickets that are opened on a page
    desk_addresses: tuple[str, ...] = ()  # all of them: no contact can have one
    desk_team: str = "Service Desk"  # whose they are, unless the catalogue leads them elsewhere
    desk_type: str = "Query"  # what they are, where neither the visitor nor a service says
    caps: Caps = field(default_factory=Caps)
    needs_reference: bool = True  # a page asks for the customer's own number, where the type does
    files: FilePolicy = field(default_factory=lambda: FilePolicy(10 * MIB, 20, frozenset({"exe"})))
    reopen_days: int = 14
    fold: timedelta = timedelta(seconds=60)  # how long a mere change waits for company before it is told
    levels: Levels = field(default_factory=Levels)
    credentials: Policy = field(default_factory=Policy)
    approvals: Literal["any", "all"] = "any"
    withdrawal_reasons: tuple[str, ...] = WITHDRAWAL_REASONS
    private_notes: bool = False  # customers may write notes for the desk alone
    copies: bool = True  # customers may have a note sent to outsiders
    catalogue: Catalogue = field(default_factory=Catalogue)
    links: tuple[tuple[str, str], ...] = ()  # name and address of pages that help
    is_ours: Callable[[str], bool] = _nobodys  # an address of the desk itself, with all its forms


@dataclass(frozen=True, slots=True)
class Desk:
    """Where acts are done: the rows, the files, the rules."""

    database: Database
    blobs: BlobStore
    rules: Rules = field(default_factory=Rules)


class Refused(Exception):
    """Why nothing was done, as a sentence of desk/said.py for the one who acted, and the field that it is about."""

    def __init__(self, said: str, field: str = "") -> None:
        super().__init__(said)
        self.said, self.field = said, field


class NotThere(Exception):
    """There is no such ticket, or not for this person: nobody is told which."""
