"""S/MIME (RFC 8551): what a CMS object (RFC 5652) is, and the mail inside one that is signed or compressed only.

No signature is checked here. A signed mail is a mail in a wrapper that anybody can make and anybody can open: what is
inside is shown, and said to be "signed, not checked".
"""

import binascii
import re
import zlib
from typing import Literal

from gateway.unpack.der import CONTEXT_0, OID, SEQUENCE, SET, Malformed, Walker

MAX_CONTENT = 32 * 1024 * 1024  # bytes: zlib makes up to a thousand out of one

Kind = Literal["signed", "enveloped", "compressed", "certificates", "unknown"]

_PKCS7 = bytes.fromhex("2a864886f70d0107")  # 1.2.840.113549.1.7
_SMIME = bytes.fromhex("2a864886f70d01091001")  # 1.2.840.113549.1.9.16.1
_DATA, _SIGNED = _PKCS7 + b"\1", _PKCS7 + b"\2"
_COMPRESSED = _SMIME + b"\x09"
_ENVELOPED = {_PKCS7 + b"\3", _PKCS7 + b"\4", _PKCS7 + b"\6", _SMIME + b"\x17"}  # the last: AuthEnvelopedData
_ARMOUR = re.compile(rb"-----BEGIN (?:PKCS7|PKCS #7 SIGNED DATA|CMS)-----[ \t]{0,80}\r?\n([^-]*)-----END ")
_BASE64_START = re.compile(rb"\s{0,80}MI[A-P][A-Za-z0-9+/\r\n]{20}")  # 0x30 and a long or indefinite length


def kind(data: bytes) -> Kind:
    """What is in a file of the type application/pkcs7-mime; never raises."""
    data = _binary(data)
    walker = Walker(data)
    try:
        name, start, limit = _content_info(walker)
        if name in _ENVELOPED:
            return "enveloped"
        if name == _COMPRESSED:
            return "compressed"
        if name == _SIGNED:
            return "certificates" if _signs_nothing(walker, start, limit) else "signed"
    except Malformed:
        pass
    return "unknown"


def signed_content(data: bytes) -> bytes | None:
    """The MIME entity inside of signed or compressed data; None when it is something else, detached or damaged."""
    data = _binary(data)
    walker = Walker(data)
    try:
        name, position, limit = _content_info(walker)
        if name not in (_SIGNED, _COMPRESSED):
            return None
        position, limit = _encapsulated(walker, position, limit)
        if _identifier(walker, position, limit) != _DATA:
            return None
        position = walker.over(position, limit)
        if walker.ends(position, limit):
            return None  # detached: the signed part stands beside it
        content = walker.octets(*walker.enter(position, limit, CONTEXT_0))
    except Malformed:
        return None
    return _inflated(content) if name == _COMPRESSED else content


def _binary(data: bytes) -> bytes:
    """Without PEM armour, and without base64 that the mail forgot to declare."""
    if data[:1] == b"\x30":
        return data
    armour = _ARMOUR.search(data)
    if armour is None and _BASE64_START.match(data) is None:
        return data
    try:
        return binascii.a2b_base64(data if armour is None else armour[1])
    except binascii.Error:
        return b""


def _content_info(walker: Walker) -> tuple[bytes, int, int]:
    """The type of content (RFC 5652 section 3), and where the SEQUENCE that describes it begins and ends."""
    position, limit = walker.enter(0, len(walker.data), SEQUENCE)
    name = _identifier(walker, position, limit)
    position, limit = walker.enter(walker.over(position, limit), limit, CONTEXT_0)
    return name, *walker.enter(position, limit, SEQUENCE)


def _identifier(walker: Walker, position: int, limit: int) -> bytes:
    start, end = walker.enter(position, limit, OID)
    return walker.data[start:end]


def _encapsulated(walker: Walker, position: int, limit: int) -> tuple[int, int]:
    """EncapsulatedContentInfo stands third both in SignedData and in CompressedData (RFC 3274), behind the version
    and the algorithms."""
    for _ in range(2):
        position = walker.over(position, limit)
    return walker.enter(position, limit, SEQUENCE)


def _signs_nothing(walker: Walker, position: int, limit: int) -> bool:
    """A bag of certificates is a SignedData without content and without a signer (RFC 8551 section 3.8)."""
    for _ in range(2):
        position = walker.over(position, limit)
    start, end = walker.enter(position, limit, SEQUENCE)
    if not walker.ends(walker.over(start, end), end):
        return False
    position = walker.over(position, limit)
    while not walker.ends(position, limit):
        found = walker.element(position, limit)
        if found.tag == SET:
            return walker.ends(found.start, limit if found.end < 0 else found.end)
        position = walker.over(position, limit)
    return True


def _inflated(data: bytes) -> bytes | None:
    engine = zlib.decompressobj()
    try:
        content = engine.decompress(data, MAX_CONTENT)
    except zlib.error:
        return None
    return content if engine.eof else None
