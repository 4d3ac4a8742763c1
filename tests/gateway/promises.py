"""What holds of every mail that is read, whatever its bytes: asked by the property tests and by the fuzzer."""

import json
import re
from html.parser import HTMLParser

from gateway import explain
from gateway.envelope import Message
from gateway.html import MAX_HTML
from gateway.mime import Limits

_LIMITS = Limits()
_ACTIVE = set("script style iframe object embed applet form input button base meta link svg math template".split())
_LOADING = set("src background srcset poster data action formaction xlink:href ping".split())


class Harmless(HTMLParser):
    """Goes through HTML as written, and fails at the first thing that acts or loads."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One opening tag."""
        assert tag not in _ACTIVE, f"HTML that acts: <{tag}>"
        for name, value in attrs:
            assert not name.startswith("on"), f"HTML that acts: {name}"
            assert name not in _LOADING or (value or "").startswith("cid:") or not value, f"HTML that loads: {name}"
            assert name != "href" or re.match("(?:https?://|mailto:)", (value or "").strip(), re.I), f"link to {value}"
            assert name != "style" or "url(" not in (value or "").lower(), "style that loads"


def check(mail: Message) -> None:
    """Raise AssertionError with the promise that is broken."""
    assert "could not be read" not in mail.over_limit, mail.over_limit
    _strings(mail)
    _bounds(mail)
    _names(mail)
    _reply(mail)
    Harmless().feed(mail.html)
    json.dumps(explain.as_json("mail", mail, [None] * len(mail.attachments)))


def _strings(mail: Message) -> None:
    boxes = [mail.sender, mail.shown_sender, *mail.to, *mail.cc, *mail.reply_to]
    strings = [mail.subject, mail.text, mail.reply, mail.html, mail.message_id, mail.language, mail.over_limit]
    strings += [text for box in boxes for text in (box.name, box.address)]
    strings += [text for item in mail.attachments for text in (item.name, item.original_name, item.type)]
    strings += [text for report in mail.reports for text in (report.address, report.status, report.diagnostic)]
    strings += [*mail.defects, *mail.references, *mail.in_reply_to, *mail.delivered_to, *mail.reported_ids]
    for string in [*strings, *mail.extra.values()]:
        assert "\0" not in string, "U+0000 in a string"
        string.encode("utf-8")
    for string in strings[:1] + [text for box in boxes for text in (box.name, box.address)]:
        assert "\n" not in string, "a line end in a header field"
        assert "\r" not in string, "a line end in a header field"


def _bounds(mail: Message) -> None:
    assert len(mail.subject) <= 998
    assert len(mail.text) <= _LIMITS.max_text
    assert len(mail.html) <= 4 * MAX_HTML
    assert len(mail.attachments) <= _LIMITS.max_parts + 100
    assert len(mail.defects) <= 30
    assert len(mail.reports) <= 200


def _names(mail: Message) -> None:
    names = [item.name.lower() for item in mail.attachments]
    assert len(set(names)) == len(names), "two files of one name"
    for name in names:
        assert name not in ("", ".", "..")
        assert len(name.encode()) <= 255
        assert not re.search(r'[/\\\x00-\x1f<>:"|?*]', name), f"not a file name everywhere: {name!r}"


def _reply(mail: Message) -> None:
    """Folding leaves lines out; it never makes any up, and never leaves nothing of something."""
    kept_in_order(mail.reply, mail.text)
    assert bool(mail.reply.strip()) or mail.foreign or not re.search(r"\w", mail.text), "nothing left of a text"


def kept_in_order(part: str, text: str) -> None:
    """Every line of a part stands in the text, in the same order."""
    whole, position = _flat(text), 0
    for line in part.split("\n"):
        wanted = _flat(line)
        found = whole.find(wanted, position)
        assert found >= 0, f"not in the text: {line!r}"
        position = found + len(wanted)


def _flat(line: str) -> str:
    return "".join(line.split())
