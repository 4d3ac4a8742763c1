"""A private rspamd that judges mails by its own rules alone: no network, no database, unprivileged."""

import contextlib
import json
import os
import subprocess
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.peers.common import free_port, give, require, short_folder, wait_for

# The rules as Debian has them: those in Lua (`rules/`), one plugin that looks at the types of parts, and signatures. No
# other name server is asked than the one that a test runs, or a closed port.
CONFIG = """
options {{
  pidfile = "{folder}/pid";
  filters = "chartable,dkim,regexp";
  dns {{ nameserver = ["127.0.0.1:{dns}"]; timeout = {seconds}s; retransmits = 1; }}
  control_socket = "{folder}/ctl.sock mode=0600";
  url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  check_all_filters = true;
  disable_hyperscan = true;
}}
logging {{ type = "file"; filename = "{folder}/log"; level = "warning"; }}
worker "normal" {{ bind_socket = "127.0.0.1:{port}"; count = 1; task_timeout = 20s; }}
metric "default" {{ actions {{ reject = 15; add_header = 6; greylist = 4; }} }}
lua = "/usr/share/rspamd/rules/rspamd.lua";
modules {{ path = "/usr/share/rspamd/plugins/mime_types.lua"; }}
mime_types {{
  file = ["/etc/rspamd/maps.d/mime_types.inc"];
  extension_map = {{ html = "text/html"; txt = "text/plain"; pdf = "application/pdf"; csv = "text/csv"; }}
}}
dkim {{ symbol_allow = "R_DKIM_ALLOW"; symbol_reject = "R_DKIM_REJECT"; trusted_only = false; }}
"""
_AS_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")


class Rspamd:
    """A running rspamd: `with Rspamd() as judge: judge.symbols(raw, sender, recipient)`.

    `dns` is the port of a name server on this machine, for keys.
    """

    def __init__(self, dns: int = 0) -> None:
        self._dns = dns
        self._program = require("rspamd")
        self.port = free_port()
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._folder = stack.enter_context(short_folder("rs."))
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def log(self) -> str:
        """What it wrote about itself."""
        return "".join(file.read_text(errors="replace") for file in self._files())

    def symbols(self, mail: bytes, sender: str, recipient: str) -> dict[str, dict[str, Any]]:
        """What it finds in a mail that came from another machine: symbol → score, options, words."""
        # As from a mail server on the net: what comes from this machine is looked at less closely.
        headers = {"IP": "192.0.2.25", "Helo": "desk.example.com", "From": sender, "Rcpt": recipient}
        address = f"http://127.0.0.1:{self.port}/checkv2"
        request = urllib.request.Request(address, data=mail, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - http, written above
            found: dict[str, dict[str, Any]] = json.load(answer)["symbols"]
        return found

    def _files(self) -> list[Path]:
        return [file for file in (self._folder / "out", self._folder / "log") if file.exists()]

    def _start(self, stack: contextlib.ExitStack) -> None:
        folder = self._folder
        seconds = 5.0 if self._dns else 0.1
        text = CONFIG.format(folder=folder, port=self.port, dns=self._dns or free_port(), seconds=seconds)
        (folder / "rspamd.conf").write_text(text, encoding="utf-8")
        call = [self._program, "-f", "-c", str(folder / "rspamd.conf")]
        for name in ("DBDIR", "RUNDIR", "LOGDIR"):
            call += ["--var", f"{name}={folder}"]
        out = stack.enter_context((folder / "out").open("wb"))
        give(folder)
        if os.getuid() == 0:
            call = [*_AS_NOBODY, *call]
        process = subprocess.Popen(call, stdout=out, stderr=subprocess.STDOUT)
        stack.callback(process.wait)
        stack.callback(process.terminate)

        def is_up() -> bool:
            assert process.poll() is None, f"rspamd ended: {self.log()}"
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=2):
                return True
            return False

        wait_for(is_up, f"rspamd: {self.log()}", 120)
