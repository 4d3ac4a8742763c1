"""The languages that people can ask to be written to in: by name or by code."""

import re
from collections.abc import Mapping

# As those who speak it call it, and as others do.
NAMES: Mapping[str, tuple[str, ...]] = {
    "en": ("English", "Englisch", "anglais", "inglés"),
    "de": ("Deutsch", "German", "allemand", "alemán"),
    "fr": ("Français", "French", "Französisch", "francés"),
    "es": ("Español", "Spanish", "Spanisch", "espagnol"),
}
_LONGEST = 20  # characters of a code in the database
_CODE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,2}", re.ASCII)


def code_of(text: str) -> str | None:
    """“Deutsch”, “german” and “de” are de, “de_AT” is de-at; None for what is none. An operator may have more."""
    said = text.strip().casefold().replace("_", "-")
    known = next((code for code, names in NAMES.items() if said in [name.casefold() for name in names]), None)
    return known or (said if _CODE.fullmatch(said) and len(said) != 3 and len(said) <= _LONGEST else None)


def shown(code: str) -> str:
    """Deutsch, for de; a code that has no name here as it is."""
    names = NAMES.get(code.lower())
    return names[0] if names else code
