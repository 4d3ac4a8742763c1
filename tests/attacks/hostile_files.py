"""Hostile mails whose files are the danger: by their names, by what they are when opened, by what is in them."""

import io
import struct
import zipfile
import zlib

from tests.attacks.hostile_mails import Case
from tests.gateway.hostile_mime import attached

# How a mail names its file, and the name that it is stored under; "" where such files are not added.
NAMES: dict[str, tuple[bytes, str]] = {
    "up and away": (b'filename="../../../../etc/cron.d/evil"', "evil"),
    "up and away on Windows": (b'filename="..\\\\..\\\\windows\\\\win.ini"', "win.ini"),
    "from the root": (b'filename="/etc/passwd"', "passwd"),
    "on a drive": (b'filename="C:\\\\boot.ini"', "boot.ini"),
    "on a share": (b'filename="\\\\\\\\evil\\\\share\\\\x"', "x"),
    "NUL before the ending": (b"filename*=utf-8''good.txt%00.exe", ""),
    "a header field": (b"filename*=utf-8''a%0D%0ASet-Cookie:%20x=1", "a Set-Cookie_ x=1"),
    "turned around": (b"filename*=utf-8''invoice%E2%80%AEfdp.exe", ""),
    "an invisible first letter": (b"filename*=utf-8''%E2%80%8B.htaccess", "htaccess"),
    "hidden": (b'filename=".htaccess"', "htaccess"),
    "a dot": (b'filename="."', "attachment-1.bin"),
    "dots": (b'filename=".."', "attachment-1.bin"),
    "empty": (b'filename=""', "attachment-1.bin"),
    "blanks": (b'filename="   "', "attachment-1.bin"),
    "dots behind": (b'filename="evil.exe. . "', ""),
    "a stream": (b'filename="a.txt::$DATA"', "a.txt___DATA"),
    "CON": (b'filename="CON"', "_CON"),
    "com1.txt": (b'filename="com1.txt"', "_com1.txt"),
    "AUX.pdf": (b'filename="AUX.pdf"', "_AUX.pdf"),
    "NUL": (b'filename="NUL"', "_NUL"),
    "5000 letters": (b'filename="' + b"n" * 5000 + b'.txt"', "n" * 116 + ".txt"),
    "300 wide letters": (b"filename*=utf-8''" + b"%F0%9F%92%A9" * 300 + b".txt", "\U0001f4a9" * 46 + ".txt"),
    "an encoded word": (b'filename="=?utf-8?b?Li4vLi4vLi4vZXRjL3Bhc3N3ZA==?="', "passwd"),
    "quotation marks": (b'filename="a\\"; filename=\\"evil.exe"', ""),
    "markup": (b'filename="<img src=x onerror=alert(1)>.png"', "_img src=x onerror=alert(1)_.png"),
    "two names": (b'filename="safe.txt"; filename="evil.exe"', "safe.txt"),
    "plain and starred": (b"filename=\"safe.txt\"; filename*=utf-8''evil.exe", ""),
    "a slash": (b'filename="/"', "attachment-1.bin"),
    "percent signs": (b'filename="%2e%2e%2f%2e%2e%2fetc%2fpasswd"', "_2e_2e_2f_2e_2e_2fetc_2fpasswd"),
    "a lone surrogate": (b"filename*=utf-8''%ED%A0%80.txt", "í\xa0€.txt"),
    "a formula": (b'filename="=cmd|calc.csv"', "=cmd_calc.csv"),
    "a pattern": (b'filename="*?[a].txt"', "__[a].txt"),
    "an option": (b'filename="-rf"', "rf"),
    "a home": (b'filename="~root/.ssh/authorized_keys"', "authorized_keys"),
    "slashes that look alike": ('filename="..\u2215..\u2215etc\u2215passwd"'.encode(), "passwd"),
}


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _huge_picture() -> bytes:
    """A PNG of 60,000 by 60,000 points in 150 bytes."""
    head = _chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + _chunk(b"IDAT", zlib.compress(b"\0" * 60_001)) + _chunk(b"IEND", b"")


def _huge_archive() -> bytes:
    """A ZIP file of a megabyte that holds 200."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for number in range(10):
            archive.writestr(f"{number}.txt", b"\0" * 20_000_000)
    return written.getvalue()


_SVG = (
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)">'
    b'<script>alert(2)</script><image href="http://evil.test/p"/></svg>'
)
_XXE = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
_LAUGHS = (
    b'<!DOCTYPE l [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><l>&j;</l>"
)
_PAGE = b"<script>alert(1)</script><img src=http://evil.test/p>"


def _outlook(*attributes: bytes, signature: int = 0x223E9F78) -> bytes:
    return struct.pack("<IH", signature, 1) + b"".join(attributes)


def _attribute(name: int, data: bytes, length: int | None = None) -> bytes:
    """One attribute of an attachment in a winmail.dat."""
    size = len(data) if length is None else length
    return struct.pack("<BII", 2, name, size) + data + struct.pack("<H", sum(data) & 0xFFFF)


_FILE_BEGINS, _TITLE, _DATA = 0x00069002, 0x00018010, 0x0006800F
_AWAY = _outlook(
    _attribute(_FILE_BEGINS, b"\0" * 14), _attribute(_TITLE, b"../../evil.sh\0"), _attribute(_DATA, b"#!/bin/sh")
)
_FALSE = _outlook(_attribute(_DATA, b"abc", 0xFFFFFFF0))
_MANY = _outlook(*[_attribute(_FILE_BEGINS, b"\0" * 14) + _attribute(_TITLE, b"a\0") + _attribute(_DATA, b"x")] * 5_000)


def _file(name: str, kind: str, data: bytes, row: int, *more: str) -> Case:
    """A mail with this file, which is kept as it came, and with what was unpacked from it."""
    parameter = f'filename="{name}"'.encode()
    return Case(lambda: attached(parameter, data, kind.encode()), (row,), text="body", files=(name, *more))


CASES = {
    **{
        f"file name: {name}": Case(
            lambda parameter=parameter: attached(parameter),  # type: ignore[misc]
            (31,),
            text="body",
            files=(stored,) if stored else (),
        )
        for name, (parameter, stored) in NAMES.items()
    },
    "ZIP bomb": Case(
        lambda: attached(b'filename="bomb.zip"', _huge_archive(), b"application/zip"), (32,), files=("bomb.zip",)
    ),
    "picture bomb": _file("x.png", "image/png", _huge_picture(), 32),
    "SVG with script": _file("x.svg", "image/svg+xml", _SVG, 32),
    "HTML with script": _file("x.html", "text/html", _PAGE, 32),
    "XML with a foreign entity": _file("x.xml", "application/xml", _XXE, 32),
    "XML that grows": _file("l.xml", "application/xml", _LAUGHS, 32),
    "a program by its name": Case(lambda: attached(b'filename="x.com"', b"harmless"), (32,), text="body", files=()),
    "S/MIME that is none": Case(
        lambda: attached(b'filename="smime.p7m"', b"\x30\x82" + b"\0" * 100, b"application/pkcs7-mime"),
        (32,),
        text="[The mail is signed (S/MIME) and damaged: its content cannot be read.",
        files=("smime.p7m",),
    ),
    "winmail.dat of nothing": _file("winmail.dat", "application/ms-tnef", _outlook(), 33),
    "winmail.dat of false length": _file("winmail.dat", "application/ms-tnef", _FALSE, 33),
    "winmail.dat that leads away": _file("winmail.dat", "application/ms-tnef", _AWAY, 33, "evil.sh"),
    "winmail.dat of 5000 files": Case(
        lambda: attached(b'filename="winmail.dat"', _MANY, b"application/ms-tnef"), (33,), text="body"
    ),
}
