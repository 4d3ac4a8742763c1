"""Names of files as they are stored: every file system takes them, and two of one mail or form are told apart."""

import mimetypes
import re
import unicodedata

from desk.clean import clean

MAX_RAW = 20_000  # characters of a name as written that are looked at: its extension stands at the end
MAX_NAME = 120  # characters; ext4 takes 255 bytes

_SEPARATORS = re.compile(r"[/\\\u2044\u2215\u29f8\uff0f\uff3c]")
_FORBIDDEN = re.compile(r'[<>:"|?*;%$`\x00-\x1f]')
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(?:\..*)?\Z",
    re.IGNORECASE,
)
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202f\u2060-\u2064\u2066-\u206f\ufeff\ufffe\uffff]")
_APPLE = "application/applefile"
_EXTENSIONS = {
    "text/plain": ".txt",
    "text/html": ".html",
    "message/rfc822": ".eml",
    "message/global": ".eml",
    "text/calendar": ".ics",
    "application/ics": ".ics",
    "application/pkcs7-mime": ".p7m",
    "application/x-pkcs7-mime": ".p7m",
    "application/x-pkcs7-signature": ".p7s",
    _APPLE: ".applefile",
    "image/jpeg": ".jpg",
    "application/octet-stream": ".bin",
    "text/rfc822-headers": ".txt",
    "message/delivery-status": ".txt",
    "message/feedback-report": ".txt",
    "application/pgp-signature": ".asc",
    "message/disposition-notification": ".txt",
    "application/pgp-encrypted": ".asc",
    "application/ms-tnef": ".dat",
    "message/partial": ".eml",
    "message/external-body": ".txt",
    "text/enriched": ".txt",
    "text/markdown": ".md",
}


def safe(name: str, media_type: str, number: int) -> str:
    """A name for a file system: no path, no device, no hidden file, at most `MAX_NAME` characters."""
    name = unicodedata.normalize("NFC", clean(name, MAX_RAW))
    name = _SEPARATORS.split(INVISIBLE.sub("", name))[-1]
    name = _FORBIDDEN.sub("_", name).strip(" .")
    name = name.lstrip("-~")
    if not name.strip("_ ."):
        kind = media_type.partition("/")[0]
        return (
            f"{kind}{extension(media_type)}"
            if kind in ("image", "audio", "video")
            else f"attachment-{number}{extension(media_type)}"
        )
    if media_type == _APPLE and not name.lower().endswith(".applefile"):
        # The resource fork comes under the name of its file (RFC 1740 section 4), and in front of it.
        name = f"{shortened(name, MAX_NAME - 10)}.applefile"
    if _RESERVED.match(name):
        name = "_" + name
    if len(name) > MAX_NAME or len(name.encode()) > 220:
        name = shortened(name, MAX_NAME)
    return name


def renamed(given: str, before: str, media_type: str, number: int) -> str:
    """The name that somebody gives to a file; it keeps the ending that it had, whatever they wrote."""
    _, dot, ending = before.rpartition(".")
    if dot and not given.lower().endswith(f".{ending.lower()}"):
        given = f"{given}.{ending}"
    return safe(given, media_type, number)


def shortened(name: str, limit: int) -> str:
    """The first part of a name with its extension."""
    if len(name) <= limit and len(name.encode()) <= 220:
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot or len(suffix) > 16:
        stem, suffix = name, ""
    keep = limit - len(suffix) - 1
    while len(stem[:keep].encode()) > 200 - len(suffix.encode()):
        keep -= 8
    return f"{stem[:keep].strip(' .')}.{suffix}" if suffix else stem[:keep].strip(" .")


def extension(media_type: str) -> str:
    """The usual extension of a media type, with its dot; ".bin" when there is none."""
    return _EXTENSIONS.get(media_type) or mimetypes.guess_extension(media_type, strict=False) or ".bin"


def unique(name: str, taken: set[str]) -> str:
    """`name`, or `name-2.ext` and so on when a file of the same mail has it; the answer joins `taken`."""
    if name.lower() not in taken:
        taken.add(name.lower())
        return name
    stem, dot, suffix = name.rpartition(".")
    if not dot:
        stem, suffix = name, ""
    number = len(taken) + 1  # the number of files so far: no search through all smaller ones
    while (fresh := f"{stem}-{number}{dot}{suffix}").lower() in taken:
        number += 1
    taken.add(fresh.lower())
    return fresh
