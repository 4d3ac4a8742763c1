"""Bounces of Amazon SES as its notification service mails them: JSON, perhaps inside a JSON string, cut anywhere."""

import re
from collections.abc import Iterator

from gateway import addresses
from gateway.bounce.status import MAX_DIAGNOSTIC
from gateway.envelope import Report
from gateway.headers import clean

_MAX_TEXT = 64 * 1024
_MAX = 200
_LIST = re.compile(r'\\?"bouncedRecipients\\?"\s?:\s?\[([^\]]{1,20000})\]')
_ONE = re.compile(r'emailAddress\\?"\s?:\s?\\?"([^"\\]{3,320})([^}]{0,2000})')
_STATUS = re.compile(r'status\\?"\s?:\s?\\?"([245]\.\d{1,3}\.\d{1,3})')
_SAID = re.compile(r'diagnosticCode\\?"\s?:\s?\\?"([^"\\]{1,1000})')
_TRANSIENT = re.compile(r'bounceType\\?"\s?:\s?\\?"Transient')
_ID = re.compile(
    r'"name\\?"\s?:\s?\\?"Message-ID\\?"\s?,\s?\\?"value\\?"\s?:\s?\\?"(<[^<>\s"\\]{1,250}>)', re.IGNORECASE
)


def reports(text: str) -> Iterator[Report]:
    """The recipients in a notification; "Transient" is the service's word for later."""
    listed = _LIST.search(text[:_MAX_TEXT])
    if listed is None:
        return
    transient = _TRANSIENT.search(text[:_MAX_TEXT]) is not None
    for match in list(_ONE.finditer(listed[1]))[:_MAX]:
        status, said = _STATUS.search(match[2]), _SAID.search(match[2])
        box = addresses.parse(match[1])[0]
        if len(box) == 1 and box[0].address:
            words = clean(said[1] if said else match[2], MAX_DIAGNOSTIC)
            yield Report(box[0].address, status[1] if status else "", not transient, words)


def message_ids(text: str) -> tuple[str, ...]:
    """Message-IDs among the header fields that a notification repeats."""
    return tuple(dict.fromkeys(_ID.findall(text[:_MAX_TEXT])))[:20]
