"""What answers need to know of the desk beside its tickets."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from desk.catalogue import Catalogue
from gateway.commands.words import Words

ADMIN_LEVELS = frozenset({"Admin User"})


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """The desk as its answers know it."""

    zone: ZoneInfo
    name: str
    address: str  # the main one
    base_url: str  # without a slash at the end
    words: Words
    phone: str = ""
    catalogue: Catalogue = field(default_factory=Catalogue)
    links: tuple[tuple[str, str], ...] = ()  # name and address of pages that help
    admin_levels: frozenset[str] = ADMIN_LEVELS
    priority_levels: frozenset[str] | None = None  # security levels that see priorities; None: all
    private_notes: bool = False
    copies: bool = True
