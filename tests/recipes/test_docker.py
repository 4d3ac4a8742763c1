"""config/docker/: the steps of the image as far as they go without Docker; a compose file that fits the settings."""

import importlib.metadata
import ipaddress
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
import yaml

from postdesk import cli, roles
from postdesk.settings import load
from tests.peers.common import free_port, greets, missing, short_folder, wait_for, worker
from tests.recipes.recipe import CONFIG, ROOT, python_of_worker, run

DOCKER = CONFIG / "docker"
TOML = '[desk]\naddresses = [{ address = "service@desk.test" }]\n'


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, words), continued lines joined."""
    text = (DOCKER / "Dockerfile").read_text(encoding="utf-8")
    lines = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ").splitlines()
    pairs = (line.partition(" ") for line in lines if line.strip())
    return [(name, " ".join(words.split())) for name, _, words in pairs]


def image_environment() -> dict[str, str]:
    """The variables of the last stage."""
    (last,) = [words for name, words in instructions() if name == "ENV"][1:]
    return dict(word.split("=", 1) for word in shlex.split(last))


def compose(*names: str) -> dict[str, Any]:
    """The compose file, with others laid over it, and variables as in env.example."""
    lines = (DOCKER / "env.example").read_text(encoding="utf-8").splitlines()
    known = dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def value(found: re.Match[str]) -> str:
        return known[found[1]] or "sample-secret"  # KeyError: env.example does not name it

    merged: dict[str, Any] = {}
    for name in ("compose.yaml", *names):
        text = re.sub(r"\$\{(\w+)(?::[-?][^}]*)?\}", value, (DOCKER / name).read_text(encoding="utf-8"))
        for service, said in yaml.safe_load(text)["services"].items():
            before = merged.setdefault(service, {})
            before.setdefault("environment", {}).update(
                {key: str(given) for key, given in said.get("environment", {}).items()}
            )
            before |= {key: given for key, given in said.items() if key != "environment"}
    return merged


def test_the_dockerfile_follows_the_rules() -> None:
    """hadolint has nothing to say."""
    assert run(Path(sys.executable).with_name("hadolint"), DOCKER / "Dockerfile", folder=ROOT) == ""


def test_what_is_copied_is_there_and_let_in() -> None:
    """Each COPY names something of the checkout, which the ignore file lets into the build; var/ is not among it."""
    rules = (DOCKER / "Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = {
        path
        for name, words in instructions()
        if name == "COPY" and "--from" not in words
        for path in words.split()[:-1]
    }
    assert copied == let_in
    assert all((ROOT / path).exists() for path in copied)
    assert "*" in rules


@pytest.mark.timeout(400)
def test_the_steps_of_the_image_make_a_program_that_serves() -> None:
    """The build's own commands, in a folder instead of an image; then, as another user, init, check and serve.

    Packages are lent by this environment; with POSTDESK_TEST_IMAGE=1 they are fetched, as for an image.
    """
    with short_folder("dk.") as folder:
        place, source, python = folder / "opt", folder / "src", python_of_worker()
        if subprocess.run([python, "-m", "ensurepip", "--version"], capture_output=True, check=False).returncode:
            missing("venv is not there: install python3-venv")
        source.mkdir()
        for name, words in instructions()[: [name for name, _ in instructions()].index("FROM", 1)]:
            if name == "COPY":
                _copy(words.split()[:-1], source)
            elif "requirements" in words and not os.environ.get("POSTDESK_TEST_IMAGE"):
                (site,) = place.glob("lib/python*/site-packages")
                _lend(site)
            elif name == "RUN":
                step = re.sub(r"^python ", f"{python} ", words.replace("/opt/postdesk", str(place)))
                # pip reads this one the other way round: without a builder of its own, so without a network.
                alone = {} if os.environ.get("POSTDESK_TEST_IMAGE") else {"PIP_NO_BUILD_ISOLATION": "0"}
                run("sh", "-c", step, folder=source, seconds=300, **alone)
        _serves(place / "bin" / "postdesk", folder / "data")


def _lend(site: Path) -> None:
    """The locked packages, as far as they are here, and what builds the wheel."""
    lock = (ROOT / "requirements-full.lock").read_text(encoding="utf-8")
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)
    for name in (*locked, "hatchling", "pathspec", "pluggy", "packaging", "trove-classifiers"):
        try:
            found = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # locked for another platform or Python
        for top in {file.parts[0] for file in found.files or ()} - {"..", "__pycache__"}:
            if not (site / top).exists():
                (site / top).symlink_to(str(found.locate_file(top)))


def _copy(paths: list[str], source: Path) -> None:
    for path in paths:
        if (ROOT / path).is_dir():
            shutil.copytree(ROOT / path, source / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / path, source / path)


def _serves(program: Path, home: Path) -> None:
    """As the image starts it: its variables, not root, and nothing but the data folder to write into."""
    home.mkdir(mode=0o700)
    who, lmtp, page, health = worker(), free_port(), free_port(), free_port()
    become = {"user": who.pw_uid, "group": who.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
    if become:
        os.chown(home, who.pw_uid, who.pw_gid)
    environment = {**image_environment(), "POSTDESK_CONFIG": str(home / "postdesk.toml"), "PATH": "/usr/bin:/bin"}
    ports = {"LMTP__PORT": lmtp, "SMTP__PORT": free_port(), "PORTAL__PORT": page, "HEALTH__PORT": health}
    environment |= {f"POSTDESK_{name}": str(port) for name, port in ports.items()}
    common: dict[str, Any] = {"env": environment, "cwd": home, **become}
    for words in (("init", "--sample"), ("check",)):
        done = subprocess.run([program, *words], capture_output=True, text=True, timeout=100, check=False, **common)
        assert done.returncode == 0, done.stdout + done.stderr
    (probe,) = [words for name, words in instructions() if name == "HEALTHCHECK"]
    script = re.search(r'"-c", "([^"]*)"', probe)
    assert script
    check = [program.with_name("python"), "-c", script[1].replace("8081", str(health))]
    log = home.with_name("log")
    with log.open("wb") as said, subprocess.Popen([program, "serve"], stdout=said, stderr=said, **common) as process:
        try:
            wait_for(lambda: greets(lmtp, b"220") or process.poll() is not None, "LMTP", 90)
            assert process.poll() is None, log.read_text()
            # Who answers it is forked after those that listen.
            wait_for(
                lambda: not subprocess.run(check, capture_output=True, check=False, timeout=30).returncode, "health"
            )
        finally:
            process.terminate()
            process.wait(60)
        assert process.returncode == 0, log.read_text()


@pytest.mark.parametrize("names", [(), ("compose.s3.yaml",)])
def test_the_compose_file_fits_the_settings(names: tuple[str, ...], tmp_path: Path) -> None:
    """Every variable is a setting and has a value that is right; every command and option exists."""
    file = tmp_path / "postdesk.toml"
    file.write_text(TOML)
    ours = {name: service for name, service in compose(*names).items() if service.get("image") == "postdesk"}
    cli.load_commands()
    known = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    started = set()
    for service in ours.values():
        environment = {**image_environment(), **service["environment"]}
        environment["POSTDESK_CONFIG"] = str(file)
        settings = load(None, environment).settings
        assert settings.database.url.startswith("postgresql+psycopg://postdesk:sample-secret@database/")
        command, *words = service["command"]
        known[command].make_context(command, list(words))
        started |= {words[place + 1] for place, word in enumerate(words) if word == "--role"}
        if "condition" in str(service["depends_on"]):
            assert set(service["depends_on"]) <= set(compose())
    assert set(roles.ALL) - started == {"lmtp"}


def test_ports_and_networks_of_the_compose_file_fit() -> None:
    """What is published is what is listened on; the proxies that are trusted are those of the network."""
    whole = yaml.safe_load((DOCKER / "compose.yaml").read_text(encoding="utf-8"))
    services, defaults = whole["services"], load(None, {"POSTDESK_CONFIG": os.devnull}).settings
    exposed = {int(port) for name, words in instructions() if name == "EXPOSE" for port in words.split()}
    assert exposed == {defaults.smtp.port, defaults.lmtp.port, defaults.portal.port}
    assert services["smtp"]["ports"] == [f"25:{defaults.smtp.port}"]
    assert services["web"]["environment"]["PORTAL_ADDRESS"] == f"portal:{defaults.portal.port}"
    (network,) = whole["networks"]["default"]["ipam"]["config"]
    trusted = load(
        None, {"POSTDESK_CONFIG": os.devnull, **_plain(services["portal"]["environment"])}
    ).settings.portal.trusted_proxies
    assert [ipaddress.ip_network(one) for one in trusted] == [ipaddress.ip_network(network["subnet"])]
    for service in services.values():
        for volume in service["volumes"]:
            name = volume.split(":")[0]
            assert name in whole["volumes"] or (DOCKER / name).exists(), volume


def _plain(environment: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in environment.items() if "${" not in text and "RELAY" not in name}


def test_every_container_is_locked_down() -> None:
    """No service but the database may write outside of its volumes, or has a capability that it does not need."""
    for name, service in compose().items():
        if name != "database":
            assert service["read_only"] is True, name
            assert service["cap_drop"] == ["ALL"], name
            assert "no-new-privileges:true" in service["security_opt"], name
    assert instructions()[[name for name, _ in instructions()].index("USER")][1] == "10001:10001"


def test_the_full_lock_is_the_lock_with_more() -> None:
    """The image runs the very versions that an operator without a container runs."""
    pins = {
        name: set(re.findall(r"^[A-Za-z0-9._-]+==\S+", (ROOT / f"{name}.lock").read_text(), re.MULTILINE))
        for name in ("requirements", "requirements-full")
    }
    assert pins["requirements"] <= pins["requirements-full"]
    more = {pin.partition("==")[0] for pin in pins["requirements-full"] - pins["requirements"]}
    assert {"obstore", "authlib", "weasyprint"} <= more
