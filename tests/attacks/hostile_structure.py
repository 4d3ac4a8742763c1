"""Hostile mails whose parts are wrong: nested, countless, unclosed, with boundaries that are none."""

from tests.attacks.hostile_mails import Case, held
from tests.gateway.hostile_mime import N, head, mixed, nested

_DEEP = "parts nested deeper than 30"
_MANY = "more than 1000 parts"
_REST = "text behind the parts.txt"
_FILE = (
    b'--x\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="a.txt"\r\n\r\na\r\n'
)


def _one(boundary: str) -> bytes:
    """A multipart with that boundary and one part."""
    return mixed(f"--{boundary}{N}{N}hello{N}--{boundary}--{N}".encode(), boundary)


def _same_boundary_inside() -> bytes:
    inner = b'--x\r\nContent-Type: multipart/alternative; boundary="x"\r\n\r\n--x\r\n\r\nhello\r\n--x--\r\n--x--\r\n'
    return mixed(inner)


def _two_boundaries() -> bytes:
    kind = 'multipart/mixed; boundary="a"; boundary="b"'
    return head(content_type=kind) + b"\r\n--a\r\n\r\nAAA\r\n--a--\r\n--b\r\n\r\nBBB\r\n--b--\r\n"


def _mails_inside(count: int) -> bytes:
    return (head(content_type="message/rfc822") + b"\r\n") * count + head() + b"\r\ninnermost\r\n"


def _bomb_inside(field: bytes) -> bytes:
    """A part whose own header is the bomb: bounds hold at every level."""
    return mixed(b"--x\r\n\r\nwords\r\n--x\r\n" + field + b"\r\n\r\na\r\n--x--\r\n")


CASES = {
    "nested 50 deep": held(lambda: nested(50), 19, reason=_DEEP),
    "nested 101 deep": held(lambda: nested(101), 19, reason=_DEEP),
    "nested 1000 deep": held(lambda: nested(1000), 19, reason=_DEEP),
    "nested 10000 deep": held(lambda: nested(10_000), 19, reason=_DEEP),
    "nested and unclosed": held(lambda: nested(3000, close=False), 19, reason=_DEEP),
    "nested as deep as may be": Case(lambda: nested(29), (19,), text="deep", files=()),
    "10000 parts": held(lambda: mixed(b"--x\r\n\r\na\r\n" * 10_000 + b"--x--\r\n"), 20, reason=_MANY),
    "100000 parts": held(lambda: mixed(b"--x\r\n\r\na\r\n" * 100_000 + b"--x--\r\n"), 20, reason=_MANY),
    "10000 files of one name": held(lambda: mixed(_FILE * 10_000 + b"--x--\r\n"), 20, reason=_MANY),
    "500 mails in each other": Case(
        lambda: _mails_inside(500),
        (21,),
        title="test",
        text="",
        files=("test.eml", "test-2.eml", "test-3.eml", "test-4.eml"),
    ),
    "no boundary": Case(
        lambda: head(content_type="multipart/mixed") + b"\r\n--x\r\n\r\nhello\r\n--x--\r\n",
        (22,),
        text="hello",
        files=(),
    ),
    "empty boundary": Case(
        lambda: mixed(b"--\r\n\r\nhello\r\n----\r\n", ""), (22,), text="--\n\nhello\n----", files=()
    ),
    "boundary of 4096 letters": Case(lambda: _one("B" * 4096), (22,), text="hello", files=()),
    "boundary of regular expressions": Case(lambda: _one("(.*)+$[a-"), (22,), text="hello", files=()),
    "the same boundary inside": Case(_same_boundary_inside, (22,), text="hello", files=(_REST,)),
    "two boundaries": Case(_two_boundaries, (22,), text="AAA", files=(_REST,)),
    "look-alikes of a boundary": held(
        lambda: mixed(b"--x\r\n\r\n" + b"--xy\r\n" * 800_000 + b"--x--\r\n"),
        22,
        reason="too many lines that look like a boundary",
    ),
    "long lines like a boundary": Case(
        lambda: mixed(b"--x\r\n\r\n" + (b"--" + b"x" * 100_000 + b"\r\n") * 49 + b"--x--\r\n"), (22,), text="--xxx"
    ),
    "blanks after a boundary": Case(
        lambda: mixed(b"--x" + b" " * 4_900_000 + b"\r\n\r\nhello\r\n--x--\r\n"), (22,), text="hello"
    ),
    "semicolons in the header of a part": Case(
        lambda: _bomb_inside(b"Content-Type: text/plain" + b";" * 60_000), (24,), text="words"
    ),
    "sections in the header of a part": Case(
        lambda: _bomb_inside(b"Content-Type: a/b" + b"".join(b"; n*%d*=a" % i for i in range(5_000))),
        (24, 25),
        text="words",
    ),
    "encoded words in the header of a part": Case(
        lambda: _bomb_inside(b'Content-Disposition: attachment; filename="' + b"=?utf-8?q?a?= " * 4_000 + b'"'),
        (26,),
        text="words",
    ),
    "100000 fields in a part": held(
        lambda: _bomb_inside(b"".join(b"X-%d: v\r\n" % i for i in range(100_000)) + b"X: v"),
        23,
        reason="header block larger than 256 KB",
    ),
}
