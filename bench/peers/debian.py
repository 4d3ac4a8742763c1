"""Programs from Debian's packages, unpacked and laid over /usr for one process alone: nothing is installed."""

import os
import shutil
import subprocess
from pathlib import Path

from bench.peers.peer import BUILD, PeerFault, run

# In a mount namespace of its own, so that nobody else sees it and it ends with the process.
LAID_OVER = 'mount -t overlay overlay -o "ro,lowerdir=$0/usr:/usr" /usr && cd "$1" && shift && exec "$@"'


def unpacked(name: str, *packages: str) -> Path:
    """The folder with these packages and all they need that this machine lacks, fetched when it is not there yet."""
    folder = BUILD / name
    done = folder / ".unpacked"
    wanted = "\n".join(packages)
    if done.exists() and done.read_text(encoding="utf-8") == wanted:
        return folder
    if shutil.which("apt-get") is None:
        raise PeerFault("it comes from Debian's packages, and there is no apt-get here")
    shutil.rmtree(folder, ignore_errors=True)
    fetched = folder / "deb"
    fetched.mkdir(parents=True)
    # The sandbox user of apt may not be allowed to write below a checkout.
    download = ["apt-get", "-qq", "-o", "APT::Sandbox::User=", "download", *_missing(packages)]
    said = subprocess.run(download, cwd=fetched, capture_output=True, text=True, check=False)
    if said.returncode:
        raise PeerFault(f"apt-get download: {said.stderr.strip()[-400:]}")
    for package in sorted(fetched.glob("*.deb")):
        run(["dpkg-deb", "-x", package, folder])
    # Nothing in a checkout runs with more rights than whoever starts it.
    run(["find", folder, "-perm", "/6000", "-exec", "chmod", "ug-s", "{}", "+"])
    shutil.rmtree(fetched)
    done.write_text(wanted, encoding="utf-8")
    return folder


def _missing(packages: tuple[str, ...]) -> list[str]:
    """These packages and what apt would install with them. It only says so: nothing is changed."""
    plan = ["apt-get", "install", "--simulate", "--no-install-recommends", *packages]
    if os.getuid() == 0:
        # It may fail without harm where the lists are there already.
        subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False)
    said = run(plan, {"LC_ALL": "C.UTF-8"})
    # Those named are fetched even where they are installed: what is measured is the same everywhere.
    return sorted({line.split()[1] for line in said.splitlines() if line.startswith("Inst ")} | set(packages))


def inside(folder: Path, where: Path, *command: str | Path) -> list[str | Path]:
    """The command that runs another one in the folder `where`, with the unpacked packages laid over /usr."""
    rights = [] if os.getuid() == 0 else ["--map-root-user"]
    return ["unshare", "--mount", *rights, "sh", "-c", LAID_OVER, folder, where, *command]
