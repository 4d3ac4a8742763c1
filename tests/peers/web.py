"""Private reverse proxies with TLS on ports of 127.0.0.1: nginx and Caddy, each with the file of its recipe."""

import contextlib
import grp
import os
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme

from tests.peers.common import free_port, give, require, short_folder, wait_for, worker
from tests.peers.unpacked import unpacked


class Proxy:
    """`with Nginx(text) as proxy:` then `https://desk.test:{proxy.tls_port}/`, with the certificate of `proxy.context`.

    `recipe` gets the ports and the folder of the certificate, and returns the text of the configuration.
    """

    def __init__(self, recipe: Callable[[int, int, Path], str], host: str) -> None:
        self._recipe, self._host = recipe, host
        self.port, self.tls_port = free_port(), free_port()
        authority = trustme.CA()
        self._issued = authority.issue_cert(host)
        self.context = ssl.create_default_context()
        authority.configure_trust(self.context)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(short_folder("px."))
            self._issued.private_key_pem.write_to_path(self.folder / "privkey.pem")
            with (self.folder / "fullchain.pem").open("wb") as file:
                for pem in self._issued.cert_chain_pems:
                    file.write(pem.bytes())
            (self.folder / "www").mkdir()
            call, environment = self._prepare(self._recipe(self.port, self.tls_port, self.folder))
            give(self.folder)
            stack.callback(self._stop)
            with (self.folder / "said").open("ab") as said:
                self._process = subprocess.Popen(
                    call, stdout=said, stderr=said, env={**os.environ, **environment}, start_new_session=True
                )
            wait_for(self._listens, "the proxy")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def log(self) -> str:
        """What it wrote about itself."""
        return "".join(path.read_text(errors="replace") for path in self.folder.glob("said*"))

    def _prepare(self, text: str) -> tuple[list[str], Mapping[str, str]]:
        raise NotImplementedError

    def _listens(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the proxy did not start: {self.log()}")
        for port in (self.port, self.tls_port):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) != 0:
                    return False
        return True

    def _stop(self) -> None:
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)


class Nginx(Proxy):
    """nginx of Debian; `recipe` gives a file of sites-available."""

    def _prepare(self, text: str) -> tuple[list[str], Mapping[str, str]]:
        folder = self.folder
        (folder / "site.conf").write_text(text)
        temporary = "".join(
            f"{name}_temp_path {folder}/tmp-{name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = f"user {worker().pw_name} {grp.getgrgid(worker().pw_gid).gr_name};\n" if os.getuid() == 0 else ""
        (folder / "nginx.conf").write_text(
            f"{user}daemon off;\nworker_processes 1;\npid {folder}/pid;\nerror_log {folder}/said-error warn;\n"
            f"events {{}}\nhttp {{\naccess_log {folder}/access;\n{temporary}include {folder}/site.conf;\n}}\n"
        )
        return [require("nginx"), "-c", f"{folder}/nginx.conf", "-p", str(folder), "-e", f"{folder}/said-error"], {}


class Caddy(Proxy):
    """Caddy of Debian, unpacked; `recipe` gives a Caddyfile."""

    def _prepare(self, text: str) -> tuple[list[str], Mapping[str, str]]:
        (self.folder / "Caddyfile").write_text(text)
        program = unpacked("caddy", "caddy")
        home = {"HOME": str(self.folder), "XDG_DATA_HOME": str(self.folder), "XDG_CONFIG_HOME": str(self.folder)}
        return [str(program), "run", "--config", f"{self.folder}/Caddyfile", "--adapter", "caddyfile"], home
