# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of any architecture, from this machine's own package sources, unpacked into a folder and nowhere else."""

from __future__ import annotations

import os
import pathlib
import tempfile
import threading
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.lab.sources import parse_targets
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner

RUNNER: t.Final = LocalRunner()
SUITE: t.Final = "bookworm"
KEYRING: t.Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
#: The guest's programs.
PROGRAMS: t.Final = ("busybox-static", "kexec-tools", "makedumpfile")
#: Everything of apt that would otherwise be this machine's own: nothing of it is read or written.
_CONFIGURATION: t.Final = """
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
Dir::State "{folder}/state";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
"""
_INDEX: t.Final = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ARCHITECTURE)"


class Apt:
    """apt for another architecture, in a folder of its own."""

    def __init__(self, folder: pathlib.Path, architecture: str) -> None:
        self._folder = folder
        self._downloads = folder / "downloads"
        for name in ("state/lists/partial", "cache/archives/partial", "downloads"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        (folder / "apt.conf").write_text(_CONFIGURATION.format(architecture=architecture, folder=folder))
        (folder / "sources.list").write_text("".join(f"{line}\n" for line in own_sources()))
        self._run("apt-get", "update")

    def _run(self, *argv: str) -> str:
        return RUNNER.run(
            argv, what="get packages for the guests", timeout=300, cwd=str(self._downloads),
            env={"APT_CONFIG": str(self._folder / "apt.conf")},
        ).out  # fmt: skip

    def dependencies(self, packages: t.Iterable[str]) -> list[str]:
        """What these packages depend on."""
        lines = self._run("apt-cache", "depends", "--important", *packages).splitlines()
        return [line.split()[1] for line in lines if line.startswith("  Depends: ") and "<" not in line]

    def with_libraries(self, packages: t.Iterable[str]) -> list[str]:
        """The packages with the libraries that they need, and not what only their installation needs."""
        found: dict[str, None] = {}
        more = list(packages)
        while more:
            found.update(dict.fromkeys(more))
            more = [name for name in self.dependencies(more) if "lib" in name and name not in found]
        return list(found)

    def unpack(self, packages: t.Iterable[str], root: pathlib.Path) -> None:
        """Download packages and unpack them; none of their scripts runs."""
        self._run("apt-get", "download", *packages)
        for package in sorted(self._downloads.glob("*.deb")):
            argv = ["dpkg-deb", "--extract", str(package), str(root)]
            RUNNER.run(argv, what=f"unpack {package.name}", timeout=120)
            package.unlink()


def own_sources() -> t.Iterator[str]:
    """This machine's sources of the suite itself: its updates of different architectures are not always in step."""
    argv = ["apt-get", "indextargets", "--format", _INDEX, "Created-By: Packages"]
    targets = RUNNER.run(argv, what="read this machine's package sources", timeout=60).out
    architecture = RUNNER.run(["dpkg", "--print-architecture"], what="tell this machine's architecture", timeout=60)
    for source in parse_targets(targets, suite=SUITE, architecture=architecture.out.strip()):
        if source.release == SUITE:
            yield source.line.replace("deb ", f"deb [signed-by={KEYRING}] ", 1)


#: One tree for all guests of an architecture, until the interpreter ends.
_TREES: t.Final[dict[tuple[str, str], tempfile.TemporaryDirectory[str]]] = {}
_LOCK: t.Final = threading.Lock()


def unpacked(*, architecture: str, kernel: str) -> pathlib.Path:
    """A tree with a kernel, its modules, and the guest's programs."""
    # One after the other: it is the same machine's network and disk.
    with _LOCK:
        if (architecture, kernel) not in _TREES:
            folder = tempfile.TemporaryDirectory(prefix="kdump-guest-")
            _unpack(pathlib.Path(folder.name), architecture, kernel)
            _TREES[architecture, kernel] = folder
    return pathlib.Path(_TREES[architecture, kernel].name) / "root"


def _unpack(folder: pathlib.Path, architecture: str, kernel: str) -> None:
    root = folder / "root"
    apt = Apt(folder / "apt", architecture)
    apt.unpack([apt.dependencies([kernel])[0], *apt.with_libraries(PROGRAMS)], root)
    _keep_links_inside(root)
    (release,) = (root / "lib/modules").iterdir()
    RUNNER.run(["depmod", "--basedir", str(root), release.name], what="index the guest's modules", timeout=120)


def _keep_links_inside(root: pathlib.Path) -> None:
    """An absolute link means a file of the guest, not of this machine: the run-time linker of ppc64el is one."""
    for link in root.rglob("*"):
        if link.is_symlink() and os.path.isabs(target := os.readlink(link)):
            link.unlink()
            link.symlink_to(os.path.relpath(f"{root}{target}", link.parent))
