"""A small OAuth2 server on this machine: hands out tokens, and says whether one is good (RFC 6749, RFC 7662)."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs


class TokenServer:
    """`with TokenServer() as server: OAuthConfig(..., token_url=server.token_url, ...)`.

    `secret` and `refresh_token` are what it takes; `user` is whose mailbox a good token opens; `answer` replaces the
    next answers, as (status, JSON or text); `rotates` gives a new refresh token with each answer and ends the old one.
    """

    def __init__(self, *, rotates: bool = False) -> None:
        self.secret, self.refresh_token, self.rotates = "se~cret+&", "refresh-1", rotates
        self.user, self.expires_in = "desk", 3600
        self.good: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.answer: tuple[int, Any] | None = None
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def token_url(self) -> str:
        """Where tokens are asked for."""
        return f"{self.url}/token"

    @property
    def introspection(self) -> str:
        """Where a mail server asks whether a token is good."""
        return f"{self.url}/introspect"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def reply(self, path: str, form: dict[str, str]) -> tuple[int, Any]:
        """What is answered."""
        if path == "/introspect":
            return 200, {"active": form.get("token") in self.good, "username": self.user}
        self.asked.append(form)
        if self.answer is not None:
            return self.answer
        if form.get("client_secret") != self.secret:
            return 401, {
                "error": "invalid_client",
                "error_description": "AADSTS7000222: The keys are expired.\r\nTrace ID: x",
            }
        if form.get("grant_type") == "refresh_token" and form.get("refresh_token") != self.refresh_token:
            return 400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        token = f"token-{len(self.asked)}"
        self.good.add(token)
        found: dict[str, Any] = {"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in}
        if form.get("grant_type") == "refresh_token" and self.rotates:
            self.refresh_token = f"refresh-{len(self.asked) + 1}"
            found["refresh_token"] = self.refresh_token
        return 200, found

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, format: str, *args: object) -> None:
                """Nothing is printed."""

            def do_POST(self) -> None:
                text = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                status, found = server.reply(self.path, {name: values[0] for name, values in parse_qs(text).items()})
                body = (found if isinstance(found, str) else json.dumps(found)).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler
