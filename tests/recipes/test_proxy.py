"""config/proxy/ in real servers: nginx and Caddy with TLS before the portal."""

import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.e2e.world import text_of
from tests.peers.common import free_port
from tests.peers.desk import Desk
from tests.peers.web import Caddy, Nginx, Proxy
from tests.recipes.recipe import recipe

pytestmark = pytest.mark.peer
HOST, JANE = "desk.test", "jane@customer.test"


class Client:
    """A browser at one address: verifies the certificate, keeps cookies, fills in forms."""

    def __init__(self, proxy: Proxy, address: str = "127.0.0.2") -> None:
        self._proxy, self._address = proxy, address
        self.cookies: dict[str, str] = {}
        self.said: list[str] = []  # the Set-Cookie fields of the last answer

    def ask(self, path: str, form: dict[str, str] | None = None, **headers: str) -> tuple[int, str, str]:
        """Status, location and text of the answer."""
        raw = socket.create_connection(("127.0.0.1", self._proxy.tls_port), 20, source_address=(self._address, 0))
        with self._proxy.context.wrap_socket(raw, server_hostname=HOST) as channel:
            connection = http.client.HTTPSConnection(HOST, self._proxy.tls_port)
            connection.sock = channel
            cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            fields = {"Cookie": cookies, **{name.replace("_", "-"): value for name, value in headers.items()}}
            body = urlencode(form) if form else None
            if form:
                fields |= {
                    "Content-Type": "application/x-www-form-urlencoded",
                    "Origin": f"https://{HOST}:{self._proxy.tls_port}",
                }
            connection.request("POST" if form else "GET", path, body, fields)
            answer = connection.getresponse()
            self.said = answer.headers.get_all("Set-Cookie") or []
            for name, value in re.findall(r"^([^=]+)=([^;]*)", "\n".join(self.said), re.MULTILINE):
                self.cookies[name] = value
            return answer.status, answer.headers.get("Location") or "", answer.read().decode(errors="replace")

    def sign_in(self, password: str, **headers: str) -> tuple[int, str]:
        """Fill in the form; status and where it leads."""
        page = self.ask("/in", **headers)[2]
        found = re.search(r'name="form_token" value="([^"]+)"', page)
        assert found, page
        form = {"form_token": found[1], "username": JANE, "password": password}
        status, location, _ = self.ask("/in", form, **headers)
        return status, location


def nginx_site(upstream: int) -> Proxy:
    """nginx with its recipe, before a portal on this port."""

    def text(port: int, tls_port: int, folder: Path) -> str:
        change = {
            "desk.example.com$request_uri": f"{HOST}:{tls_port}$request_uri",
            "/etc/letsencrypt/live/desk.example.com/": f"{folder}/",
            "desk.example.com": HOST,
            "    listen [::]:80;\n": "",
            "    listen [::]:80 default_server;\n": "",
            "    listen [::]:443 ssl http2;\n": "",
            "    listen [::]:443 ssl default_server;\n": "",
            "listen 80": f"listen 127.0.0.1:{port}",
            "listen 443": f"listen 127.0.0.1:{tls_port}",
            "/var/www/letsencrypt": f"{folder}/www",
            "127.0.0.1:8080": f"127.0.0.1:{upstream}",
        }
        return recipe("proxy/nginx.conf", change)

    return Nginx(text, HOST)


def caddy_site(upstream: int) -> Proxy:
    """Caddy with its recipe, before a portal on this port."""

    def text(port: int, tls_port: int, folder: Path) -> str:
        change = {
            "{$DESK_HOST:desk.example.com} {": f"{HOST} {{\n\ttls {folder}/fullchain.pem {folder}/privkey.pem",
            "127.0.0.1:8080": f"127.0.0.1:{upstream}",
        }
        # What a test adds: ports of its own, no control port, and no certificate from the world.
        head = f"{{\n\thttp_port {port}\n\thttps_port {tls_port}\n\tadmin off\n\tdefault_bind 127.0.0.1\n}}\n"
        return head + recipe("proxy/Caddyfile", change)

    return Caddy(text, HOST)


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def served(request: pytest.FixtureRequest) -> Iterator[tuple[Desk, Proxy]]:
    """A desk behind each of the proxies."""
    upstream = free_port()
    with (nginx_site if request.param == "nginx" else caddy_site)(upstream) as proxy:
        settings = {
            "PORTAL__PORT": str(upstream),
            "DESK__BASE_URL": f"https://{HOST}:{proxy.tls_port}",
            "PORTAL__TRUSTED_PROXIES": '["127.0.0.1"]',
        }
        desk = Desk(("work", "deliver", "portal"), settings=settings)
        desk.page = upstream
        with desk:
            yield desk, proxy


def test_sign_in_works_with_secure_cookies(served: tuple[Desk, Proxy]) -> None:
    """The password of the letter opens the portal; the cookie goes to this host alone, over TLS alone."""
    desk, proxy = served
    desk.run("contact", "add", JANE, "--name", "Jane Doe", "--organisation", "Customer")
    (letter,) = desk.letters(JANE, wanted=1)
    found = re.search(r"One-time password: (\S+)", text_of(letter))
    assert found
    assert f"https://{HOST}:{proxy.tls_port}/" in text_of(letter)
    client = Client(proxy)
    status, location = client.sign_in(found[1])
    assert (status, location) == (303, "/in/password")
    (cookie,) = (line for line in client.said if line.startswith("__Host-postdesk-session="))
    assert {"Secure", "HttpOnly", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert client.ask("/in/password")[0] == 200


def test_limits_count_the_address_of_the_client(served: tuple[Desk, Proxy]) -> None:
    """Whoever tries too often is told to wait, whatever they claim in X-Forwarded-For; others are not."""
    _, proxy = served
    guesser = Client(proxy, "127.0.0.3")
    for turn in range(5):
        assert guesser.sign_in("wrong", X_Forwarded_For=f"198.51.100.{turn}")[0] != 429
    assert guesser.sign_in("wrong", X_Forwarded_For="198.51.100.9")[0] == 429
    assert Client(proxy, "127.0.0.4").sign_in("wrong")[0] != 429


def test_what_comes_without_tls_is_sent_to_tls(served: tuple[Desk, Proxy]) -> None:
    """To the same place; nothing of the portal is shown before."""
    _, proxy = served
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=20)
    connection.request("GET", "/tickets?x=1", headers={"Host": HOST})
    answer = connection.getresponse()
    assert answer.status in (301, 308)
    assert re.fullmatch(rf"https://{HOST}(:{proxy.tls_port})?/tickets\?x=1", str(answer.headers["Location"]))
    connection.close()


def test_other_names_get_nothing(served: tuple[Desk, Proxy]) -> None:
    """A foreign Host, and a foreign name in the TLS handshake, do not reach the portal."""
    _, proxy = served
    try:
        status, _, text = Client(proxy).ask("/", Host="evil.test")
    except (http.client.HTTPException, OSError):
        status, text = 0, ""
    assert (status, "Service Desk" in text) in {(0, False), (200, False), (400, False), (421, False)}
    raw = socket.create_connection(("127.0.0.1", proxy.tls_port), 20)
    with raw, pytest.raises(ssl.SSLError):
        proxy.context.wrap_socket(raw, server_hostname="evil.test")


def test_health_passes_and_figures_do_not(served: tuple[Desk, Proxy]) -> None:
    """/healthz is for whoever watches; /metrics stays inside, however it is asked for."""
    _, proxy = served
    client = Client(proxy)
    assert client.ask("/healthz")[0] == 200
    for path in ("/metrics", "/metrics?x=1", "/metrics/", "/%6detrics", "//metrics", "/in/../metrics"):
        status, _, text = client.ask(path)
        assert status in (400, 404), path
        assert "# HELP" not in text


def test_a_form_that_is_too_large_ends_at_the_proxy(served: tuple[Desk, Proxy]) -> None:
    """413, and the portal never sees it. (Caddy before 2.7 says 502.)"""
    _, proxy = served
    try:
        status = Client(proxy).ask("/in", {"username": "x" * 30_000_000})[0]
    except OSError:
        status = 413  # the proxy hung up while we still sent
    assert status in (413, 502)
