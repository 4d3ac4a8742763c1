"""A private Postfix on a port of 127.0.0.1, set up as the desk's front door, as a relay, or as the end of the road."""

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import trustme

from tests.peers.common import free_port, give, greets, missing, require, short_folder, wait_for, worker

Address = tuple[str, int]

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/q
data_directory = {folder}/data
mail_owner = postfix
setgid_group = postdrop
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
meta_directory = /etc/postfix
shlib_directory = /usr/lib/postfix
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
alias_maps =
alias_database =
myhostname = mx{port}.peer.test
mydestination =
mynetworks = {networks}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
smtp_dns_support_level = disabled
smtp_host_lookup = native
recipient_delimiter = +
bounce_queue_lifetime = 1h
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
message_size_limit = 52428800
virtual_mailbox_base = {folder}/sink
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
virtual_mailbox_limit = 0
"""

MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
sink unix - n n - - virtual -o virtual_mailbox_maps=static:all/
local unix - n n - - local
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """A running Postfix: `with Postfix(lmtp_to=(host, port)) as server: smtplib.SMTP("127.0.0.1", server.port)`.

    `lmtp_to` hands all mail for desk.test to an LMTP server, `relay_to` all other mail to an SMTP server.
    What neither takes ends in a Maildir that `mails` reads. `tls` offers STARTTLS with the certificate of
    `authority`; `auth_port` asks Dovecot there for user and password before anything is relayed.

    `recipe` are lines of main.cf that win over ours, `master` lines for master.cf; `files` lie beside them, in
    $config_directory, and are looked up with hash: unless their name has an ending.
    """

    def __init__(
        self,
        lmtp_to: Address | None = None,
        relay_to: Address | None = None,
        *,
        tls: bool = False,
        auth_port: int | None = None,
        extra: str = "",
        recipe: str = "",
        master: str = "",
        files: Mapping[str, str] | None = None,
    ) -> None:
        self._postfix = require("postfix")
        if os.getuid() != 0:
            missing("Postfix starts only as root: run these tests as root, or in a container")
        self.host, self.port = "127.0.0.1", free_port()
        self.authority: trustme.CA | None = trustme.CA() if tls else None
        self._recipe, self._master, self._files = recipe, master, files or {}
        self._routes = self._route(lmtp_to, relay_to)
        self._auth_port, self._extra = auth_port, extra
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(short_folder("pf."))
            self._prepare()
            stack.callback(self.stop)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start, also after `stop`: the queue is still there."""
        told = self.command(self._postfix, "start")
        try:
            wait_for(lambda: greets(self.port, b"220"), "Postfix")
        except TimeoutError as error:
            raise RuntimeError(f"Postfix did not start: {told}{self.log()}") from error

    def stop(self) -> None:
        """Stop; safe to call twice."""
        self.command(self._postfix, "stop")

    def flush(self) -> None:
        """Try everything in the queue now."""
        self.command(require("postqueue"), "-f")

    def queue(self) -> str:
        """The queue as `postqueue -p` prints it."""
        return self.command(require("postqueue"), "-p")

    def log(self) -> str:
        """What Postfix wrote about itself."""
        file = self.folder / "log"
        return file.read_text(errors="replace") if file.exists() else ""

    def mails(self, wanted: int = 0, seconds: float = 60.0) -> list[bytes]:
        """The mails that ended here, oldest first, once there are at least `wanted`."""
        new = self.folder / "sink" / "all" / "new"

        def enough() -> bool:
            return wanted == 0 or (new.exists() and len(list(new.iterdir())) >= wanted)

        wait_for(enough, f"{wanted} mails in the sink", seconds)
        files = list(new.iterdir()) if new.exists() else []
        return [file.read_bytes() for file in sorted(files, key=lambda file: file.stat().st_mtime_ns)]

    def command(self, program: str, *arguments: str) -> str:
        """Run one of Postfix's programs with our settings; all it said."""
        call = [program, "-c", str(self.folder / "etc"), *arguments]
        done = subprocess.run(call, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout + done.stderr

    def _route(self, lmtp_to: Address | None, relay_to: Address | None) -> str:
        if self._recipe:
            return f"relayhost = [{relay_to[0]}]:{relay_to[1]}\n" if relay_to else "default_transport = sink\n"
        text = f"virtual_transport = lmtp:inet:[{lmtp_to[0]}]:{lmtp_to[1]}\n" if lmtp_to else ""
        # Left out, it would be taken from virtual_mailbox_maps, and then everything would end here.
        text += f"virtual_mailbox_domains = {'desk.test' if lmtp_to else ''}\n"
        return text + (f"relayhost = [{relay_to[0]}]:{relay_to[1]}\n" if relay_to else "default_transport = virtual\n")

    def _prepare(self) -> None:
        folder, owner = self.folder, worker()
        for name in ("etc", "q", "data", "sink"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", "postfix")
        give(folder / "sink")
        networks = "" if self._auth_port else "127.0.0.0/8"
        main = MAIN.format(folder=folder, port=self.port, networks=networks, uid=owner.pw_uid, gid=owner.pw_gid)
        text = f"{_without(main, self._recipe)}{self._routes}{self._secured()}{self._recipe}\n{self._extra}\n"
        (folder / "etc" / "main.cf").write_text(text)
        (folder / "etc" / "master.cf").write_text(MASTER.format(port=self.port) + self._master)
        for name, content in self._files.items():
            (folder / "etc" / name).write_text(content)
            if "." not in name:
                self.command(require("postmap"), str(folder / "etc" / name))

    def _secured(self) -> str:
        text = ""
        if self.authority:
            pem = self.folder / "etc" / "server.pem"
            self.authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(pem)
            text += f"smtpd_tls_chain_files = {pem}\nsmtpd_tls_security_level = may\n"
            text += "smtpd_tls_auth_only = yes\n" if self._auth_port else ""
        if self._auth_port:
            text += "smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\n"
            text += f"smtpd_sasl_path = inet:127.0.0.1:{self._auth_port}\n"
            text += "smtpd_relay_restrictions = permit_sasl_authenticated, reject\n"
        return text


def _without(main: str, recipe: str) -> str:
    """Our lines without those of parameters that a recipe sets."""
    theirs = set(re.findall(r"^(\w+)\s*=", recipe, re.MULTILINE))
    return "".join(line for line in main.splitlines(keepends=True) if line.partition(" =")[0] not in theirs)
