"""Links of a mail whose words name another site than they lead to: the true one is written beside them."""

import re
import unicodedata
from html import escape, unescape
from urllib.parse import urlsplit

# As the sanitiser writes them: quotes around every value, < and > inside of values as entities, no link in a link.
_LINK = re.compile(r'<a\b[^<>]*\shref="([^"]*)"[^<>]*>')
_TAG = re.compile(r"<[^<>]*>")
_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_SITE = re.compile(r"(?<![\w.-])(?:[\w-]{1,63}\.){1,10}[^\W\d_]{2,24}(?![\w-])")
_MOST = 2_000  # characters of the words of a link that are looked at


def beside(html: str) -> str:
    """The HTML with `[evil.test]` behind each link that says bank.test and leads to evil.test."""
    written, position = [], 0
    for link in _LINK.finditer(html):
        if link.start() < position:
            continue  # within a table a link may hold another one
        end = html.find("</a>", link.end())
        if end < 0:
            break
        host = _host(unescape(link[1]))
        if host and _is_another(host, html[link.end() : min(end, link.end() + _MOST)]):
            end += len("</a>")
            written.append(f'{html[position:end]} <b dir="ltr">[{escape(host)}]</b>')
            position = end
    return "".join(written) + html[position:]


def _host(address: str) -> str:
    """Where an address leads: its host, or that of a mail address; "" where none can be read."""
    address = address.strip()
    if address.lower().startswith("mailto:"):
        return address.partition("?")[0].rpartition("@")[2].lower()
    try:
        return (urlsplit(address).hostname or "").lower()
    except ValueError:
        return "?"  # what cannot be read is not what the words say


def _is_another(host: str, words: str) -> bool:
    """Whether the words name a site, as a reader sees them, that is none of this host."""
    seen = _UNSEEN.sub("", unicodedata.normalize("NFKC", unescape(_TAG.sub("", words)))).lower()
    named = _SITE.findall(seen)
    return bool(named) and _bare(named[0]) != _bare(host)


def _bare(host: str) -> str:
    return host.removeprefix("www.")
