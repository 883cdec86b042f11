# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the source of kexec-tools comes from: the distribution's source package, an address, an archive or a folder."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import shutil
import typing as t
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from ...command import CommandRunner
from ...errors import KdumpError
from ...files import digest_of, read_text, sha256_file
from ...lab.packages import Apt, Wanted, own_sources
from ...progress import InterruptedWorkError, Progress
from ..kernel.build import only_one, publish, staging_in
from ..kernel.source import tree_digest
from .request import WHAT, Request

PACKAGE: t.Final = "kexec-tools"
_CHUNK: t.Final = 1 << 20
#: Far more than any release has.
_MOST_BYTES: t.Final = 100 << 20
#: An upstream version inside one of Debian's.
_DEBIAN = re.compile(r"(?:\d+:)?(?P<upstream>.+?)(?:-[^-]+)?")
_RELEASE = re.compile(r"^VERSION_CODENAME=\"?([a-z0-9-]+)\"?$", re.MULTILINE)

#: Opens an address for reading, with a limit of seconds for each wait.
Open = Callable[[str, int], AbstractContextManager[t.IO[bytes]]]
_PATIENCE: t.Final = 60


class SourceError(KdumpError):
    """The source cannot be had, or is not what it should be."""


@dataclass(frozen=True)
class Source:
    """One source."""

    kind: t.Literal["package", "archive", "tree"]
    path: str
    sha256: str

    def describe(self) -> dict[str, str]:
        """For the manifest."""
        return {"kind": self.kind, "name": os.path.basename(self.path), "sha256": self.sha256}


def upstream(version: str) -> str:
    """Debian's 1:2.0.25-3 is kexec-tools' 2.0.25."""
    match = _DEBIAN.fullmatch(version)
    return match["upstream"] if match else version


def locate(request: Request) -> Source | None:
    """The source and its digest; None where it has to be fetched first."""
    if request.source is not None and not request.is_url:
        return _local(request, os.path.abspath(os.path.expanduser(request.source)))
    return None if request.force else _fetched(request)


def fetch(request: Request, runner: CommandRunner, progress: Progress, opened: Open) -> Source:
    """Get the source and keep it."""
    kept = _kept(request)
    os.makedirs(os.path.dirname(kept), exist_ok=True)
    with only_one(os.path.dirname(kept), request.timeout, progress, f"{WHAT}, whose source is being fetched,"):
        found = locate(request)
        if found:  # another run fetched it while this one waited
            return found
        with staging_in(os.path.dirname(kept)) as staging:
            progress.say(f"fetching the source of {PACKAGE}")
            files = os.path.join(staging, "files")
            os.mkdir(files)
            if request.is_url:
                _download(request, files, progress, opened)
            else:
                _fetch_package(request, os.path.join(staging, "apt"), files, runner)
            publish(files, kept)
    found = _fetched(request)
    if not found:
        raise SourceError(f"Cannot build {WHAT}: the source package that came has no .dsc file")
    return found


def _fetched(request: Request) -> Source | None:
    """What was fetched before."""
    pattern = "*" if request.is_url else "*.dsc"
    names = glob.glob(os.path.join(glob.escape(_kept(request)), pattern))
    return _local(request, names[0]) if names else None


def _kept(request: Request) -> str:
    """Where a fetched source is kept. Which version it is only a mirror knows; ``force`` asks it again."""
    if request.is_url:
        name = request.sha256 or ""
    else:
        name = digest_of({"suite": suite_of(request), "version": request.version, "sources": request.sources})
    return os.path.join(request.folder, "sources", name[:16])


def suite_of(request: Request) -> str:
    """The release whose source package is meant: that of this machine, unless another was named."""
    if request.suite:
        return request.suite
    match = _RELEASE.search(read_text("/etc/os-release") or "")
    if not match:
        raise SourceError(
            f"Cannot get the source package of {PACKAGE}: this machine's /etc/os-release names no release of Debian. "
            "Name one in the option suite, or a source in the option source"
        )
    return match[1]


def _local(request: Request, path: str) -> Source:
    if os.path.isdir(path):
        if request.sha256:
            raise SourceError(
                f"Cannot compare the sha256 with {path}: it is a folder. Leave out sha256, or name a file"
            )
        return Source("tree", path, tree_digest(path))
    if not os.path.isfile(path):
        raise SourceError(f"Cannot use the source {path}: there is no such file or folder")
    return Source("package" if path.endswith(".dsc") else "archive", path, _checked(request, path, sha256_file(path)))


def _checked(request: Request, what: str, found: str) -> str:
    if request.sha256 and found != request.sha256:
        raise SourceError(
            f"Cannot use the source {what}: its sha256 is {found}, and {request.sha256} was asked for. "
            "Look where it comes from before you change the option sha256"
        )
    return found


def _download(request: Request, folder: str, progress: Progress, opened: Open) -> None:
    url = request.source or ""
    name = re.sub(r"[^A-Za-z0-9._+-]", "_", url.rpartition("/")[2]).lstrip(".") or PACKAGE
    digest = hashlib.sha256()
    total = 0
    with open(os.path.join(folder, name), "wb") as target, opened(url, _PATIENCE) as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
            target.write(chunk)
            total += len(chunk)
            if total > _MOST_BYTES:
                raise SourceError(f"Cannot use the source {url}: it is larger than any release of {PACKAGE} is")
            if progress.abandoned():
                raise InterruptedWorkError(
                    f"Cannot fetch {url}: it was interrupted, since nobody waits for it any more"
                )
    _checked(request, url, digest.hexdigest())


def _fetch_package(request: Request, aside: str, folder: str, runner: CommandRunner) -> None:
    """The source package, as the package sources of this machine have it."""
    suite = suite_of(request)
    lines = request.sources or own_sources(runner, suite=suite)
    os.mkdir(aside)
    apt = Apt(aside, Wanted(
        architecture=request.architecture.debian, packages=(PACKAGE,), suite=suite,
        sources=tuple(re.sub(r"^deb\s", "deb-src ", line) for line in lines),
    ), runner)  # fmt: skip
    for path in apt.source(PACKAGE, _chosen(request, apt.source_versions(PACKAGE), suite)):
        shutil.move(path, folder)


def _chosen(request: Request, versions: list[str], suite: str) -> str:
    wanted = request.version
    found = [version for version in versions if wanted in (None, version, upstream(version))]
    if not found:
        held = ", ".join(sorted({upstream(version) for version in versions})) or "none at all"
        raise SourceError(
            f"Cannot build {PACKAGE} {wanted or ''}: the package sources for {suite} hold {held}. "
            "Name one of these, another suite, or the release itself in the option source"
        )
    return found[0]
