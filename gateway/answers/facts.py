"""What answers need to know of the desk beside its tickets."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from desk.catalogue import Catalogue
from desk.language import ENGLISH, Language
from desk.levels import Levels
from gateway.commands.words import Words


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
    levels: Levels = field(default_factory=Levels)  # security levels of customers
    private_notes: bool = False
    copies: bool = True
    language: Language = ENGLISH  # of the one who asks
