# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the ``-kdump`` kernel: once for each set of inputs, out of the way, and into the cache whole or not at all."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
import time
import typing as t
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from ...command import CommandRunner
from ...errors import KdumpError
from ...files import digest_of, read_text, sync_directory
from ...progress import InterruptedWorkError, Progress
from .. import manifest
from . import toolchain
from .architectures import Architecture
from .compiler import MODULES, Compiler
from .fragments.base import BASE, REQUIRED
from .fragments.catalogue import FRAGMENTS, PROFILES
from .fragments.machines import INSTEAD
from .kconfig import fragment as kconfig
from .source import Source, locate

#: Part of every digest: raise it when the same inputs would give another kernel than before.
RECIPE: t.Final = 1
#: How a capture kernel's release ends, so that nobody takes it for a kernel to run on.
SUFFIX: t.Final = "-kdump"
#: A release has 64 characters at most; the version that comes before takes some.
_LONGEST_VERSION: t.Final = 48
_LOCAL_VERSION = re.compile(rf'"[A-Za-z0-9._+~-]{{1,{_LONGEST_VERSION}}}"')

_STAGING = ".build-"


class BuildError(KdumpError):
    """The kernel could not be built."""


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    architecture: Architecture
    source: str | None
    fragments: tuple[str, ...]
    local_version: str
    cache: str
    jobs: int
    timeout: int


@dataclass(frozen=True)
class Desired:
    """All that decides what the kernel will be."""

    source: Source
    fragments: tuple[str, ...]
    settings: Mapping[str, kconfig.Setting]
    toolchain: toolchain.Toolchain
    digest: str
    folder: str


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
    tools = toolchain.inspect(runner, request.architecture)
    source = locate(request.source, request.architecture)
    digest = digest_of(
        {
            "recipe": RECIPE,
            "architecture": request.architecture.name,
            "source": source.sha256,
            "settings": kconfig.render(settings),
            "toolchain": dict(tools.versions),
        }
    )
    folder = os.path.join(request.cache, "kernels", digest[:16])
    names = tuple(name for name, _text in _fragment_texts(request))
    return Desired(source, names, settings, tools, digest, folder)


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
        _check_space(kernels, wanted.source)
        with staging_in(kernels) as staging:
            return _build(request, wanted, Compiler(
                architecture=request.architecture, prefix=wanted.toolchain.prefix, runner=runner, progress=progress,
                staging=staging, jobs=request.jobs, deadline=time.monotonic() + request.timeout,
            ))  # fmt: skip


def _build(request: Request, wanted: Desired, compiler: Compiler) -> manifest.Manifest:
    started = time.monotonic()
    try:
        compiler.unpack(wanted.source)
        compiler.configure(wanted.settings)
        compiler.compile()
        release, results = compiler.collect()
    except InterruptedWorkError:
        raise
    except KdumpError as error:
        kept = f"{wanted.folder}.failed.log"
        if _keep_log(compiler.log, kept):
            error.facts["log_path"] = kept
        raise
    if not release.endswith(SUFFIX):
        raise BuildError(f"Cannot use the kernel: its release {release} does not end in {SUFFIX}")
    document = manifest.kernel_manifest(
        {
            "architecture": request.architecture.name,
            "release": release,
            "image": request.architecture.image,
            "digest": wanted.digest,
            "recipe": RECIPE,
            "source": wanted.source.describe(),
            "fragments": list(wanted.fragments),
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


def merged(request: Request) -> dict[str, kconfig.Setting]:
    """What all fragments together ask for."""
    settings = kconfig.merge([kconfig.parse_fragment(text, name) for name, text in _fragment_texts(request)])
    _check_settings(settings)
    return settings


def _fragment_texts(request: Request) -> list[tuple[str, str]]:
    """(name, text) of all fragments in the order in which they apply."""
    texts = [("base", BASE), (request.architecture.name, request.architecture.fragment)]
    texts.append(("local_version", f'CONFIG_LOCALVERSION="{request.local_version}"\n'))
    shipped = {**FRAGMENTS, **INSTEAD.get(request.architecture.name, {})}
    for item in request.fragments:
        if item in PROFILES:
            texts += [(name, shipped[name]) for name in PROFILES[item] if shipped[name]]
        elif item in shipped:
            texts.append((item, _shipped(shipped, item, request.architecture)))
        else:
            texts.append((item, _user_fragment(item)))
    return texts


def _shipped(shipped: Mapping[str, str], item: str, architecture: Architecture) -> str:
    if not shipped[item]:
        raise kconfig.ConfigError(
            f"Cannot use the kconfig fragment {item!r} for {architecture.name}: that architecture has no such devices"
        )
    return shipped[item]


def _user_fragment(item: str) -> str:
    if "/" not in item:
        known = ", ".join([*PROFILES, *FRAGMENTS])
        raise kconfig.ConfigError(
            f"Cannot use the kconfig fragment {item[:60]!r}: there is none of that name ({known}), "
            "and for a path to a file of one's own it lacks a slash"
        )
    if not os.path.isfile(item):
        raise kconfig.ConfigError(f"Cannot read the kconfig fragment {item}: there is no such file")
    if os.path.getsize(item) > kconfig.MAX_FRAGMENT:
        raise kconfig.ConfigError(f"Cannot read the kconfig fragment {item}: it is too large to be one")
    return read_text(item) or ""


def _check_settings(settings: Mapping[str, kconfig.Setting]) -> None:
    for name, value in REQUIRED.items():
        if settings[name].value != value:
            raise kconfig.ConfigError(
                f"Cannot use the kconfig fragment {settings[name].origin}: "
                f"without CONFIG_{name}={value} it is no capture kernel"
            )
    version = settings["LOCALVERSION"]
    if not version.value.endswith(f'{SUFFIX}"'):
        raise kconfig.ConfigError(
            f"Cannot use the local version {version.value} ({version.origin}): it does not end in {SUFFIX}, "
            "by which a capture kernel is known"
        )
    if not _LOCAL_VERSION.fullmatch(version.value):
        raise kconfig.ConfigError(
            f"Cannot use the local version {version.value[:80]} ({version.origin}): a kernel's release takes letters, "
            f"digits and . _ + ~ - only, and {_LONGEST_VERSION} of them at most here"
        )


def _check_space(folder: str, source: Source) -> None:
    free = shutil.disk_usage(folder).free
    if free < source.needed_bytes:
        raise BuildError(
            f"Cannot build a kernel in {folder}: it takes {source.needed_bytes >> 20} MiB for a while, "
            f"and {free >> 20} MiB are free. Make room, or name another cache_dir"
        )


@contextmanager
def only_one(kernels: str, timeout: int, progress: Progress) -> Iterator[None]:
    """Hold the lock of the cache; what an earlier, killed build left is then nobody's and goes."""
    deadline = time.monotonic() + timeout
    with open(os.path.join(kernels, ".lock"), "w", encoding="utf-8") as lock:
        while not _try_lock(lock):
            progress.say("waiting for another build to end")
            if time.monotonic() > deadline or progress.abandoned():
                raise BuildError(
                    f"Cannot build a kernel in {kernels}: another build there has not ended. "
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


def _keep_log(log: str, path: str) -> bool:
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
    known: Sequence[str] = (request.architecture.image, "vmlinux")
    image, vmlinux = (os.path.join(wanted.folder, name) for name in known)
    return {
        "changed": step.build, "reason": step.reason, "digest": wanted.digest, "path": wanted.folder, "image": image,
        "vmlinux": vmlinux, "release": document["release"] if document else None, "manifest": document,
        "modules": _module_tree(wanted.folder, document),
    }  # fmt: skip
