# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build kexec-tools: once for each set of inputs, out of the way, and into the cache whole or not at all."""

from __future__ import annotations

import os
import time
import typing as t
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ...command import CommandRunner, which
from ...errors import KdumpError
from ...files import digest_of, sha256_file
from ...host.paths import KEXEC_PROGRAM
from ...progress import InterruptedWorkError, Progress
from .. import manifest
from ..kernel import build as kernel_build
from ..kernel import toolchain
from ..kernel.architectures import Architecture
from .builder import ROOT, Builder
from .request import WHAT, Request
from .source import Open, Source, SourceError, fetch, locate, upstream

#: Part of every digest: raise it when the same inputs would give another program than before.
RECIPE: t.Final = 1
#: Of the manifest.
KIND: t.Final = "kexec-tools"

#: Commands that a build calls, and Debian's package of each.
_TOOLS: t.Final = {
    "gcc": "gcc", "ld": "binutils", "make": "make", "tar": "tar", "xz": "xz-utils", "gzip": "gzip", "patch": "patch",
}  # fmt: skip
#: Those that only Debian's source packages need.
_PACKAGE_TOOLS: t.Final = {"dpkg-source": "dpkg-dev"}
#: What configure looks for, by the name of its option: a header, and the library to link with. None is required.
_LIBRARIES: t.Final = {"zlib": ("zlib.h", "z"), "lzma": ("lzma.h", "lzma"), "zstd": ("zstd.h", "zstd")}
#: Bytes on disk, measured for 2.0.25: 12 MB with all objects, and 4 MB of results.
_BYTES: t.Final = 64 << 20
_TIMEOUT: t.Final = 60


@dataclass(frozen=True)
class Desired:
    """All that decides what the programs will be."""

    source: Source
    patches: Mapping[str, str]
    toolchain: toolchain.Toolchain
    libraries: Mapping[str, bool]
    digest: str
    folder: str


def produce(
    request: Request, *, runner: CommandRunner, progress: Progress, opened: Open, check: bool
) -> dict[str, t.Any]:  # fmt: skip
    """Desired, current, plan, apply."""
    tools, libraries = inspect(request, runner)
    source = locate(request)
    if source is None:
        if check:
            return _unknown(request)
        source = fetch(request, runner, progress, opened)
    wanted = desired(request, source, tools, libraries)
    document = current(wanted)
    step = plan(wanted, document)
    if step.build and not check:
        document = apply(request, wanted, runner, progress)
    return result(request, wanted, document, step)


def inspect(
    request: Request, runner: CommandRunner, which: Callable[[str], str | None] = which
) -> tuple[toolchain.Toolchain, dict[str, bool]]:  # fmt: skip
    """The compiler, and the libraries that it has for the architecture."""
    packaged = request.source is None or request.source.endswith(".dsc")
    needs = toolchain.Needs(WHAT, {**_TOOLS, **(_PACKAGE_TOOLS if packaged else {})}, {})
    found = toolchain.inspect(runner, request.architecture, which, needs)
    compiler = f"{found.prefix}gcc"
    if not _links(runner, compiler, "stdio.h", "c"):
        package = libc_package(request.architecture) if found.prefix else "libc6-dev"
        raise toolchain.lacking(WHAT, request.architecture, [package])
    return found, {name: _links(runner, compiler, *parts) for name, parts in _LIBRARIES.items()}


def libc_package(architecture: Architecture) -> str:
    """Debian's package of the C library to compile for another architecture with."""
    return f"libc6-dev-{architecture.debian}-cross"


def _links(runner: CommandRunner, compiler: str, header: str, library: str) -> bool:
    """Whether a program with this library can be made that needs no library of a host."""
    argv = [compiler, "-static", "-x", "c", "-o", os.devnull, "-", f"-l{library}"]
    program = f"#include <stdio.h>\n#include <{header}>\nint main(void) {{ return 0; }}\n"
    return runner.run(argv, what=f"look for {header}", timeout=_TIMEOUT, data=program, check=False).rc == 0


def desired(
    request: Request, source: Source, tools: toolchain.Toolchain, libraries: Mapping[str, bool]
) -> Desired:  # fmt: skip
    """Every input, and the name that they come to."""
    patches = {patch: sha256_file(patch) for patch in request.patches}
    digest = digest_of(
        {
            "recipe": RECIPE,
            "architecture": request.architecture.name,
            "source": source.sha256,
            "patches": list(patches.values()),
            "prefix": request.prefix,
            "libraries": dict(libraries),
            "toolchain": dict(tools.versions),
        }
    )
    return Desired(source, patches, tools, libraries, digest, os.path.join(request.folder, digest[:16]))


def current(wanted: Desired) -> manifest.Manifest | None:
    """The manifest of what the cache holds for these inputs, if it is intact."""
    return manifest.read_intact(wanted.folder, wanted.digest, KIND)


def plan(wanted: Desired, found: manifest.Manifest | None) -> kernel_build.Plan:
    """Build, unless the same inputs were built before."""
    if found:
        return kernel_build.Plan(build=False, reason="the cache holds kexec-tools of the same inputs")
    if os.path.exists(wanted.folder):
        return kernel_build.Plan(build=True, reason="what is in the cache is not what its manifest says")
    return kernel_build.Plan(build=True, reason="the cache holds no kexec-tools of these inputs")


def apply(request: Request, wanted: Desired, runner: CommandRunner, progress: Progress) -> manifest.Manifest:
    """Build in a folder of its own beside the result, then move the result into place."""
    os.makedirs(request.folder, exist_ok=True)
    with kernel_build.only_one(request.folder, request.timeout, progress, WHAT):
        found = current(wanted)
        if found:  # another run built it while this one waited
            return found
        kernel_build.check_space(request.folder, _BYTES, WHAT)
        with kernel_build.staging_in(request.folder) as staging:
            builder = Builder(
                architecture=request.architecture, cross=wanted.toolchain.prefix, runner=runner, progress=progress,
                staging=staging, jobs=request.jobs, deadline=time.monotonic() + request.timeout,
            )  # fmt: skip
            return _build(request, wanted, builder)


def _build(request: Request, wanted: Desired, builder: Builder) -> manifest.Manifest:
    started = time.monotonic()
    try:
        version = builder.unpack(wanted.source)
        _check_version(request, wanted.source, version)
        builder.patch(request.patches)
        builder.compile(request.prefix, wanted.libraries)
        results = builder.collect(request.prefix)
    except InterruptedWorkError:
        raise
    except KdumpError as error:
        kept = f"{wanted.folder}.failed.log"
        if kernel_build.keep_log(builder.log, kept):
            error.facts["log_path"] = kept
        raise
    document = manifest.manifest_of(
        KIND,
        {
            "architecture": request.architecture.name,
            "version": version,
            "prefix": request.prefix,
            "digest": wanted.digest,
            "recipe": RECIPE,
            "source": wanted.source.describe(),
            "patches": [
                {"name": os.path.basename(patch), "sha256": digest} for patch, digest in wanted.patches.items()
            ],
            "libraries": [name for name, there in wanted.libraries.items() if there],
            "toolchain": dict(wanted.toolchain.versions),
            "build": {"seconds": round(time.monotonic() - started, 1), "jobs": request.jobs},
            "files": manifest.describe_files(results, [ROOT]),
        },
    )
    manifest.write(results, document)
    kernel_build.publish(results, wanted.folder)
    return document


def _check_version(request: Request, source: Source, version: str) -> None:
    if request.version and upstream(request.version) != version:
        raise SourceError(
            f"Cannot build {WHAT} {request.version}: {source.path} holds {version}. "
            "Name that version, or another source"
        )


def _unknown(request: Request) -> dict[str, t.Any]:
    nothing = dict.fromkeys(("digest", "path", "kexec", "version", "manifest"))
    return {"changed": True, "reason": "its source has to be fetched first", **nothing, **_installed(request)}


def _installed(request: Request) -> dict[str, str]:
    return {"prefix": request.prefix, "dest": f"{request.prefix}/{KEXEC_PROGRAM}"}


def result(
    request: Request, wanted: Desired, document: manifest.Manifest | None, step: kernel_build.Plan
) -> dict[str, t.Any]:  # fmt: skip
    """What the module returns; without a document (check mode) only what is known before a build."""
    root = os.path.join(wanted.folder, ROOT)
    return {
        "changed": step.build, "reason": step.reason, "digest": wanted.digest, "path": root,
        "kexec": f"{root}{request.prefix}/{KEXEC_PROGRAM}", "version": document["version"] if document else None,
        "manifest": document, **_installed(request),
    }  # fmt: skip
