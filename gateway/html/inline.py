"""What links and pictures say in a text: the target of a link that its words do not name, the words for a picture."""

import re
from urllib.parse import parse_qs, unquote, urlsplit

from gateway.html.tree import Node

_MAX_TARGET = 200  # longer ones count clicks, and are not for reading
_MAX_ALT = 200
_WEB = re.compile(r"(?:https?://|www\.)", re.IGNORECASE)
_MAIL = re.compile(r"mailto:([^?#<>\s\"]{3,254})", re.IGNORECASE)
# Microsoft Defender writes itself into every link that arrives at an Exchange Online mailbox.
_SAFE_LINKS = re.compile(r"https://[\w.-]{1,40}\.safelinks\.protection\.outlook\.com/", re.IGNORECASE)
_PIXELS = re.compile(r"\s{0,3}[012](?:px)?\s{0,3}\Z")
_PIXEL_STYLE = re.compile(r"(?<![\w-])(?:width|height)\s{0,3}:\s{0,3}[012](?:px)?\s{0,3}(?:;|!|\Z)", re.IGNORECASE)
_WORD = re.compile(r"\w")
# Word describes pictures in the language of its owner; this is what it says of its own description.
_MADE_UP = re.compile(r"\s*(?:Description automatically generated|Automatisch generierte Beschreibung)[^\n]{0,60}\Z")


def target(href: str, words: str) -> str:
    """What to write behind the words of a link; "" when they say it, or it is nothing to read."""
    href, words = "".join(href.split()), words.strip()
    if not words:
        return ""
    mail = _MAIL.match(href)
    if mail is not None:
        address = unquote(mail[1])
        return address if "@" in address and address.lower() not in words.lower() else ""
    if href[:4].lower() != "http" or not _WEB.match(href):
        return ""
    if _SAFE_LINKS.match(href):
        href = _unwrapped(href)
    if len(href) > _MAX_TARGET or "<" in href or ">" in href:
        return ""
    return "" if _bare(href) == _bare(words) else href


def _unwrapped(href: str) -> str:
    try:
        return parse_qs(urlsplit(href).query).get("url", [href])[0]
    except ValueError:
        return href


def _bare(address: str) -> str:
    return _WEB.sub("", _WEB.sub("", unquote(address).lower().strip("<>() "), count=1), count=1).rstrip("/")


def picture(node: Node) -> str:
    """The words that stand for a picture; "" for decoration and for pixels that only count readers."""
    alt = " ".join(_MADE_UP.sub("", (node.attributes.get("alt") or "")[:1000]).split())[:_MAX_ALT]
    if not alt or _WEB.match(alt):
        return ""
    if any(_PIXELS.match(node.get(side) or "-") for side in ("width", "height")) or _PIXEL_STYLE.search(
        node.get("style")
    ):
        return ""
    return f"[{alt}]" if _WORD.search(alt) else alt  # a smiley stands for itself
