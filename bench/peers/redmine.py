"""Redmine on PostgreSQL: its address /mail_handler under puma, spoken to as rdm-mailhandler does, without its start."""

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import psycopg

from bench.peers.debian import inside, unpacked
from bench.peers.peer import run, tagged
from bench.peers.web import WORKERS, Post, served
from tests.peers.common import free_port, short_folder
from tests.peers.postgres import Postgres

DATABASE = """\
production:
  adapter: postgresql
  host: 127.0.0.1
  port: {port}
  database: {name}
  username: desk
  encoding: utf8
"""
# Debian's Gemfile chooses the database's by a file in /etc that is not there.
GEMS = 'gem "pg"\ngem "puma"\n'
# A public project with all trackers, and the key that opens /mail_handler. It sends nothing: no relay is configured.
PROJECT = """\
Setting.mail_handler_api_enabled = "1"
Setting.mail_handler_api_key = "sample"
project = Project.new(name: "Service", identifier: "service", is_public: true)
project.enabled_module_names = ["issue_tracking"]
project.trackers = Tracker.all
project.save!
"""
# Whoever has no account may write, and gets one.
FIELDS = {
    "key": "sample",
    "unknown_user": "create",
    "no_permission_check": "1",
    "no_account_notice": "1",
    "issue[project]": "service",
}


class Redmine:
    """Redmine 5, from Debian's packages."""

    title = f"Redmine 5, HTTP, {WORKERS} at once, PostgreSQL"
    share = 300

    def install(self) -> None:
        """Unpack it and all the Ruby it needs."""
        self._root = unpacked("redmine", "redmine", "redmine-pgsql", "ruby-bundler", "puma")

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self._folder = stack.enter_context(short_folder("rm."))
            # As an operator would run it: the tests switch its fsync off.
            database = stack.enter_context(Postgres(fsync="on", synchronous_commit="on", full_page_writes="on"))
            self._url = database.fresh_database().replace("+psycopg", "")
            self._lay_out(DATABASE.format(port=database.port, name=self._url.rpartition("/")[2]))
            self._bundle("install", "--local", "--quiet")
            self._bundle("exec", "rake", "db:migrate")
            self._bundle("exec", "rake", "redmine:load_default_data")
            self._bundle("exec", "rails", "runner", self._folder / "project.rb")
            page = free_port()
            server = ["puma", "-e", "production", "-b", f"tcp://127.0.0.1:{page}", "-w", str(WORKERS), "-t", "1:1"]
            command = inside(self._root, self._app, "bundle", "exec", *server)
            stack.enter_context(served(command, page, os.environ | self._environment, self._folder / "log"))
            self._post = Post(page, "/mail_handler", "email", FIELDS)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def take(self, batch: Sequence[bytes]) -> float:
        """Each mail is a form; the answer comes once it is committed."""
        return self._post.take(batch)

    def addressed(self, answers: Sequence[bytes]) -> Sequence[bytes]:
        """With the number in the subject: by In-Reply-To it knows only letters of its own."""
        with psycopg.connect(self._url) as connection:
            return tagged(answers, dict(connection.execute("SELECT subject, id FROM issues").fetchall()))

    def count(self) -> tuple[int, int]:
        """Issues, and the notes to them."""
        with psycopg.connect(self._url) as connection:
            found = connection.execute("SELECT (SELECT count(*) FROM issues), (SELECT count(*) FROM journals)")
            issues, notes = found.fetchall()[0]
        return issues, notes

    @property
    def _app(self) -> Path:
        return self._folder / "app"

    @property
    def _environment(self) -> dict[str, str]:
        return {
            "RAILS_ENV": "production",
            "REDMINE_LANG": "en",
            "SCHEMA": "/dev/null",
            "HOME": str(self._folder),
            "LC_ALL": "C.UTF-8",
        }

    def _lay_out(self, database: str) -> None:
        """Its program once more, with an instance that has files of its own in place of links into /etc and /var."""
        shutil.copytree(self._root / "usr" / "share" / "redmine", self._app, symlinks=True)
        for link in ("Gemfile.lock", "config/database.yml", "instances"):
            (self._app / link).unlink()
        instance = self._app / "instances" / "default"
        for name in ("config", "tmp", "log", "files"):
            (instance / name).mkdir(parents=True)
        (instance / "config" / "database.yml").write_text(database, encoding="utf-8")
        (instance / "config" / "secret_key.txt").write_text("sample" * 8, encoding="utf-8")
        (self._app / "Gemfile.local").write_text(GEMS, encoding="utf-8")
        (self._folder / "project.rb").write_text(PROJECT, encoding="utf-8")

    def _bundle(self, *words: str | Path) -> None:
        run(inside(self._root, self._app, "bundle", *words), self._environment)
