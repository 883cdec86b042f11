# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A signed copy of a built kernel, beside it in the cache: another key costs a signature, not another build."""

from __future__ import annotations

import os
import shutil
import typing as t
from dataclasses import dataclass, replace

from ...command import CommandRunner
from ...errors import KdumpError
from ...files import digest_of
from ...progress import Progress
from ...signing.sign import FORMS, Identity, identity, sign_image, sign_modules
from .. import manifest
from . import build
from .archive import ARCHIVE
from .archive import write as write_archive
from .compiler import MODULES
from .fragments.signing import NAME as SIGNABLE
from .request import Request

#: Part of every digest: raise it when the same kernel would be signed differently than before.
RECIPE: t.Final = 2


@dataclass(frozen=True)
class Desired:
    """The kernel without a signature, whose it is to be, and where the signed one goes."""

    unsigned: build.Desired
    who: Identity
    digest: str
    folder: str


def signable(request: Request) -> Request:
    """The request for a kernel that can hold a signature."""
    if request.physical_start is not None:
        raise KdumpError(
            f"Cannot sign a kernel with physical_start: what is loaded then is {request.image}, and the signature "
            f"would be in {request.architecture.image}. Leave out one of the two"
        )
    if FORMS[request.architecture.name] != "pe" or SIGNABLE in request.fragments:
        return request
    return replace(request, fragments=(*request.fragments, SIGNABLE))


def desired(request: Request, key: str, certificate: str, runner: CommandRunner) -> Desired:
    """Resolve every input; the key first, since it is the likeliest to be missing."""
    who = identity(key, certificate, form=FORMS[request.architecture.name], runner=runner)
    unsigned = build.desired(request, runner)
    digest = digest_of({"recipe": RECIPE, "kernel": unsigned.digest, "certificate": who.subject.fingerprint})
    return Desired(unsigned, who, digest, os.path.join(os.path.dirname(unsigned.folder), digest[:16]))


def current(wanted: Desired) -> manifest.Manifest | None:
    """The manifest of the signed kernel in the cache, if it is intact."""
    return manifest.read_intact(wanted.folder, wanted.digest)


def plan(wanted: Desired, found: manifest.Manifest | None) -> build.Plan:
    """Sign, and build before that where there is nothing to sign."""
    if found:
        return build.Plan(build=False, reason="the cache holds this kernel with a signature of this certificate")
    step = build.plan(wanted.unsigned, build.current(wanted.unsigned))
    reason = step.reason if step.build else "the cache holds this kernel without a signature of this certificate"
    return build.Plan(build=True, reason=reason)


def apply(
    request: Request, wanted: Desired, runner: CommandRunner, progress: Progress
) -> manifest.Manifest:  # fmt: skip
    """Build the kernel where that is due, then sign a copy and move it into place."""
    document = build.current(wanted.unsigned) or build.apply(request, wanted.unsigned, runner, progress)
    kernels = os.path.dirname(wanted.folder)
    with build.only_one(kernels, request.timeout, progress):
        found = current(wanted)
        if found:  # another run signed it while this one waited
            return found
        with build.staging_in(kernels) as staging:
            progress.say("signing")
            return _sign(request, wanted, document, os.path.join(staging, "results"), runner)


def _sign(
    request: Request, wanted: Desired, unsigned: manifest.Manifest, results: str, runner: CommandRunner
) -> manifest.Manifest:
    names = sorted(unsigned["files"])
    os.mkdir(results)
    for name in names:
        _copy(os.path.join(wanted.unsigned.folder, name), os.path.join(results, name))
    image = os.path.join(results, request.architecture.image)
    sign_image(image, wanted.who, form=FORMS[request.architecture.name], runner=runner)
    modules = sign_modules(os.path.join(results, MODULES), wanted.who, runner=runner)
    if ARCHIVE in names:  # it holds what was just signed
        write_archive(results, image=unsigned["image"], release=unsigned["release"])
    document = {
        **unsigned,
        "digest": wanted.digest,
        "signed": {**wanted.who.document(), "kernel": wanted.unsigned.digest, "modules": modules},
        "files": manifest.describe_files(results, names),
    }
    manifest.write(results, document)
    build.publish(results, wanted.folder)
    return document


def _copy(source: str, target: str) -> None:
    if os.path.isdir(source):
        shutil.copytree(source, target, symlinks=True)
    else:
        shutil.copy2(source, target)


def result(
    request: Request, wanted: Desired, document: manifest.Manifest | None, step: build.Plan
) -> dict[str, t.Any]:  # fmt: skip
    """What the module returns, for the signed kernel."""
    as_built = replace(wanted.unsigned, digest=wanted.digest, folder=wanted.folder)
    return build.result(request, as_built, document, step)
