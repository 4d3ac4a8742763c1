"""Who is let in: a token that works, not too often, and for what its owner may do. Cookies are not looked at."""

from starlette.requests import Request

from desk import tokens
from desk.tokens import Bearer
from portal import beside
from portal.api.calls import Operation
from portal.api.limits import Pace
from portal.api.problems import Problem
from portal.config import PortalConfig
from portal.peer import peer_of

WRONG_MOST = 60  # tokens that do not work, from one address in a minute
_CHALLENGE = 'Bearer realm="postdesk"'
_BUSY = "Too many requests. Wait, as Retry-After says."


class Doorkeeper:
    """Looks at each request before anything of it is read."""

    def __init__(self, config: PortalConfig) -> None:
        self._config = config
        self._pace, self._strangers = Pace(config.api_per_minute), Pace(WRONG_MOST)

    def let_in(self, request: Request, one: Operation) -> Bearer:
        """Who asks; Problem for who may not."""
        config, now = self._config, self._config.clock()
        if not config.may_sign_in:
            raise Problem(403, "The API needs an encrypted connection (https), which this address is not.")
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer":
            raise Problem(401, "Send a token: Authorization: Bearer pd_…", headers={"WWW-Authenticate": _CHALLENGE})
        with config.database.reading() as session:
            bearer = tokens.find(session, token.strip(), now, config.levels)
        if bearer is None:
            # A token that works is let in all the same: somebody else's behind that address may be wrong.
            _not_over(self._strangers.wait(peer_of(request, config.trusted_proxies), now))
            said = f'{_CHALLENGE}, error="invalid_token"'
            raise Problem(401, "This token does not work, or not any more.", headers={"WWW-Authenticate": said})
        _not_over(self._pace.wait(str(bearer.token_id), now))
        if bearer.stale:
            with beside.noting(config.database) as session:
                tokens.touch(session, bearer.token_id, now)
        _may(bearer, one)
        return bearer


def _not_over(seconds: int) -> None:
    if seconds:
        raise Problem(429, _BUSY, headers={"Retry-After": str(seconds)})


def _may(bearer: Bearer, one: Operation) -> None:
    if one.who == "staff" and not bearer.is_staff:
        raise Problem(403, "This is for staff.")
    if one.who == "people" and not (bearer.is_staff or bearer.keeps_people):
        raise Problem(403, "This is for staff, and for contacts who keep the people of their organisation.")
    if one.writes and not bearer.may_write:
        raise Problem(403, "This token may only read.")
