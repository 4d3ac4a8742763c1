"""Where a sign-in leads: the page of ours that somebody wanted to see, with all of its address."""

import re
from urllib.parse import quote

from starlette.requests import Request

LONGEST = 2000  # characters; a longer address is dropped
# A path of ours, written out, so that "//evil.example" is none: no part of it is empty or begins with a dot. Behind it
# may stand a query (RFC 3986 section 3.4).
_OWN = re.compile(
    r"/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*)?(?:\?[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*)?",
    re.ASCII,
)


def own(address: str) -> str:
    """The address, where it is one of ours; "/" for any other."""
    return address if len(address) <= LONGEST and _OWN.fullmatch(address) else "/"


def of(request: Request, root: str) -> str:
    """The address of this request, below our root, as `own` knows it."""
    query = request.url.query
    return own(request.url.path.removeprefix(root) + (f"?{query}" if query else ""))


def asked(address: str) -> str:
    """What stands behind the address of the sign-in page; nothing for Home."""
    return f"?next={quote(address, safe='/.')}" if address != "/" else ""
