"""How fast a mail is read, alone in one process: small ones, large ones, and whether time grows with size alone."""

import base64
import os
import subprocess
import sys
import time
from collections.abc import Callable

from gateway.parse import read

_LINE = "The printer on the second floor says that it is out of paper, although we filled it this morning.\n"
_SMALL = 4096
KB, MB = 1 << 10, 1 << 20


def _head(content_type: str, more: str = "") -> bytes:
    return (
        "Received: from mail.customer.test by mx.desk.test; Mon, 23 Nov 2026 10:00:01 +0000\r\n"
        "From: =?utf-8?q?Jane_D=C3=B6?= <jane@customer.test>\r\nTo: service@desk.test\r\n"
        "Subject: =?utf-8?b?RHJ1Y2tlciBrYXB1dHQ=?=\r\nMessage-ID: <1@customer.test>\r\n"
        f"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMIME-Version: 1.0\r\n{more}Content-Type: {content_type}\r\n\r\n"
    ).encode()


def plain(size: int) -> bytes:
    """Words and nothing else."""
    return _head("text/plain; charset=utf-8") + (_LINE * (size // len(_LINE))).replace("\n", "\r\n").encode()


def answer(size: int) -> bytes:
    """A reply above what it quotes, with a signature."""
    quoted = "".join(f"> {_LINE}" for _ in range(size // len(_LINE) // 2))
    text = (
        f"{_LINE * 3}\n-- \nJane\n\nOn Mon, 23 Nov 2026 at 10:00, Service Desk <service@desk.test> wrote:\n\n{quoted}"
    )
    return _head("text/plain; charset=utf-8") + text.replace("\n", "\r\n").encode()


def flowed(size: int) -> bytes:
    """One paragraph of format=flowed."""
    return _head("text/plain; format=flowed") + b"word \r\n" * (size // 7)


def rich(size: int) -> bytes:
    """HTML and nothing else, as an Outlook user answers: paragraphs, a list, a table, a quotation."""
    cell = '<tr><td style="padding:2px">Room 2</td><td>out of paper</td></tr>'
    words = f'<p class="MsoNormal"><span style="font-family:Calibri">{_LINE}</span></p>'
    source = f"<html><head><style>p{{margin:0}}</style></head><body>{words * 3}<ul><li>one</li><li>two</li></ul>"
    source += f"<table>{cell * 4}</table>"
    source += '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"><p><b>From:</b> Desk'
    source += "<br><b>Sent:</b> Monday<br><b>To:</b> Jane<br><b>Subject:</b> Printer</p></div>"
    source += words * max(1, (size - len(source)) // len(words)) + "</body></html>"
    return _head("text/html; charset=utf-8") + source.encode()


def both(size: int) -> bytes:
    """The same as text and as HTML, as most programs send it."""
    text, html = answer(size // 3).partition(b"\r\n\r\n")[2], rich(size * 2 // 3).partition(b"\r\n\r\n")[2]
    parts = b"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text
    parts += b"\r\n--x\r\nContent-Type: text/html; charset=utf-8\r\n\r\n" + html + b"\r\n--x--\r\n"
    return _head('multipart/alternative; boundary="x"') + parts


def attachment(size: int) -> bytes:
    """A few words and one file of `size` bytes."""
    packed = base64.encodebytes(os.urandom(57) * (size // 57)).replace(b"\n", b"\r\n")
    parts = b"--x\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n--x\r\nContent-Type: application/pdf\r\n"
    parts += b"Content-Disposition: attachment; filename=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + packed
    return _head('multipart/mixed; boundary="x"') + parts + b"--x--\r\n"


def many_parts(size: int) -> bytes:
    """As many parts as fit, up to the limit that is allowed, then text."""
    part = b"--x\r\nContent-Type: text/plain\r\n\r\n" + _LINE.encode() * max(1, size // 900 // len(_LINE))
    return _head('multipart/mixed; boundary="x"') + (part + b"\r\n") * 900 + b"--x--\r\n"


def look_alikes(size: int) -> bytes:
    """Lines that begin like the boundary and are none."""
    return _head('multipart/mixed; boundary="x"') + b"--x\r\n\r\n" + b"--xy\r\n" * (size // 6) + b"\r\n--x--\r\n"


def encoded_words(size: int) -> bytes:
    """A header full of encoded words."""
    word = "=?utf-8?q?=C3=BC?= "
    folded = "\r\n ".join([word * 4] * min(size // 80, 3000))
    return _head("text/plain", f"X-Words: {folded}\r\nTo: {folded}\r\n") + b"text\r\n"


SMALL: dict[str, Callable[[int], bytes]] = {"plain": plain, "reply": answer, "HTML": rich, "text and HTML": both}
# What is made larger, and up to which size: below the limit where a mail is cut or held.
GROWING: dict[str, tuple[Callable[[int], bytes], int]] = {
    "text": (plain, MB),
    "quotations": (answer, MB),
    "flowed lines": (flowed, MB),
    "HTML": (rich, 500 * KB),
    "a file": (attachment, 8 * MB),
    "parts": (many_parts, 4 * MB),
    "look-alikes of the boundary": (look_alikes, 500 * KB),
    "encoded words": (encoded_words, 60 * KB),
}


def _times(raw: bytes, rounds: int) -> list[float]:
    found = []
    for _ in range(rounds):
        started = time.perf_counter()
        read(raw)
        found.append(time.perf_counter() - started)
    return sorted(found)


def small_mails() -> dict[str, tuple[float, float]]:
    """Median and 95th percentile in ms, by kind of mail of 4 KB."""
    found = {}
    for name, made in SMALL.items():
        _times(made(_SMALL), 50)
        times = _times(made(_SMALL), 1000)
        found[name] = (times[500] * 1000, times[950] * 1000)
    return found


def growth() -> dict[str, float]:
    """Time for each byte of a large mail over that for each byte of one an eighth as large; 1 is linear."""
    found = {}
    for name, (made, size) in GROWING.items():
        large, little = made(size), made(size // 8)
        _times(little, 1)
        ratio = _times(large, 5)[2] / _times(little, 9)[4]
        found[name] = ratio / (len(large) / len(little))
    return found


def large_file(size: int) -> tuple[float, float]:
    """Seconds for a mail with a file of `size` bytes, and the memory it adds ÷ its size, in a new process."""
    code = f"from bench.reading import measure_large; measure_large({size})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    seconds, times = done.stdout.split()
    return float(seconds), float(times)


def measure_large(size: int) -> None:
    """Runs in a process of its own: the peak of a process never falls."""
    read(attachment(MB))
    raw = attachment(size)
    with open("/proc/self/clear_refs", "w") as peak:  # the peak so far is forgotten (proc(5))
        peak.write("5")
    before, started = _memory("VmRSS"), time.perf_counter()
    mail = read(raw)
    seconds = time.perf_counter() - started
    assert mail.attachments[0].size == size // 57 * 57
    print(seconds, (_memory("VmHWM") - before) / len(raw))


def _memory(name: str) -> int:
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))
