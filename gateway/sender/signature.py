"""What a signature must be to count at all, DKIM or ARC, before and beside what dkimpy checks."""

import re
from collections.abc import Callable
from datetime import datetime

from gateway.sender.domains import ascii_domain
from gateway.sender.resolver import Questions
from gateway.sender.signed import Odd, Signed

MIN_KEY = 1_024  # bits (RFC 8301 section 3.2)
MAX_KEY_RECORD = 1_500  # bytes: a key of 4,096 bits takes 740
_MAX_FIELD = 8_192  # bytes of one signature
_MAX_NAMES = 200  # fields that one signature covers
_ALGORITHMS = (b"rsa-sha256", b"ed25519-sha256")  # no rsa-sha1: RFC 8301 section 3.1
# dkimpy looks for b= with an expression that is quadratic in the length of such a run.
_LONG_BLANK = re.compile(rb"\s{100}")
# Fields that a mail has once. Where a signature covers them, a second one would be shown unsigned.
_ONCE = (
    b"from", b"sender", b"reply-to", b"subject", b"date", b"message-id", b"to", b"cc", b"in-reply-to", b"references",
    b"mime-version", b"content-type", b"content-transfer-encoding",
)  # fmt: skip

Tags = dict[bytes, bytes]


def tags_of(value: bytes) -> Tags:
    """The tags of a signature. Raises Odd."""
    from dkim.util import InvalidTagValueList, parse_tag_value

    if len(value) > _MAX_FIELD or _LONG_BLANK.search(value):
        raise Odd("the signature is too long to be read")
    try:
        found: Tags = parse_tag_value(value)
    except (InvalidTagValueList, IndexError) as error:
        raise Odd("the signature cannot be read") from error
    return found


def domain_in(tags: Tags) -> str:
    """The domain that signed; "" when it cannot be read."""
    return ascii_domain(tags.get(b"d", b"").decode("utf-8", "replace"))


def selector_in(tags: Tags) -> str:
    """Which of its keys the domain signed with."""
    return ascii_domain(tags.get(b"s", b"").decode("utf-8", "replace"))


def require_whole(tags: Tags, mail: Signed, at: datetime) -> None:
    """Raises Odd for a signature that leaves open what matters: From, a second Subject, the end of the body."""
    if tags.get(b"a", b"").strip().lower() not in _ALGORITHMS:
        raise Odd("its algorithm is not safe any more")
    names = [name.strip().lower() for name in tags.get(b"h", b"").split(b":")]
    if b"from" not in names:
        raise Odd("the signature does not cover From")
    if len(names) > _MAX_NAMES:
        raise Odd("the signature covers too many fields")
    for name in _ONCE:
        if 0 < names.count(name) < mail.count(name):
            raise Odd(f"the mail has more fields named {name.decode()} than are signed")
    if b"l" in tags and not _covers_all(tags[b"l"], mail.length(tags.get(b"c", b""))):
        raise Odd("the signature leaves a part of the text open (l=)")
    expires = tags.get(b"x", b"")
    if re.fullmatch(rb"[0-9]{1,12}", expires) and int(expires) < at.timestamp():
        raise Odd("the signature has expired")


def _covers_all(length: bytes, whole: int) -> bool:
    return re.fullmatch(rb"[0-9]{1,12}", length) is not None and int(length) >= whole


def key_finder(questions: Questions) -> Callable[..., bytes]:
    """What dkimpy asks for keys; it raises Odd where there is none that counts, and Unanswered."""

    def find(name: bytes, timeout: float = 0) -> bytes:  # dkimpy's form; the questions have a time of their own
        place = name.decode("utf-8", "replace").removesuffix(".")
        records = questions.text(place)
        if not records:
            raise Odd(f"there is no key at {place}")
        if len(records[0]) > MAX_KEY_RECORD:
            raise Odd(f"the key at {place} is too big")
        _require_in_use(records[0], place)
        return records[0]

    return find


def _require_in_use(record: bytes, place: str) -> None:
    """RFC 6376 section 3.6.1: a key may be revoked, for tests, or for something else than mail."""
    tags = tags_of(record)
    if not tags.get(b"p"):
        raise Odd(f"the key at {place} is revoked")
    if b"y" in [flag.strip() for flag in tags.get(b"t", b"").split(b":")]:
        raise Odd(f"the key at {place} is only for tests")
    if not {b"*", b"email"} & {use.strip() for use in tags.get(b"s", b"*").split(b":")}:
        raise Odd(f"the key at {place} is not for mail")
    if b"h" in tags and b"sha256" not in [name.strip() for name in tags[b"h"].split(b":")]:
        raise Odd(f"the key at {place} is not for this algorithm")
