"""Changes a mail and leaves it one: its parts are taken at their boundaries, and only what is between them changes."""

import random
import re
from collections.abc import Callable

Bytes = Callable[[bytes, int], bytes]  # libFuzzer's own way to change bytes, up to a size

_BOUNDARY = re.compile(rb'boundary="?([^"\r\n;]{1,70})', re.IGNORECASE)
_FIELD = re.compile(rb"^[A-Za-z-]{1,40}:", re.MULTILINE)
_PLAIN = 3  # one of so many times the bytes are changed without a look at them


def changed(data: bytes, most: int, seed: int, mutate: Bytes) -> bytes:
    """Another mail of at most so many bytes."""
    dice = random.Random(seed)  # noqa: S311 - a fuzzer's dice, and repeatable
    found = _BOUNDARY.findall(data[:65_536])
    if not data or dice.randrange(_PLAIN) == 0:
        return mutate(data, most)
    if found and dice.randrange(3):
        return _parts(data, dice.choice(found), dice, mutate, most)[:most]
    return _fields(data, dice, mutate, most)[:most]


def _parts(data: bytes, boundary: bytes, dice: random.Random, mutate: Bytes, most: int) -> bytes:
    mark = b"--" + boundary
    parts = data.split(mark)
    if len(parts) < 3:
        return mutate(data, most)
    place = dice.randrange(1, len(parts))
    match dice.randrange(6):
        case 0:
            parts.insert(place, parts[place])
        case 1:
            del parts[place]
        case 2:
            other = dice.randrange(1, len(parts))
            parts[place], parts[other] = parts[other], parts[place]
        case 3:  # one level deeper
            inner = b"n%d" % dice.randrange(10)
            head = b'\r\nContent-Type: multipart/mixed; boundary="%s"\r\n\r\n--%s' % (inner, inner)
            parts[place] = head + parts[place] + b"--" + inner + b"--\r\n"
        case _:
            parts[place] = mutate(parts[place], len(parts[place]) + 256) if parts[place] else b"\r\n\r\n"
    return mark.join(parts)


def _fields(data: bytes, dice: random.Random, mutate: Bytes, most: int) -> bytes:
    """One header field, of the mail or of a part, gets another value, is there twice, or goes."""
    fields = list(_FIELD.finditer(data[:65_536]))
    if not fields:
        return mutate(data, most)
    field = dice.choice(fields)
    end = data.find(b"\n", field.end())
    end = len(data) if end < 0 else end
    value = data[field.end() : end]
    match dice.randrange(5):
        case 0:
            return data[: field.start()] + data[field.start() : end + 1] * 2 + data[end + 1 :]
        case 1:
            return data[: field.start()] + data[end + 1 :]
        case _:
            return data[: field.end()] + mutate(value or b" ", len(value) + 64) + data[end:]
