"""What kind of file an attachment is: by its content where that can be told, else as declared."""

import re

# Formats that are ZIP or XML inside: the declared type says more than the magic number.
_CONTAINERS = {"application/zip", "application/gzip", "application/x-tar", "text/xml", "application/xml"}
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|script|iframe|meta|title)[\s>/]")
_SVG = re.compile(rb"<svg[\s>]")
_PROLOGUE = re.compile(rb"\s*(?:<\?xml[^>]{0,200}\?>|<!--|<!doctype|<)", re.IGNORECASE)


def sniff(data: bytes, declared: str) -> str:
    """The media type of `data` in lower case."""
    head = bytes(data[:4096])
    if head[:5] == b"%PDF-":
        return "application/pdf"
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith(b"<") and _PROLOGUE.match(start):
        if _SVG.search(start[:1024]):
            return "image/svg+xml"
        if _HTML.match(start) or (_HTML.search(start[:1024]) and declared not in ("text/xml", "application/xml")):
            return "text/html"
    if declared.startswith(("message/", "text/")) and b"\0" not in head:
        return declared
    import filetype  # 40 ms: most mail has no attachment

    found = filetype.guess_mime(head + bytes(data[4096:8192]))
    if not isinstance(found, str) or (found in _CONTAINERS and declared.startswith("application/")):
        return declared
    return found
