"""Numbers that tickets had in other systems, as those write them into subjects: RT, OTRS, Zammad, osTicket, GLPI."""

import re

# [example.com #123] of RT, [Ticket#2019040110000012] of OTRS and Zammad, [#123456] of osTicket and FreeScout,
# [GLPI #0000123] of GLPI.
_NAME = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,40}(?: [A-Za-z0-9._/-]{1,20}){0,3}"
_TAG = re.compile(rf"\[ {{0,2}}({_NAME})? {{0,2}}# ?:? ?([0-9]{{1,20}}) {{0,2}}\]")
_MANY = 5  # numbers of one subject that are looked at


def keys(subject: str) -> tuple[str, ...]:
    """The numbers in a subject, each with the name of its system, in small letters: “example.com #123”, “#42”."""
    if "#" not in subject:  # nearly every subject
        return ()
    found = (f"{name.lower()} #{number}".strip() for name, number in _TAG.findall(subject))
    return tuple(dict.fromkeys(found))[:_MANY]


def strip(subject: str) -> str:
    """A subject without them."""
    return " ".join(_TAG.sub(" ", subject).split()) if "#" in subject else subject
