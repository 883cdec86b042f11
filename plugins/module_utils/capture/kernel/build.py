# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the ``-kdump`` kernel: once for each set of inputs, out of the way, and into the cache whole or not at all."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ...command import CommandRunner
from ...errors import KdumpError
from ...files import digest_of, sync_directory
from ...progress import InterruptedWorkError, Progress
from .. import manifest
from . import archive, config, edits, length, toolchain
from .compiler import MODULES, Compiler
from .kconfig import fragment as kconfig
from .request import SUFFIX, Request, fragment_texts, merged
from .source import Source, locate

#: Part of every digest: raise it when the same inputs would give another kernel than before.
RECIPE: t.Final = 1

#: Bytes on disk that a production kernel takes beyond a capture kernel: of fragments alone, and of a distribution's
#: config with its thousands of modules; the latter many times over with debug info.
_MINIMAL_BYTES: t.Final = 1_500_000_000
_WHOLE_BYTES: t.Final = {"none": 8_000_000_000, "dwarf": 30_000_000_000}

_STAGING = ".build-"


class BuildError(KdumpError):
    """The kernel could not be built."""


@dataclass(frozen=True)
class Desired:
    """All that decides what the kernel will be."""

    source: Source
    fragments: tuple[str, ...]
    settings: Mapping[str, kconfig.Setting]
    toolchain: toolchain.Toolchain
    digest: str
    folder: str
    base: config.BaseConfig | None = None
    edits: tuple[edits.Edit, ...] = ()


@dataclass(frozen=True)
class Plan:
    """What is to be done: nothing, or a build and why."""

    build: bool
    reason: str


def default_cache(environment: Mapping[str, str]) -> str:
    """Where this collection keeps what it builds."""
    base = environment.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return environment.get("KDUMP_CACHE") or os.path.join(base, "linux-kdump")


def desired(request: Request, runner: CommandRunner) -> Desired:
    """Resolve every input: fragments first, since a typo there is the likeliest mistake."""
    settings = merged(request)
    base = None if request.from_fragments else config.locate(request.config, request.architecture)
    tools = toolchain.inspect(runner, request.architecture)
    source = locate(request.source, request.architecture)
    inputs: dict[str, t.Any] = {
        "recipe": RECIPE,
        "architecture": request.architecture.name,
        "source": source.sha256,
        "settings": kconfig.render(settings),
        "toolchain": dict(tools.versions),
    }
    if request.kind == "system":
        inputs |= {"kind": request.kind, "config": base.describe()["sha256"] if base else None}
    if _has_full_length(request):
        inputs |= {"full_length": True}
    changes = _edits(request, source)
    if changes:
        inputs["edits"] = edits.digest(changes)
    digest = digest_of(inputs)
    folder = os.path.join(request.cache, "kernels", digest[:16])
    names = tuple(name for name, _text in fragment_texts(request))
    return Desired(source, names, settings, tools, digest, folder, base, changes)


def _edits(request: Request, source: Source) -> tuple[edits.Edit, ...]:
    """What is changed in the unpacked source; a tree that somebody named is built as it is."""
    if request.kind != "capture" or source.kind != "tarball":
        return ()
    return edits.EDITS.get(request.architecture.name, ())


def current(wanted: Desired) -> manifest.Manifest | None:
    """The manifest of the kernel that the cache holds for these inputs, if it is intact."""
    return manifest.read_intact(wanted.folder, wanted.digest)


def plan(wanted: Desired, found: manifest.Manifest | None) -> Plan:
    """Build, unless there is an intact kernel of the very same inputs."""
    if found:
        return Plan(build=False, reason="the cache holds a kernel of the same inputs")
    if os.path.exists(wanted.folder):
        return Plan(build=True, reason="the kernel in the cache is not what its manifest says")
    return Plan(build=True, reason="the cache holds no kernel of these inputs")


def apply(request: Request, wanted: Desired, runner: CommandRunner, progress: Progress) -> manifest.Manifest:
    """Build in a folder of its own beside the result, then move the result into place."""
    kernels = os.path.dirname(wanted.folder)
    os.makedirs(kernels, exist_ok=True)
    with only_one(kernels, request.timeout, progress):
        found = current(wanted)
        if found:  # another run built it while this one waited
            return found
        check_space(kernels, _needed_bytes(request, wanted.source))
        with staging_in(kernels) as staging:
            return _build(request, wanted, Compiler(
                architecture=request.architecture, prefix=wanted.toolchain.prefix, runner=runner, progress=progress,
                staging=staging, jobs=request.jobs, deadline=time.monotonic() + request.timeout,
            ))  # fmt: skip


def _build(request: Request, wanted: Desired, compiler: Compiler) -> manifest.Manifest:
    started = time.monotonic()
    try:
        compiler.unpack(wanted.source)
        edited = edits.apply(compiler.root, wanted.edits)
        compiler.configure(wanted.settings, wanted.base.text if wanted.base else None)
        compiler.compile()
        release, results = compiler.collect()
    except InterruptedWorkError:
        raise
    except KdumpError as error:
        kept = f"{wanted.folder}.failed.log"
        if keep_log(compiler.log, kept):
            error.facts["log_path"] = kept
        raise
    _finish(request, results, release)
    document = manifest.kernel_manifest(
        {
            "architecture": request.architecture.name,
            "release": release,
            "image": request.image,
            "digest": wanted.digest,
            "recipe": RECIPE,
            "source": wanted.source.describe(),
            "fragments": list(wanted.fragments),
            **_particulars(request, wanted, edited),
            "toolchain": dict(wanted.toolchain.versions),
            "build": {
                "seconds": round(time.monotonic() - started, 1),
                "objects": compiler.objects,
                "jobs": request.jobs,
            },
            "files": manifest.describe_files(results, sorted(os.listdir(results))),
        }
    )
    manifest.write(results, document)
    publish(results, wanted.folder)
    return document


def _has_full_length(request: Request) -> bool:
    return request.kind == "capture" and request.architecture.full_length and request.physical_start is None


def _finish(request: Request, results: str, release: str) -> None:
    """What is left to do with the results of a build."""
    _check_release(request, release)
    if request.kind == "system":
        archive.write(results, image=request.image, release=release)
    if _has_full_length(request):
        length.lengthen(os.path.join(results, request.image))


def _particulars(request: Request, wanted: Desired, edited: Sequence[str]) -> dict[str, t.Any]:
    """What a manifest says only of some kernels."""
    said: dict[str, t.Any] = {"edits": list(edited)} if wanted.edits else {}
    if request.kind == "system":
        said["role"] = request.kind
        said["config"] = wanted.base.describe() if wanted.base else None
    if request.physical_start is not None:
        said["physical_start"] = request.physical_start
    return said


def _check_release(request: Request, release: str) -> None:
    if release.endswith(SUFFIX) != (request.kind == "capture"):
        raise BuildError(
            f"Cannot use the kernel: its release {release} {'ends' if request.kind == 'system' else 'does not end'} "
            f"in {SUFFIX}"
        )


def _needed_bytes(request: Request, source: Source) -> int:
    """Room that the build takes at most."""
    if request.kind == "capture":
        return source.needed_bytes
    return source.needed_bytes + (_MINIMAL_BYTES if request.from_fragments else _WHOLE_BYTES[request.debug_info])


def check_space(folder: str, needed: int, what: str = "a kernel") -> None:
    """Say before a build that it would not fit."""
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise BuildError(
            f"Cannot build {what} in {folder}: it takes {needed >> 20} MiB for a while, "
            f"and {free >> 20} MiB are free. Make room, or name another cache_dir"
        )


@contextmanager
def only_one(kernels: str, timeout: int, progress: Progress, what: str = "a kernel") -> Iterator[None]:
    """Hold the lock of the cache; what an earlier, killed build left is then nobody's and goes."""
    deadline = time.monotonic() + timeout
    with open(os.path.join(kernels, ".lock"), "w", encoding="utf-8") as lock:
        while not _try_lock(lock):
            progress.say("waiting for another build to end")
            if time.monotonic() > deadline or progress.abandoned():
                raise BuildError(
                    f"Cannot build {what} in {kernels}: another build there has not ended. "
                    "Wait for it, or name another cache_dir"
                )
            time.sleep(0.5)
        for name in os.listdir(kernels):
            if name.startswith(_STAGING):
                shutil.rmtree(os.path.join(kernels, name), ignore_errors=True)
        yield


def _try_lock(lock: t.IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


@contextmanager
def staging_in(kernels: str) -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix=_STAGING, dir=kernels)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(results: str, folder: str) -> None:
    """Move the finished results into place; a damaged predecessor makes room first."""
    if os.path.lexists(folder):
        os.rename(folder, f"{results}.old")  # inside the staging folder, which goes anyway
    os.chmod(results, 0o755)
    os.rename(results, folder)
    sync_directory(os.path.dirname(folder))
    if os.path.lexists(f"{folder}.failed.log"):
        os.unlink(f"{folder}.failed.log")


def keep_log(log: str, path: str) -> bool:
    """Keep the log of a build that failed."""
    # Moved, since a copy needs room, and a full disk may be the very failure.
    try:
        os.replace(log, path)
    except OSError:
        return False
    return True


def _module_tree(folder: str, document: manifest.Manifest | None) -> str | None:
    """The folder that modprobe would call /lib/modules/<release>; None for a kernel without modules."""
    if not document or MODULES not in document["files"]:
        return None
    return os.path.join(folder, MODULES, "lib/modules", document["release"])


def result(request: Request, wanted: Desired, document: manifest.Manifest | None, step: Plan) -> dict[str, t.Any]:
    """What the module returns; without a document (check mode) only what is known before a build."""
    known: Sequence[str] = (request.image, "vmlinux", archive.ARCHIVE)
    image, vmlinux, installable = (os.path.join(wanted.folder, name) for name in known)
    return {
        "changed": step.build, "reason": step.reason, "digest": wanted.digest, "path": wanted.folder, "image": image,
        "vmlinux": vmlinux, "release": document["release"] if document else None, "manifest": document,
        "modules": _module_tree(wanted.folder, document),
        "archive": installable if request.kind == "system" else None,
    }  # fmt: skip
