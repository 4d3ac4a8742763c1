"""A private Dovecot, 2.3 or 2.4, on ports of 127.0.0.1: IMAP, IMAP over TLS, and authentication for Postfix."""

import contextlib
import grp
import os
import re
import signal
import ssl
import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

import trustme
from imapclient import IMAPClient

from tests.peers.common import free_port, give, greets, require, short_folder, wait_for, worker

COMMON = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
instance_name = {folder.name}
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
auth_failure_delay = 0
auth_mechanisms = plain login{token_mechanisms}
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
first_valid_gid = 0
mail_max_userip_connections = 200
imap_idle_notify_interval = 2 secs
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
service auth {{
  user = {user}
  group = {group}
  inet_listener postfix {{
    {address} = 127.0.0.1
    port = {auth_port}
  }}
}}
service auth-worker {{
  user = {user}
}}
service imap-login {{
  chroot =
  {keep_login} = {unlimited}
  inet_listener imap {{
    {address} = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    {address} = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
"""

V23 = """
disable_plaintext_auth = no
mail_location = maildir:{folder}/mail/%u
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
"""

V24 = """
auth_allow_cleartext = yes
mail_driver = maildir
mail_home = {folder}/mail/%{{user}}
mail_path = {folder}/mail/%{{user}}
passdb passwd-file {{
  passwd_file_path = {folder}/users
  default_password_scheme = PLAIN
}}
userdb static {{
  fields {{
    uid = {uid}
    gid = {gid}
    home = {folder}/mail/%{{user}}
  }}
}}
"""


class Dovecot:
    """A running Dovecot: `with Dovecot() as server: server.client().select_folder("INBOX")`.

    `tls` makes a certificate for localhost that `tls_context` trusts; `prefix` is the personal namespace,
    "INBOX." for one; `extra` is appended to the settings, as in "imap_capability = IMAP4rev1"; `introspection` is the
    address that says whether a token is good (RFC 7662), and lets people sign in by XOAUTH2.
    """

    def __init__(
        self,
        users: tuple[tuple[str, str], ...] = (("desk", "pw"),),
        *,
        tls: bool = False,
        prefix: str = "",
        extra: str = "",
        introspection: str = "",
    ) -> None:
        self._program = require("dovecot")
        self.users = users
        self.host = "localhost" if tls else "127.0.0.1"
        self.port, self.tls_port, self.auth_port = free_port(), free_port(), free_port()
        self.tls_context: ssl.SSLContext | None = None
        self._tls, self._prefix, self._extra = tls, prefix, extra
        self._introspection = introspection
        self._process: subprocess.Popen[bytes] | None = None
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(short_folder("dc."))
            stack.callback(self.stop)
            self._prepare()
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start, also after `stop`: the mail is still there."""
        call = [self._program, "-F", "-c", str(self.folder / "dovecot.conf")]
        with (self.folder / "stderr").open("ab") as errors:
            # A session of its own, so that `stop` can end the children that outlive the master.
            self._process = process = subprocess.Popen(call, stderr=errors, start_new_session=True)

        def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"Dovecot did not start: {self.log()}")
            return greets(self.port, b"* OK")

        wait_for(ready, "Dovecot")

    def stop(self) -> None:
        """Stop and cut all connections; safe to call twice."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(self._process.pid, signal.SIGTERM)
            self._process.wait(10)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)
        self._process = None

    def kill_sessions(self) -> None:
        """Kill the processes of signed-in clients, as a fault of the server would; it goes on taking connections."""
        assert self._process is not None
        found = subprocess.run(["pgrep", "-g", str(self._process.pid), "-x", "imap"], capture_output=True, check=False)
        for pid in found.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def lay(self, mails: Iterable[bytes], user: str = "") -> None:
        """Lay many mails into the INBOX as files, oldest first, which is quick."""
        new = self.folder / "mail" / (user or self.users[0][0]) / "new"
        for folder in (new, new.parent / "cur", new.parent / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        # Dovecot reads a maildir in the order of the times in the names.
        for number, mail in enumerate(mails, 1):
            (new / f"{1_500_000_000 + number}.{number}.sample").write_bytes(mail)
        give(new.parent)

    def log(self) -> str:
        """What Dovecot wrote about itself."""
        files = (self.folder / "stderr", self.folder / "dovecot.log")
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def client(self, user: str = "") -> IMAPClient:
        """A client of our own, signed in, to put mail in and to look what is there."""
        password = dict(self.users)[user or self.users[0][0]]
        client = IMAPClient("127.0.0.1", self.port, ssl=False, timeout=20)
        client.login(user or self.users[0][0], password)
        return client

    def put(self, *mails: bytes, folder: str = "INBOX", user: str = "") -> None:
        """Lay mails into a folder, which is made when missing."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for mail in mails:
                client.append(folder, mail)

    def mails(self, folder: str = "INBOX", user: str = "") -> list[bytes]:
        """The mails in a folder, in order; an empty list when there is no such folder."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                return []
            client.select_folder(folder, readonly=True)
            found = client.fetch(client.search(), ["BODY.PEEK[]"])
            return [found[uid][b"BODY[]"] for uid in sorted(found)]

    def _prepare(self) -> None:
        owner, folder = worker(), self.folder
        (folder / "mail").mkdir()
        (folder / "state").mkdir()
        (folder / "users").write_text("".join(f"{user}:{{PLAIN}}{password}\n" for user, password in self.users))
        modern = self._version() >= (2, 4)
        text = (COMMON + (V24 if modern else V23)).format(
            folder=folder,
            ssl="yes" if self._tls else "no",
            user=owner.pw_name,
            group=grp.getgrgid(owner.pw_gid).gr_name,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            separator=self._prefix[-1:] or ".",
            prefix=self._prefix,
            port=self.port,
            tls_port=self.tls_port if self._tls else 0,
            auth_port=self.auth_port,
            token_mechanisms=" xoauth2 oauthbearer" if self._introspection else "",
            address="listen" if modern else "address",
            keep_login="restart_request_count" if modern else "service_count",
            unlimited="unlimited" if modern else "0",
        )
        head = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n" if modern else ""
        tls = self._certificate(modern) if self._tls else ""
        tokens = self._tokens(modern) if self._introspection else ""
        (folder / "dovecot.conf").write_text(f"{head}{text}{tls}{tokens}{self._extra}\n")
        give(folder)

    def _certificate(self, modern: bool) -> str:
        authority = trustme.CA()
        issued = authority.issue_cert("localhost", "127.0.0.1")
        chain, key = self.folder / "chain.pem", self.folder / "key.pem"
        issued.cert_chain_pems[0].write_to_path(chain)
        issued.private_key_pem.write_to_path(key)
        self.tls_context = ssl.create_default_context()
        authority.configure_trust(self.tls_context)
        return tls_settings(chain, key, modern)

    def _tokens(self, modern: bool) -> str:
        told = {
            "introspection_url": self._introspection,
            "introspection_mode": "post",
            "username_attribute": "username",
            "active_attribute": "active",
            "active_value": "true",
        }
        if modern:
            lines = "".join(f"  {name} = {value}\n" for name, value in {**told, "force_introspection": "yes"}.items())
            return f"oauth2 {{\n{lines}}}\npassdb oauth2 {{\n  mechanisms_filter = xoauth2 oauthbearer\n}}\n"
        file = self.folder / "oauth.ext"
        file.write_text("".join(f"{name} = {value}\n" for name, value in told.items()))
        return f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2 oauthbearer\n  args = {file}\n}}\n"

    def _version(self) -> tuple[int, ...]:
        told = subprocess.run([self._program, "--version"], capture_output=True, text=True, check=True).stdout
        found = re.match(r"(\d+)\.(\d+)", told)
        assert found, told
        return tuple(map(int, found.groups()))


def tls_settings(chain: Path, key: Path, modern: bool) -> str:
    """Dovecot 2.4 renamed its certificate settings."""
    if modern:
        return f"ssl_server_cert_file = {chain}\nssl_server_key_file = {key}\n"
    return f"ssl_cert = <{chain}\nssl_key = <{key}\n"
