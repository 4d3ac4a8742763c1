"""What kind of file an attachment is: by its content where that can be told, else as declared."""

import re

# Formats that are ZIP or XML inside: the declared type says more than the magic number.
_CONTAINERS = {"application/zip", "application/gzip", "application/x-tar", "text/xml", "application/xml"}
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|meta|title)[\s>/]")
_SVG = re.compile(rb"<svg[\s>]")
_MAGIC = (  # what no other program names, because only mail carries it
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"\x00\x05\x16\x00", "application/applefile"),  # AppleSingle (RFC 1740)
    (b"\x00\x05\x16\x07", "application/applefile"),  # AppleDouble
)
_PROLOGUE = re.compile(rb"\s*(?:<\?xml[^>]{0,200}\?>|<!--|<!doctype|<)", re.IGNORECASE)


def sniff(data: bytes, declared: str) -> str:
    """The media type of `data` in lower case."""
    head = bytes(data[:4096])
    if head[:5] == b"%PDF-":
        return "application/pdf"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<") and _PROLOGUE.match(start):
        if _SVG.search(start[:1024]):
            return "image/svg+xml"
        if _HTML.match(start) or (_HTML.search(start[:1024]) and declared not in ("text/xml", "application/xml")):
            return "text/html"
    if declared == "application/octet-stream" and start.startswith(b"begin:vcalendar"):
        return "text/calendar"
    if declared.startswith(("message/", "text/")) and b"\0" not in head:
        return declared
    import filetype  # 40 ms: most mail has no attachment

    found = filetype.guess_mime(head + bytes(data[4096:8192]))
    if not isinstance(found, str) and declared.startswith("text/"):
        return "application/octet-stream"  # no text holds U+0000
    if not isinstance(found, str) or (found in _CONTAINERS and declared.startswith("application/")):
        return declared
    return found
