"""Does DNS have the record of a key, word for word? Says in words what is wrong with what is there."""

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.dkim_keys import SigningKey
from gateway.sender.resolver import Questions, Unanswered

# ok · missing: nothing is there · typo: nearly right · other: another key · unknown: DNS did not say
Verdict = Literal["ok", "missing", "typo", "other", "unknown"]
_SPACE = re.compile(r"\s+")
_NEAR = 8  # characters of a long key that differ where somebody copied it by hand


@dataclass(frozen=True, slots=True)
class Published:
    """What DNS says of a key; `words` is a clause without its full stop."""

    verdict: Verdict
    words: str


def look_up(key: SigningKey, questions: Questions) -> Published:
    """Ask DNS for the record of a key, and compare."""
    try:
        records = questions.text(key.place)
    except Unanswered as error:
        return Published("unknown", str(error))
    return compare(key, [record.decode("utf-8", "replace") for record in records])


def compare(key: SigningKey, records: Sequence[str]) -> Published:
    """The record as it is beside the record as it must be."""
    if not records:
        return Published("missing", f"DNS has no TXT record at {key.place}")
    if len(records) > 1:
        return Published("typo", f"DNS has {len(records)} TXT records at {key.place}; there must be one")
    (record,) = records
    if record.startswith('"') or "\\;" in record:
        return Published("typo", "the record holds quotation marks or backslashes that belong to a zone file only")
    tags = _tags(record)
    if tags is None or "p" not in tags:
        return Published("typo", "the record is not a list of tags like v=DKIM1; k=…; p=…")
    if not tags["p"]:
        return Published("other", "the record revokes the key: its p= is empty")
    return _same_key(key, tags["p"]) or _other_tags(key, tags) or Published("ok", "DNS has the key")


def _tags(record: str) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for piece in record.split(";"):
        if not piece.strip():
            continue
        name, equals, value = piece.partition("=")
        if not equals or name.strip() in found:
            return None
        found[name.strip()] = _SPACE.sub("", value)
    return found


def _same_key(key: SigningKey, there: str) -> Published | None:
    ours = key.public
    if there == ours:
        return None
    if ours.startswith(there):
        return Published("typo", f"the key in the record ends after {len(there)} of {len(ours)} characters")
    differ = sum(one != other for one, other in zip(ours, there, strict=False)) + abs(len(ours) - len(there))
    at = next((i for i, (one, other) in enumerate(zip(ours, there, strict=False)) if one != other), len(ours))
    # One character too many or too few moves all that stand behind it.
    end = min(len(ours), len(there)) - at - 1
    if differ <= min(_NEAR, len(ours) // 4) or (at > len(ours) // 4 and end > 0 and ours[-end:] == there[-end:]):
        return Published("typo", f"the key in the record differs from character {at + 1} of p= on")
    try:
        base64.b64decode(there, validate=True)
    except (ValueError, binascii.Error):
        return Published("typo", "what stands in p= is no base64")
    return Published("other", "the record holds another key")


def _other_tags(key: SigningKey, tags: dict[str, str]) -> Published | None:
    """RFC 6376 section 3.6.1: what else could keep a receiver from using the key."""
    if tags.get("v", "DKIM1") != "DKIM1":
        return Published("typo", "v= must be DKIM1")
    if tags.get("k", "rsa") != key.type:
        return Published("typo", f"k= must be {key.type}")
    if "h" in tags and "sha256" not in tags["h"].split(":"):
        return Published("typo", "h= must allow sha256, or be left out")
    if not {"*", "email"} & set(tags.get("s", "*").split(":")):
        return Published("typo", "s= must allow email, or be left out")
    if "y" in tags.get("t", "").split(":"):
        return Published("typo", "t=y says that the key is for tests only, so it proves nothing")
    return None
