"""What a form must carry before it may change anything: our Origin, and a token that only our page knew."""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request

from desk.keys import Keys
from desk.sessions import Visitor
from portal.config import PortalConfig

FIELD = "form_token"
MAX_BODY = 64 * 1024
MAX_FIELDS = 50


def read(body: bytes) -> dict[str, str]:
    """The fields of a form; ValueError when it is none, or names too many."""
    pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
    return dict(pairs)


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
