"""Bodies by themselves, without a mail around them: HTML, texts with quotations, and what is packed into files."""

from collections.abc import Callable

from fuzz import cleaned
from gateway import charset, html, plain_text
from gateway.headers import clean_body
from gateway.mime import Limits
from gateway.params import content_type
from gateway.quoting import quotes
from gateway.unpack import calendar, pgp, rtf, smime, tnef, uuencode, yenc
from tests.gateway.promises import Harmless, kept_in_order

MAILS = False
WORDS = (
    "<div class=gmail_quote>", "<blockquote type=cite>", "<style>", "<!--[if mso]>", "<table><tr><td>", "<img src=cid:",
    "<a href=javascript:", "<svg onload=", "<math><mtext>", "<template>", "<base href=", "&nbsp;", "&#x", "</textarea>",
    "On Mon, Ann <a@b.test> wrote:\n", "-----Original Message-----\n", "Von: Ann\nGesendet: ", "> ", "-- \n", "____",
    "BEGIN:VCALENDAR\n", "BEGIN:VEVENT\n", "DTSTART;TZID=Europe/London:", "RRULE:FREQ=WEEKLY;BYDAY=", "END:VEVENT\n",
    "BEGIN:VTIMEZONE\n", "TZOFFSETFROM:+0100\n", "begin 644 a\n", "\nend\n", "=ybegin line=128 size=", "=yend size=",
    "-----BEGIN PGP SIGNED MESSAGE-----\n", "-----BEGIN PGP SIGNATURE-----\n", "{\\rtf1\\ansi\\fromhtml1 ", "\\htmltag",
)  # fmt: skip
_LIMITS = Limits()
_CHARSETS = ("", "utf-8", "utf-7", "iso-2022-jp", "gb18030", "koi8-r", "windows-1252", "shift_jis", "x\0", "idna")


def check(data: bytes) -> None:
    """The first byte says what the others are."""
    if data:
        _KINDS.get(data[:1], _html)(data[1:])


def _html(data: bytes) -> None:
    source = html.trim(clean_body(data.decode("utf-8", "replace")))
    shown = html.sanitise(source)
    Harmless().feed(shown)
    assert len(shown) <= 4 * html.MAX_HTML
    cleaned.texts("HTML", [shown])
    again = html.sanitise(shown)
    Harmless().feed(again)
    text = html.to_text(source)
    cleaned.texts("a text of HTML", [text])
    Harmless().feed(html.from_text(text))


def _folded(data: bytes) -> None:
    text = clean_body(data.decode("utf-8", "replace"))
    folded = quotes.fold(text)
    kept_in_order(folded.reply, text)
    assert quotes.new_text(text) == folded.reply, "folded in two ways"
    pgp.clear_text(text)


def _decoded(data: bytes) -> None:
    name = _CHARSETS[data[0] % len(_CHARSETS)] if data else ""
    text = charset.decode(data[1:], name)
    cleaned.texts("a decoded text", [clean_body(text)])
    assert len(text) <= 4 * len(data) + 4
    defects: list[str] = []
    kind = content_type(f"text/plain; charset={name}; format=flowed; delsp=yes", "text/plain", defects)
    plain_text.read(data[1:], kind, _LIMITS, defects)


def _outlook(data: bytes) -> None:
    contents = tnef.unpack(b"\x78\x9f\x3e\x22" + data if data[:1] != b"\x78" else data)
    assert len(contents.files) <= 2_000


def _calendar(data: bytes) -> None:
    cleaned.texts("an invitation", [clean_body(calendar.invitation(data))])
    answer = calendar.reply_of(data)
    assert answer is None or len(answer) == 2


def _wrapped(data: bytes) -> None:
    """Files inside a text: what is taken out and what is left is no more than there was."""
    for take in (uuencode.taken_out, yenc.taken_out):
        left, files = take(data)
        assert len(left) + sum(len(file) for _, file in files) <= 2 * len(data) + 100
        assert not files or len(left) < len(data), "taken out, and still there"


def _packed(data: bytes) -> None:
    """RTF and S/MIME: unpacked only within bounds."""
    assert len(rtf.unpacked(data)) <= 64 * 1024 * 1024
    rtf.text(data), rtf.html(data)
    smime.kind(data)
    content = smime.signed_content(data)
    assert content is None or len(content) <= 64 * 1024 * 1024


_KINDS: dict[bytes, Callable[[bytes], None]] = {
    b"h": _html, b"t": _folded, b"c": _decoded, b"w": _outlook, b"i": _calendar, b"u": _wrapped, b"p": _packed,
}  # fmt: skip
