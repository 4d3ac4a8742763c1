"""Request Tracker on PostgreSQL: its mail gateway under starman, spoken to as rt-mailgate does, without its start."""

import contextlib
import os
from collections.abc import Sequence
from typing import Self

import psycopg

from bench.peers.debian import inside, unpacked
from bench.peers.peer import run, tagged
from bench.peers.web import WORKERS, Post, served
from tests.peers.common import free_port, short_folder
from tests.peers.postgres import Postgres

SHARE = "/usr/share/request-tracker5"
# Its letters are rendered and appended to a scratch file: neither side sends while the clock runs.
SETTINGS = """\
Set($rtname, 'desk.test');
Set($Organization, 'desk.test');
Set($CorrespondAddress, 'service@desk.test');
Set($CommentAddress, 'comment@desk.test');
Set($WebDomain, '127.0.0.1');
Set($WebPort, {page});
Set($DatabaseType, 'Pg');
Set($DatabaseHost, '127.0.0.1');
Set($DatabasePort, {port});
Set($DatabaseName, '{name}');
Set($DatabaseUser, 'desk');
Set($DatabaseAdmin, 'desk');
Set($DatabasePassword, 'sample');
Set($MailCommand, 'testfile');
Set($LogToSyslog, undef);
Set($LogToSTDERR, 'error');
Set(%GnuPG, Enable => 0);
Set(%SMIME, Enable => 0);
$RT::MasonDataDir = '{folder}/mason';
$RT::MasonSessionDir = '{folder}/sessions';
$RT::VarPath = '{folder}/var';
1;
"""
# Whoever writes may open a ticket and answer, as on any public queue.
RIGHTS = """\
@ACL = map { { Right => $_, GroupDomain => 'SystemInternal', GroupType => 'Everyone', Queue => 'General' } }
  qw(CreateTicket ReplyToTicket SeeQueue);
1;
"""


class RequestTracker:
    """Request Tracker 5, from Debian's packages."""

    title = f"Request Tracker 5, HTTP, {WORKERS} at once, PostgreSQL"
    share = 200

    def install(self) -> None:
        """Unpack it and all the Perl it needs."""
        self._root = unpacked("request-tracker", "request-tracker5", "rt5-db-postgresql", "starman")

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._folder = stack.enter_context(short_folder("rt."))
            for name in ("mason", "sessions", "var", "conf.d"):
                (self._folder / name).mkdir()
            # As an operator would run it: the tests switch its fsync off.
            database = stack.enter_context(Postgres(fsync="on", synchronous_commit="on", full_page_writes="on"))
            self._url = database.fresh_database().replace("+psycopg", "")
            page = free_port()
            values = {"page": page, "port": database.port, "name": self._url.rpartition("/")[2]}
            settings = SETTINGS.format(folder=self._folder, **values)
            (self._folder / "RT_SiteConfig.pm").write_text(settings, encoding="utf-8")
            (self._folder / "rights").write_text(RIGHTS, encoding="utf-8")
            self._set_up()
            server = ["starman", "--listen", f"127.0.0.1:{page}", "--workers", str(WORKERS)]
            command = inside(self._root, self._folder, *server, f"{SHARE}/libexec/rt-server")
            stack.enter_context(served(command, page, os.environ | self._environment, self._folder / "log"))
            fields = {"SessionType": "REST", "queue": "General", "action": "correspond"}
            self._post = Post(page, "/REST/1.0/NoAuth/mail-gateway", "message", fields)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take(self, batch: Sequence[bytes]) -> float:
        """Each mail is a form; the gateway answers "ok" once it has committed."""
        return self._post.take(batch, b"ok")

    def addressed(self, answers: Sequence[bytes]) -> Sequence[bytes]:
        """With the number in the subject: it does not go by In-Reply-To."""
        with psycopg.connect(self._url) as connection:
            return tagged(answers, dict(connection.execute("SELECT subject, id FROM tickets").fetchall()))

    def count(self) -> tuple[int, int]:
        """Tickets, and the transactions of mails to them."""
        with psycopg.connect(self._url) as connection:
            found = connection.execute(
                "SELECT count(*) FILTER (WHERE type = 'Create'), count(*) FILTER (WHERE type = 'Correspond')"
                " FROM transactions WHERE objecttype = 'RT::Ticket'"
            ).fetchone()
        assert found is not None
        return found[0], found[1]

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "RT_SITE_CONFIG": str(self._folder / "RT_SiteConfig.pm"),
            "RT_SITE_CONFIG_DIR": str(self._folder / "conf.d"),
        }

    def _set_up(self) -> None:
        """Tables, first rows and rights, by its own program."""
        program = ["perl", "/usr/sbin/rt-setup-database-5", "--skip-create"]
        program += ["--dba", "desk", "--dba-password", "sample"]
        for words in (["init"], ["insert", "--datafile", self._folder / "rights"]):
            run(inside(self._root, self._folder, *program, "--action", *words), self._environment)
