"""Names of attachments: shown as the sender of a mail wrote them, stored as desk/filenames.py does."""

import re
from urllib.parse import unquote_to_bytes

from desk.filenames import INVISIBLE, MAX_RAW, shortened
from desk.filenames import MAX_NAME as MAX_NAME
from desk.filenames import extension as extension
from desk.filenames import safe as safe
from desk.filenames import unique as unique
from gateway.headers import decode

_PERCENT = re.compile(r"%[C-Fc-f][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]")  # a letter beyond ASCII in UTF-8


def shown(raw: str) -> str:
    """The name as the sender gave it, decoded and cleaned, for display only."""
    return shortened(INVISIBLE.sub("", decode(_unquoted(raw), MAX_RAW)), 250)


def _unquoted(raw: str) -> str:
    """Percent signs of RFC 2231 without its star, as some programs write them: "M%C3%BCller.pdf"."""
    if not raw.isascii() or _PERCENT.search(raw) is None:
        return raw
    try:
        return unquote_to_bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        return raw
