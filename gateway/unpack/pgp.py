"""OpenPGP written into a text (RFC 9580): a clear-signed text without its armour, and whether a text is encrypted."""

import re

_SIGNED = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = ("-----BEGIN PGP SIGNATURE-----", "-----END PGP SIGNATURE-----")
_HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,40}: ?[^\n]{0,200}\Z")  # RFC 9580 allows only Hash; GnuPG wrote others
_ARMOUR = re.compile(r"[A-Za-z0-9+/=]{0,100}\Z")
_MAX_HEADERS = 20
_ENCRYPTED = re.compile(
    r"^-----BEGIN PGP MESSAGE(?:, PART [0-9]{1,4}(?:/[0-9]{1,4})?)?-----[ \t\r]{0,80}$", re.MULTILINE
)


def clear_text(text: str) -> tuple[str, bool]:
    """The text without the armour of what is clear-signed in it (RFC 9580 section 7), and whether there was any.

    The signature is not checked. A block that is not whole stays as it is.
    """
    if _SIGNED not in text:
        return text, False
    out: list[str] = []
    block: list[str] = []  # the block that is being read, from its first line
    signature = -1  # where its signature begins
    found = False
    for line in text.split("\n"):
        mark = line.rstrip(" \t\r")
        if mark == _SIGNED:  # inside a block it would be dash-escaped: the earlier one has no end
            out += block
            block, signature = [line], -1
        elif not block:
            out.append(line)
        else:
            block.append(line)
            if signature < 0 and mark == _SIGNATURE[0]:
                signature = len(block) - 1
            elif signature >= 0 and mark == _SIGNATURE[1]:
                words = _words(block[1:signature]) if _is_armour(block[signature + 1 : -1]) else None
                out += block if words is None else words
                found = found or words is not None
                block, signature = [], -1
    return "\n".join(out + block), found


def is_encrypted(text: str) -> bool:
    """True when an encrypted message stands in the text, in a line of its own and not quoted."""
    return "-----BEGIN PGP MESSAGE" in text and _ENCRYPTED.search(text) is not None


def _is_armour(lines: list[str]) -> bool:
    """True where nothing stands between the marks of a signature that somebody could want to read."""
    return all(_ARMOUR.match(line.rstrip(" \t\r")) or _HEADER.match(line.rstrip("\r")) for line in lines)


def _words(lines: list[str]) -> list[str] | None:
    """What was signed, without headers and dash-escaping; None when no empty line ends the headers."""
    for number, line in enumerate(lines[: _MAX_HEADERS + 1]):
        if not line.strip():
            return [line.removeprefix("- ") for line in lines[number + 1 :]]
        if _HEADER.match(line.rstrip("\r")) is None:
            return None
    return None
