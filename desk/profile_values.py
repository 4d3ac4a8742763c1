"""What may stand behind the labels of a profile: what is mandatory, how long it may be, and what it must look like."""

from collections.abc import Collection

from desk import languages
from desk.people import PeopleError
from desk.said import listed, say

ERASE = "-"  # as a value: the field is to be empty
NO_LEVEL = say("There is no security level “{level}”. Choose one of: {choices}")
ADDRESSES = ("Email", "Email 2", "Email 3")
MANDATORY = ("First name", "Last name", "Email")
LONGEST = {"First name": 100, "Last name": 100, **dict.fromkeys(ADDRESSES, 320)}
_PORTAL = "client portal"  # what stands between the name of the provider and that of a level
_LONG = 200  # characters of any other field


class FieldError(PeopleError):
    """A value that cannot be; `why` is its sentence without the full stop, to stand in another one."""

    def __init__(self, why: str) -> None:
        super().__init__(say("{why}.", why=why))
        self.why = why


def _clean(written: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in written).split())


def checked(label: str, written: str, levels: Collection[str]) -> str:
    """The value as it is kept of a filled-in line; FieldError for one that cannot be."""
    value = "" if written.strip() == ERASE else _clean(written)
    if not value and label in (*MANDATORY, "Level"):
        raise FieldError(say("{label} cannot be empty", label=say(label)))
    longest = LONGEST.get(label, _LONG)
    if len(value) > longest:
        raise FieldError(say("{label} is longer than {n} characters", label=say(label), n=longest))
    if label == "Level":
        return level_of(value, levels)
    if label == "Language" and value:
        return _language(value)
    if label in ADDRESSES and value and not is_address(value):
        raise FieldError(say("{label}: “{value}” is not a complete e-mail address", label=say(label), value=value))
    return value


def _language(value: str) -> str:
    code = languages.code_of(value)
    if code is None:
        names = listed(names[0] for names in languages.NAMES.values())
        raise FieldError(
            say("There is no language “{value}”. Choose one of: {choices}", value=value[:60], choices=names)
        )
    return languages.shown(code)


def is_address(text: str) -> bool:
    """True for what looks like one e-mail address, and nothing else."""
    local, at, domain = text.rpartition("@")
    plain = text.isprintable() and not set(text) & set(' <>()[],;:\\"')
    inner = domain.split(".")
    plain = plain and len(text.lower()) <= 320
    return bool(at and 0 < len(local) <= 64 and plain and "@" not in local and len(inner) > 1 and all(inner))


def level_of(text: str, levels: Collection[str]) -> str:
    """The security level that a text names: “Sample Works Client Portal Standard User” is “Standard User”.

    Nothing but that may stand before the name (“Not an Admin User” is none). FieldError where there is none like it.
    """
    said = " ".join(text.lower().split())
    before, portal, level = said.rpartition(_PORTAL)
    wanted = level.strip() if portal and (not before or before.endswith(" ")) else said
    if found := next((name for name in levels if name.lower() == wanted), ""):
        return found
    choices = listed(levels)  # as they are accepted: a file holds these names in every language
    raise FieldError(say(NO_LEVEL, level=text[:60], choices=choices))
