"""Bodies of requests: read up to a limit, fingerprinted on the way, files into temporary ones."""

import hashlib
import tempfile
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO, cast

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from portal.api.problems import DETAILS, Problem
from portal.forms import Parser, Upload

MAX_JSON = 1024 * 1024
MAX_FILES = 10 * 1024 * 1024 + 64 * 1024  # files, and what multipart puts around them
_IN_MEMORY = 256 * 1024
FIELD = "file"
KINDS = ("application/octet-stream", "multipart/form-data")


@dataclass(slots=True)
class Body:
    """What came, and its SHA-256."""

    digest: bytes
    json: bytes = b""
    uploads: Sequence[Upload] = field(default_factory=tuple)

    def close(self) -> None:
        """Let go of temporary files."""
        for upload in self.uploads:
            upload.file.close()


def kind_of(request: Request) -> str:
    """The media type, without its parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


class _Bounded:
    """The body as it comes; 413 as soon as it is too large, whatever it declared."""

    def __init__(self, request: Request, most: int) -> None:
        self._request, self._most = request, most
        self._seen, self._hash = 0, hashlib.sha256()

    async def blocks(self) -> AsyncGenerator[bytes, None]:
        """One after the other."""
        async for block in self._request.stream():
            self._seen += len(block)
            if self._seen > self._most:
                raise Problem(413, DETAILS[413])
            self._hash.update(block)
            yield block

    def digest(self) -> bytes:
        """Of all that was read."""
        return self._hash.digest()


async def read_json(request: Request) -> Body:
    """A JSON text (RFC 8259), which is always UTF-8."""
    if kind_of(request) != "application/json":
        raise Problem(415, "Send application/json.")
    bounded, found = _Bounded(request, MAX_JSON), bytearray()
    async for block in bounded.blocks():
        found += block
    return Body(bounded.digest(), bytes(found))


async def read_files(request: Request, name: str) -> Body:
    """One file as it is, or several as multipart/form-data."""
    kind = kind_of(request)
    if kind not in KINDS:
        raise Problem(415, f"Send {KINDS[0]}, or {KINDS[1]}.")
    bounded = _Bounded(request, MAX_FILES)
    if kind == "multipart/form-data":
        return await _several(request, bounded)
    file = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - Body.close closes it
    size = 0
    try:
        async for block in bounded.blocks():
            size += len(block)
            file.write(block)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return Body(bounded.digest(), uploads=(Upload(FIELD, name or FIELD, kind, size, cast(BinaryIO, file)),))


async def _several(request: Request, bounded: _Bounded) -> Body:
    parser = Parser(request.headers, bounded.blocks(), max_files=20, max_fields=0)
    try:
        found = await parser.parse()
    except (MultiPartException, UnicodeDecodeError, ValueError, KeyError) as error:
        raise Problem(400, "The form cannot be read.") from error
    uploads, strange = [], []
    for name, value in found.multi_items():
        if isinstance(value, UploadFile) and name == FIELD:
            uploads.append(Upload(name, value.filename or FIELD, value.content_type or "", value.size or 0, value.file))
        else:
            strange.append((name[:100], "There is no such field."))
    body = Body(bounded.digest(), uploads=tuple(uploads))
    if strange:
        body.close()
        raise Problem(422, "Something in the request cannot be used.", strange)
    return body
