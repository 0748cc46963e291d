"""The images of docker/Dockerfile, built by buildah out of nothing but Debian's packages and this tree.

    gateway = Image("csparkd")
    gateway.config["Entrypoint"], gateway.root, gateway.size

No registry of images is asked: debian:bookworm-slim is made by debootstrap and then slimmed as the official one is. All is kept
in $CSPARK_BUILD/image (default: build/), so that only what has changed is built again.
"""

import functools
import json
import os
import shutil
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("CSPARK_BUILD", TOP / "build")) / "image"
BASE = "docker.io/library/debian:bookworm-slim"
TOOLS = ("buildah", "crun", "debootstrap")

# What the official image leaves out of "debootstrap --variant=minbase".
SLIM = r"""
set -e
cd "$1"
find usr/share/doc -mindepth 1 \( -type f -o -type l \) ! -name copyright -delete
find usr/share/doc -depth -type d -empty -delete
find usr/share/locale -mindepth 1 -maxdepth 1 ! -name 'en*' ! -name locale.alias -exec rm -rf {} +
rm -rf usr/share/man/* usr/share/info/* usr/share/lintian/* var/cache/apt/* var/lib/apt/lists/* var/log/* var/cache/ldconfig/*
cat > etc/dpkg/dpkg.cfg.d/docker <<-END
	path-exclude /usr/share/doc/*
	path-include /usr/share/doc/*/copyright
	path-exclude /usr/share/info/*
	path-exclude /usr/share/locale/*
	path-exclude /usr/share/man/*
END
"""


class Impossible(Exception):
    """This machine cannot build or run images; the text says why."""


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout.strip()


def buildah(*words):
    return run("buildah", "--storage-driver", "vfs", "--root", FOLDER / "storage", "--runroot", FOLDER / "storage-run", *words)


def check_machine():
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        raise Impossible(f"there is no {' and no '.join(missing)} (scripts/install-deps image)")
    if os.geteuid() != 0:
        raise Impossible("only root can make the base of an image")


@functools.cache
def base():
    """Makes debian:bookworm-slim, unless it is there."""
    check_machine()
    FOLDER.mkdir(parents=True, exist_ok=True)
    if BASE in buildah("images", "--format", "{{.Name}}:{{.Tag}}").split():
        return BASE
    root = FOLDER / "bookworm-slim"
    shutil.rmtree(root, ignore_errors=True)
    mirror = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Codename: bookworm").split()[:1]
    made = subprocess.run(["debootstrap", "--variant=minbase", "bookworm", root, *mirror], capture_output=True, text=True,
                          check=False)
    if made.returncode:
        raise Impossible("debootstrap failed: " + (made.stdout + made.stderr)[-400:])
    run("sh", "-c", SLIM, "sh", root)
    _let_apt_reach_what_this_machine_reaches(root)
    container = buildah("from", "scratch")
    buildah("copy", "-q", container, root, "/")
    buildah("config", "--cmd", "bash", "--env", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", container)
    buildah("commit", "-q", "--format", "docker", "--rm", container, BASE)
    shutil.rmtree(root)
    return BASE


def _let_apt_reach_what_this_machine_reaches(root):
    """The base has the sources and proxies of this machine, and what is built on it, too: it never leaves."""
    if any(Path("/etc/apt/sources.list.d").glob("*.sources")):
        (root / "etc/apt/sources.list").unlink()
    settings = [file for file in Path("/etc/apt/apt.conf.d").iterdir() if "Acquire::" in file.read_text(errors="replace")]
    for file in [*Path("/etc/apt").glob("sources.list*/*.sources"), *settings]:
        shutil.copy(file, root / file.relative_to("/"))


class Image:
    """One stage of the Dockerfile; `arguments` as in ("VERSION=1.2", ...)."""

    def __init__(self, target, arguments=()):
        base()
        self.name = f"localhost/{target}-under-test"
        words = [word for argument in arguments for word in ("--build-arg", argument)]
        buildah("bud", "--isolation", "chroot", "--pull=never", "--network", "host", "--format", "docker", "--layers",
                "-f", TOP / "docker/Dockerfile", "--target", target, "-t", self.name, *words, TOP)
        self.config = json.loads(buildah("inspect", "--type", "image", self.name))["Docker"]["config"]
        self._container = buildah("from", "--pull=never", self.name)
        self.root = Path(buildah("mount", self._container))  # containers get it read-only

    def close(self):
        buildah("rm", self._container)

    @property
    def size(self):
        """What its files take, in bytes."""
        return int(run("du", "-s", "-B1", "--apparent-size", self.root).split()[0])
