# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of any architecture, from this machine's own package sources, unpacked into a folder and nowhere else.

None of their scripts runs, so that neither root nor an emulator of the architecture is needed.
"""

from __future__ import annotations

import contextlib
import glob
import json
import os
import re
import shutil
import typing as t
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from ..command import CommandRunner
from ..errors import KdumpError
from ..files import canonical_json, digest_of, read_text, write_atomic
from ..progress import Progress
from .drill import machines
from .image import MANIFEST_FILE, workplace
from .sources import host_sources
from .waiting import AttendedClock, Clock, SystemClock, locked

SCHEMA: t.Final = {"name": "linux.kdump/packages", "version": 1}
#: Raise it when the same packages would be unpacked in another way than before.
VERSION: t.Final = 1
#: Stands for the architecture's usual kernel, where that can be crashed.
STOCK: t.Final = "stock"
#: How Debian's kernels are named, and what depends on the newest of them.
_KERNEL: t.Final = "linux-image-"
KEYRING: t.Final = "/usr/share/keyrings/debian-archive-keyring.gpg"
#: Seconds for one command of apt, for unpacking one package, and to wait for another process that does the same.
APT_LIMIT: t.Final = 600
UNPACK_LIMIT: t.Final = 300
LOCK_LIMIT: t.Final = 1800

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


@dataclass(frozen=True)
class Wanted:
    """What a tree is to hold."""

    #: As Debian calls it.
    architecture: str
    #: These, with the libraries that they need and without what only their installation needs.
    packages: tuple[str, ...]
    #: A kernel package, which is taken with its modules, or one that depends on the newest.
    kernel: str | None = None
    suite: str = "bookworm"
    #: One-line sources; by default this machine's own of the suite.
    sources: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The name of a tree; versions are no part of it, since only a mirror knows them."""
        return digest_of({"version": VERSION, **{name: value for name, value in vars(self).items() if value}})


class Apt:
    """apt for another architecture, in a folder of its own."""

    def __init__(self, folder: str, wanted: Wanted, runner: CommandRunner) -> None:
        self._folder = folder
        self._runner = runner
        self._downloads = os.path.join(folder, "downloads")
        for name in ("state/lists/partial", "cache/archives/partial", "downloads"):
            os.makedirs(os.path.join(folder, name))
        lines = "".join(f"{line}\n" for line in wanted.sources or own_sources(runner, suite=wanted.suite))
        texts = {
            "status": "",
            "apt.conf": _CONFIGURATION.format(architecture=wanted.architecture, folder=folder),
            "sources.list": lines,
        }
        for name, text in texts.items():
            write_atomic(os.path.join(folder, name), text)
        self._run("apt-get", "update")

    def _run(self, *argv: str) -> str:
        return self._runner.run(
            argv, what="get packages", timeout=APT_LIMIT, cwd=self._downloads,
            env={"APT_CONFIG": os.path.join(self._folder, "apt.conf")},
        ).out  # fmt: skip

    def dependencies(self, packages: Iterable[str]) -> list[str]:
        """What these packages depend on."""
        lines = self._run("apt-cache", "depends", "--important", *packages).splitlines()
        return [line.split()[1] for line in lines if line.startswith("  Depends: ") and "<" not in line]

    def kernel(self, package: str) -> str:
        """The kernel that a package depends on, or the package itself where it is one."""
        for name in (*self.dependencies([package]), package):
            if name.startswith(_KERNEL):
                return name
        raise KdumpError(
            f"Cannot take a kernel from the package {package}: it is none and depends on none. "
            f"Name one such as {_KERNEL}amd64"
        )

    def with_libraries(self, packages: Iterable[str]) -> list[str]:
        """The packages with the libraries that they need, and not what only their installation needs."""
        found: dict[str, None] = {}
        more = list(packages)
        while more:
            found.update(dict.fromkeys(more))
            more = [name for name in self.dependencies(more) if "lib" in name and name not in found]
        return list(found)

    def unpack(self, packages: Iterable[str], root: str) -> dict[str, str]:
        """Download packages and unpack them; the version of each."""
        self._run("apt-get", "download", *packages)
        versions = {}
        for package in sorted(glob.glob(os.path.join(self._downloads, "*.deb"))):
            what = f"unpack {os.path.basename(package)}"
            show = ["dpkg-deb", "--show", "--showformat", "${Package} ${Version}", package]
            name, _blank, version = self._runner.run(show, what=what, timeout=UNPACK_LIMIT).out.partition(" ")
            self._runner.run(["dpkg-deb", "--extract", package, root], what=what, timeout=UNPACK_LIMIT)
            versions[name] = version.strip()
            os.unlink(package)
        return versions

    def source_versions(self, package: str) -> list[str]:
        """The versions of a source package that there are."""
        found = self._run("apt-cache", "showsrc", package)
        return re.findall(r"^Version: (\S+)$", found, re.MULTILINE)

    def source(self, package: str, version: str) -> list[str]:
        """Download a source package; its files."""
        self._run("apt-get", "source", "--download-only", f"{package}={version}")
        return sorted(glob.glob(os.path.join(self._downloads, "*")))


def own_sources(runner: CommandRunner, *, suite: str) -> tuple[str, ...]:
    """This machine's sources of the suite itself: its updates of different architectures are not always in step."""
    done = runner.run(["dpkg", "--print-architecture"], what="tell this machine's architecture", timeout=60)
    lines = host_sources(runner, suite=suite, architecture=done.out.strip())
    return tuple(line.replace("deb ", f"deb [signed-by={KEYRING}] ", 1) for line in lines if line.split()[2] == suite)


def unpack(folder: str, wanted: Wanted, runner: CommandRunner) -> dict[str, str]:
    """Unpack what is wanted as ``root`` in the folder; the packages' versions."""
    root, aside = os.path.join(folder, "root"), os.path.join(folder, "apt")
    os.mkdir(root)
    apt = Apt(aside, wanted, runner)
    kernel = [apt.kernel(wanted.kernel)] if wanted.kernel else []
    versions = apt.unpack([*kernel, *apt.with_libraries(wanted.packages)], root)
    shutil.rmtree(aside)
    keep_links_inside(root)
    merge_usr(root)
    for release in _releases(root):
        # Debian's depmod runs when a package is installed, which these never are.
        argv = ["depmod", "--basedir", root, release]
        path = {"PATH": f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"}
        runner.run(argv, what="index the kernel's modules", timeout=UNPACK_LIMIT, env=path)
    return versions


def merge_usr(root: str) -> None:
    """The links that a merged /usr has, which no package brings (from Debian 13 on): programs name their linker so."""
    for name in ("bin", "sbin", "lib", "lib64"):
        link = os.path.join(root, name)
        if os.path.isdir(os.path.join(root, "usr", name)) and not os.path.lexists(link):
            os.symlink(f"usr/{name}", link)


def keep_links_inside(root: str) -> None:
    """An absolute link means a file of the tree, not of this machine: the run-time linker of ppc64el is one."""
    for folder, folders, names in os.walk(root):
        for name in (*folders, *names):
            link = os.path.join(folder, name)
            if os.path.islink(link) and os.path.isabs(target := os.readlink(link)):
                os.unlink(link)
                os.symlink(os.path.relpath(f"{root}{target}", folder), link)


def _releases(root: str) -> list[str]:
    with contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(os.path.join(root, "lib/modules")))
    return []


def described(folder: str) -> dict[str, t.Any]:
    """The parts of a tree that others ask for."""
    root = os.path.join(folder, "root")
    releases = _releases(root)
    kernels = sorted(glob.glob(os.path.join(glob.escape(root), "boot/vmlinu[xz]-*")))
    return {
        "path": root,
        "kernel": kernels[0] if kernels else None,
        "release": releases[0] if releases else None,
        "modules": os.path.join(root, "lib/modules", releases[0]) if releases else None,
    }


def cached(folder: str) -> dict[str, t.Any] | None:
    """The manifest of a finished tree, or None."""
    with contextlib.suppress(ValueError):
        document = json.loads(read_text(os.path.join(folder, MANIFEST_FILE)) or "null")
        if isinstance(document, dict) and document.get("schema") == SCHEMA and os.path.isdir(f"{folder}/root"):
            return document
    return None


def _nothing(_text: str) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Store:
    """Trees in the cache, each whole or not at all."""

    cache: str
    runner: CommandRunner
    clock: Clock = field(default_factory=SystemClock)
    say: Callable[[str], None] = _nothing

    def folder(self, wanted: Wanted) -> str:
        """Where a tree is, or would be."""
        return os.path.join(os.path.abspath(self.cache), "packages", wanted.digest[:16])

    def ensure(self, wanted: Wanted, *, force: bool, check: bool) -> dict[str, t.Any]:
        """A tree of what is wanted, from the cache or new; new in any case with ``force``."""
        folder = self.folder(wanted)
        found = cached(folder)
        if check or (found and not force):
            return self._result(folder, found, changed=force or found is None)
        self.say(f"packages: {wanted.architecture}: {' '.join(wanted.packages)}")
        try:
            os.makedirs(os.path.dirname(folder), exist_ok=True)
            with locked(f"{folder}.lock", what="unpack the packages", seconds=LOCK_LIMIT, clock=self.clock):
                found = cached(folder)
                if not found or force:
                    found = self._make(folder, wanted)
        except OSError as error:
            raise KdumpError(
                f"Cannot unpack packages of {wanted.architecture}: {error.filename or folder}: "
                f"{error.strerror or error}. Make room there or choose another cache_dir."
            ) from error
        return self._result(folder, found, changed=True)

    def _make(self, folder: str, wanted: Wanted) -> dict[str, t.Any]:
        with workplace(folder) as work:
            versions = unpack(work, wanted, self.runner)
            manifest = {"schema": dict(SCHEMA), "digest": wanted.digest, "inputs": vars(wanted), "packages": versions}
            write_atomic(os.path.join(work, MANIFEST_FILE), canonical_json(manifest))
            shutil.rmtree(folder, ignore_errors=True)
            os.rename(work, folder)
        return manifest

    def _result(self, folder: str, manifest: dict[str, t.Any] | None, *, changed: bool) -> dict[str, t.Any]:
        return {
            "changed": changed, "digest": os.path.basename(folder), "packages": (manifest or {}).get("packages", {}),
            **described(folder),
        }  # fmt: skip


def produce(
    options: Mapping[str, t.Any], *, runner: CommandRunner, progress: Progress, check: bool
) -> dict[str, t.Any]:  # fmt: skip
    """The whole work of the module."""
    machine = machines.find(options["architecture"])
    wanted = Wanted(
        architecture=machine.architecture.debian,
        packages=tuple(options["packages"]),
        kernel=machine.kernel_package if options["kernel"] == STOCK else options["kernel"] or None,
        suite=options["suite"],
        sources=tuple(options["sources"]),
    )
    store = Store(options["cache_dir"], runner, AttendedClock(progress.abandoned), progress.say)
    return {**store.ensure(wanted, force=options["force"], check=check), "kernel_package": wanted.kernel}
