"""The figures and names that the way in is run by: made from the settings, handed to whoever decides."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from desk.caps import Caps as Caps
from desk.catalogue import Catalogue
from desk.files import FilePolicy
from desk.granting import Policy
from desk.levels import Levels
from desk.lifecycle import WITHDRAWAL_REASONS
from desk.numbers import STANDARD, Numbers
from gateway.commands.words import Words

MAX_HOPS = 50  # Received lines; more means that the mail goes in circles
MAX_CC = 20  # people that one mail can add to a ticket


@dataclass(frozen=True, slots=True)
class Rules:
    """How this desk takes mail."""

    zone: ZoneInfo
    instance: str  # names this desk in the letters it sends, so that it knows its own
    files: FilePolicy
    words: Words  # of commands, in the languages that people write
    verifies_senders: bool = False  # by whatever way; else nobody is verified, and people are taken at their word
    reopen_days: int = 14
    caps: Caps = field(default_factory=Caps)
    fold: timedelta = timedelta(seconds=60)
    max_attempts: int = 3
    levels: Levels = field(default_factory=Levels)  # security levels of customers
    credentials: Policy = field(default_factory=Policy)  # what a letter with credentials carries
    approvals: Literal["any", "all"] = "any"  # whose answer decides about a ticket that waits for approval
    withdrawal_reasons: tuple[str, ...] = WITHDRAWAL_REASONS
    private_notes: bool = False  # customers may write notes for the desk alone
    copies: bool = True  # customers may have a note sent to outsiders
    desk_name: str = "Service Desk"
    numbers: Numbers = STANDARD  # of tickets: how they look, and which are known
    catalogue: Catalogue = field(default_factory=Catalogue)  # types, services, items, and what is promised
