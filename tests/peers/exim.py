"""A private Exim on a port of 127.0.0.1, unpacked instead of installed, with the files of the recipe in it."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.peers.common import free_port, give, greets, missing, short_folder, wait_for, worker
from tests.peers.unpacked import unpacked

# Sections as in Debian's own configuration; what the recipe says is included where its docs say.
CONFIG = """
.include {folder}/recipe/main.conf
exim_path = {program}
spool_directory = {folder}/spool
log_file_path = {folder}/log/%slog
pid_file_path = {folder}/exim.pid
primary_hostname = mx{port}.peer.test
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
dns_ipv4_lookup = *
queue_run_max = 2
keep_environment = LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
add_environment = PATH=/usr/bin:/bin
acl_smtp_rcpt = acl_check_rcpt
acl_smtp_data = acl_accept
never_users =

begin acl
acl_check_rcpt:
.include {folder}/recipe/rcpt.conf
  accept hosts = 127.0.0.1
acl_accept:
  accept

begin routers
.include {folder}/recipe/routers.conf
bounces:
  driver = accept
  transport = sink

begin transports
.include {folder}/recipe/transports.conf
sink:
  driver = appendfile
  directory = {folder}/sink
  maildir_format
  create_directory
  user = {user}
  envelope_to_add
  return_path_add

begin retry
.include {folder}/recipe/retry.conf
*  *  F,1h,1m
"""


class Exim:
    """`with Exim(files) as server: smtplib.SMTP("127.0.0.1", server.port)`.

    `files` are the texts of main.conf, rcpt.conf, routers.conf, transports.conf and retry.conf. What none of their
    routers takes ends in a Maildir that `mails` reads: the bounces, for one.
    """

    def __init__(self, files: Mapping[str, str]) -> None:
        self._program = unpacked("exim4-daemon-light", "exim4")
        self._wrapper = unpacked("libnss-wrapper", "libnss_wrapper.so")
        if os.getuid() != 0:
            missing("Exim starts only as root: run these tests as root, or in a container")
        self.port, self._files = free_port(), files
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = stack.enter_context(short_folder("ex."))
            self._prepare()
            stack.callback(self.stop)
            self.start()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stack.close()

    def start(self) -> None:
        """Start, also after `stop`: the queue is still there."""
        with (self.folder / "stderr").open("ab") as errors:
            call = [self._program, "-C", self.folder / "exim.conf", "-bdf"]
            self._process = process = subprocess.Popen(call, stdout=errors, stderr=errors, env=self._environment)

        def ready() -> bool:
            if process.poll() is not None:
                raise RuntimeError(f"Exim did not start: {self.log()}")
            return greets(self.port, b"220")

        wait_for(ready, "Exim")

    def stop(self) -> None:
        """Stop; safe to call twice."""
        self._process.terminate()
        self._process.wait(20)

    def flush(self) -> None:
        """Try everything in the queue now, whatever the retry times say."""
        self.command("-qff")

    def queue(self) -> str:
        """The queue as `mailq` prints it; empty when nothing waits."""
        return self.command("-bp").strip()

    def command(self, *words: str) -> str:
        """Run `exim` with our settings; all it said."""
        call = [self._program, "-C", self.folder / "exim.conf", *words]
        done = subprocess.run(
            call,
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=60,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        return done.stdout + done.stderr

    def log(self) -> str:
        """What Exim wrote about itself."""
        files = [self.folder / "stderr", *sorted((self.folder / "log").glob("*log"))]
        return "".join(file.read_text(errors="replace") for file in files if file.exists())

    def mails(self, wanted: int = 0) -> list[bytes]:
        """The mails that ended here, once there are at least `wanted`."""
        new = self.folder / "sink" / "new"

        def there() -> list[Path]:
            return sorted(new.iterdir()) if new.is_dir() else []

        wait_for(lambda: len(there()) >= wanted, f"{wanted} mails\n{self.log()}")
        return [file.read_bytes() for file in there()]

    def _prepare(self) -> None:
        folder, owner = self.folder, worker()
        for name in ("recipe", "spool", "log", "sink"):
            (folder / name).mkdir()
        for name, text in self._files.items():
            (folder / "recipe" / name).write_text(text, encoding="utf-8")
        program = shutil.copy(self._program, folder / "exim4")  # its own user may not look into a checkout
        (folder / "exim.conf").write_text(
            CONFIG.format(folder=folder, program=program, port=self.port, user=owner.pw_name)
        )
        self._program = Path(program)
        for name in ("spool", "log", "sink"):
            give(folder / name)
        # Debian's Exim works as Debian-exim, a user that only its installation would make.
        ids = f"{owner.pw_uid}:{owner.pw_gid}"
        passwd = Path("/etc/passwd").read_text() + f"Debian-exim:x:{ids}::/:/usr/sbin/nologin\n"
        group = Path("/etc/group").read_text() + f"Debian-exim:x:{owner.pw_gid}:\n"
        (folder / "passwd").write_text(passwd)
        (folder / "group").write_text(group)
        wrapper = shutil.copy(self._wrapper, folder / "wrapper.so")
        self._environment = {
            "PATH": "/usr/bin:/bin",
            "LD_PRELOAD": str(wrapper),
            "NSS_WRAPPER_PASSWD": str(folder / "passwd"),
            "NSS_WRAPPER_GROUP": str(folder / "group"),
        }
