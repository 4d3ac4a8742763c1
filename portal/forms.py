"""What a form must carry before it may change anything: our Origin, and a token that only our page knew."""

import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from desk.keys import Keys
from desk.sessions import Visitor
from portal.config import PortalConfig

FIELD = "form_token"
MAX_BODY = 256 * 1024  # of a form without files
MAX_UPLOAD = 26 * 1024 * 1024  # of one with files, all of it
MAX_FIELDS = 200
MAX_FILES = 20
LONG = 40  # characters of a text that is worth keeping
_SECRET = re.compile(r"token|password|secret|^current$|^again$|^next$")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as the browser sent it; `file` is closed when the request ends."""

    field: str
    name: str  # as the browser says, not yet cleaned
    declared_type: str
    size: int
    file: BinaryIO


@dataclass(frozen=True, slots=True)
class Form(Mapping[str, str]):
    """The fields of a form, the last value of each; `all` has every value of one with several (check boxes)."""

    pairs: Sequence[tuple[str, str]] = ()
    files: tuple[Upload, ...] = ()
    _last: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # No keyboard types a NUL, and no database takes one.
        object.__setattr__(self, "pairs", tuple((name, value.replace("\0", " ")) for name, value in self.pairs))
        object.__setattr__(self, "_last", dict(self.pairs))

    def __getitem__(self, name: str) -> str:
        return self._last[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._last)

    def __len__(self) -> int:
        return len(self._last)

    def all(self, name: str) -> tuple[str, ...]:
        """Every value that was sent under a name."""
        return tuple(value for key, value in self.pairs if key == name)

    def text(self, name: str) -> str:
        """A value with the line ends of this desk, and no spaces around it."""
        return self._last.get(name, "").replace("\r\n", "\n").replace("\r", "\n").strip()


class TooLarge(HTTPException):
    """More than is read; `form` has the fields that had come until then."""

    def __init__(self, form: Form | None = None) -> None:
        super().__init__(413)
        self.form = form or Form()


def typed(form: Form) -> str:
    """The words that somebody typed into a form and would not like to type again; never a password or a token."""
    texts = [form.text(name) for name in form if not _SECRET.search(name)]
    return "\n\n".join(text for text in texts if len(text) >= LONG or "\n" in text)


async def read(request: Request, most: int = MAX_UPLOAD) -> Form:
    """The form, however it is sent; 413 as soon as it is too large, whatever it declared, and 400 when it is none."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await _with_files(request, most)
    body = bytearray()
    async for block in request.stream():
        body += block
        if len(body) > MAX_BODY:
            raise TooLarge
    try:
        return Form(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS))
    except ValueError as error:
        raise HTTPException(400) from error


class Parser(MultiPartParser):
    """Texts are UTF-8, whatever charset a form names: some decoders (punycode) take minutes for a megabyte."""

    def on_part_begin(self) -> None:
        """Before anything of the part is decoded."""
        self._charset = "utf-8"
        super().on_part_begin()


async def _with_files(request: Request, most: int) -> Form:
    """Large files wait in temporary ones (RFC 7578); nothing of them is kept before a rule has let them in."""
    seen = 0

    async def bounded() -> AsyncGenerator[bytes, None]:
        nonlocal seen
        async for block in request.stream():
            yield block[: most - seen]  # what comes first is read in any case: texts stand before files
            seen += len(block)
            if seen > most:
                raise TooLarge

    parser = Parser(request.headers, bounded(), max_files=MAX_FILES + 10, max_fields=MAX_FIELDS, max_part_size=MAX_BODY)
    try:
        found = await parser.parse()
    except TooLarge as error:
        for _, part in parser.items:
            if isinstance(part, UploadFile):
                part.file.close()
        raise TooLarge(Form([(name, part) for name, part in parser.items if isinstance(part, str)])) from error
    except (MultiPartException, UnicodeDecodeError, ValueError) as error:
        raise HTTPException(400) from error
    pairs, files = [], []
    for name, value in found.multi_items():
        if not isinstance(value, UploadFile):
            pairs.append((name, value))
        elif value.filename:  # a field in which nobody chose a file is sent with an empty name
            files.append(Upload(name, value.filename, value.content_type or "", value.size or 0, value.file))
        else:
            value.file.close()
    return Form(pairs, tuple(files))


@contextmanager
def closing(form: Form) -> Iterator[Form]:
    """Let go of temporary files at the end."""
    try:
        yield form
    finally:
        for upload in form.files:
            upload.file.close()


def is_same_origin(request: Request, config: PortalConfig) -> bool:
    """True when our own page sent the form.

    With "Referrer-Policy: no-referrer" browsers write "Origin: null" even to the page's own site (Fetch standard,
    "append a request Origin header"); Sec-Fetch-Site then tells. A browser that sends neither is refused.
    """
    origin = request.headers.get("origin", "null").lower()
    if origin != "null":
        scheme = config.origin.partition("://")[0]
        # The host was checked by the guard, so a page fetched by another of our names counts too.
        return origin in (config.origin, f"{scheme}://{request.headers.get('host', '').lower()}")
    return request.headers.get("sec-fetch-site") == "same-origin"


def new_cookie() -> str:
    """For visitors who have not signed in: something that only their browser has."""
    return secrets.token_urlsafe(32)


def token_for(visitor: Visitor | None, cookie: str, keys: Keys) -> str:
    """What our forms carry: the session's own token, or before sign-in one bound to the form cookie."""
    if visitor is not None:
        return visitor.csrf
    if not cookie:
        return ""
    key = keys.derive("form token") or b""
    return hashlib.blake2b(cookie.encode("utf-8", "surrogatepass"), key=key, digest_size=32).hexdigest()


def is_right(form: Mapping[str, str], token: str) -> bool:
    """True when the form carries this visitor's token."""
    given = form.get(FIELD, "")
    return bool(token) and hmac.compare_digest(given.encode("utf-8", "surrogatepass"), token.encode())
