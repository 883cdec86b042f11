# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of building kexec-tools, inside a folder that is thrown away."""

from __future__ import annotations

import os
import re
import shutil
import time
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...command import which
from ...files import read_text
from ...host.paths import KEXEC_PROGRAM
from ...programs import machine_of
from ...progress import minutes
from ..kernel.architectures import Architecture
from ..kernel.steps import CompileError, Steps
from .request import WHAT
from .source import Source, SourceError

#: The folder of the results that is the root of what is installed.
ROOT: t.Final = "root"
#: What is in each source of kexec-tools.
_MARKS: t.Final = ("configure.ac", "kexec/kexec.c")
_RELEASE = re.compile(r"AC_INIT\(\s*\[?kexec-tools\]?\s*,\s*\[?(?P<version>[\w.+~-]+)")
#: What a patch changes after which configure has to be made anew.
_CONFIGURES = re.compile(r"^\+\+\+ (?:[^/\s]+/)?(?:configure\.ac|aclocal\.m4|m4/\S+)", re.MULTILINE)
#: How patch(1) names the file that a patch does not fit.
_MISFITS: t.Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"saving rejects to file (?P<file>.+)\.rej$", r"^\|\+\+\+ (?:[^/\s]+/)?(?P<file>\S+)",
        r"^patching file (?P<file>.+)$",
    )
)  # fmt: skip

_NO_PATCH: t.Final = "Only garbage was found"


@dataclass
class Builder(Steps):
    """One build in ``staging``."""

    ENVIRONMENT = {**Steps.ENVIRONMENT, "SOURCE_DATE_EPOCH": "0"}

    architecture: Architecture
    #: Of the compiler's commands; empty for the build host's own.
    cross: str
    jobs: int

    @property
    def root(self) -> str:
        """The source tree."""
        return os.path.join(self.staging, "source")

    def unpack(self, source: Source) -> str:
        """Put a copy of the source where it can be changed; its version."""
        if source.kind == "tree":
            shutil.copytree(source.path, self.root, symlinks=True, ignore=shutil.ignore_patterns(".git"))
        elif source.kind == "package":
            self._unpack(source, ["dpkg-source", "--no-copy", "--extract", source.path, self.root])
        else:
            folder = os.path.join(self.staging, "archive")
            os.mkdir(folder)
            self._unpack(source, ["tar", "--extract", "--no-same-owner", "--file", source.path, "--directory", folder])
            names = os.listdir(folder)
            os.rename(os.path.join(folder, names[0]) if len(names) == 1 else folder, self.root)
        return self._version(source)

    def _unpack(self, source: Source, argv: Sequence[str]) -> None:
        name = os.path.basename(source.path)
        self.run(argv, what=f"unpack {source.path}", news=lambda: f"unpacking {name}")

    def _version(self, source: Source) -> str:
        missing = [name for name in _MARKS if not os.path.isfile(os.path.join(self.root, name))]
        match = _RELEASE.search("" if missing else read_text(os.path.join(self.root, _MARKS[0])) or "")
        if not match:
            raise SourceError(f"Cannot use the source {source.path}: it holds no kexec-tools")
        return match["version"]

    def patch(self, patches: Sequence[str]) -> None:
        """Apply each patch, or name the first that does not fit and where; then have a configure that fits."""
        for patch in patches:
            argv = ["patch", "--directory", self.root, "--strip=1", "--batch", "--forward", "--input", patch]
            try:
                self.run(argv, what=f"apply the patch {patch}", news=lambda: "patching")
            except CompileError as error:
                if not error.facts.get("rc"):
                    raise
                raise _misfit(patch, self.said, error) from error
        self._bootstrap(any(_CONFIGURES.search(read_text(patch) or "") for patch in patches))

    def _bootstrap(self, due: bool) -> None:
        configure = os.path.join(self.root, "configure")
        if not due and os.path.isfile(configure):
            os.utime(configure)  # or make would take it for older than what it is made from
            return
        if not which("autoconf"):
            raise CompileError(
                f"Cannot make the configure script of {WHAT}: there is no autoconf, which a source from version "
                "control and a patch of configure.ac need. Install it (apt-get install autoconf)",
                missing=["autoconf"],
            )
        own = os.path.isfile(os.path.join(self.root, "bootstrap"))
        script = "./bootstrap" if own else "autoheader && autoconf"
        self.run(
            ["sh", "-c", script], what=f"make the configure script of {WHAT}", news=lambda: "making configure",
            cwd=self.root,
        )  # fmt: skip

    def compile(self, prefix: str, libraries: Mapping[str, bool]) -> None:
        """Configure for the prefix and compile, with nothing that a host would have to bring."""
        host = [f"--host={self.cross.rstrip('-')}"] if self.cross else []
        features = [f"--{'with' if there else 'without'}-{name}" for name, there in libraries.items()]
        self.run(
            ["./configure", f"--prefix={prefix}", *host, "--without-xen", *features, "LDFLAGS=-static"],
            what=f"configure {WHAT}", news=lambda: "configuring", cwd=self.root,
        )  # fmt: skip
        started = time.monotonic()
        self.run(
            ["make", f"-j{self.jobs}"], what=f"compile {WHAT}", cwd=self.root,
            news=lambda: f"compiling {WHAT}, {minutes(time.monotonic() - started)}",
        )  # fmt: skip

    def collect(self, prefix: str) -> str:
        """Install below a folder of the results, without what only a debugger reads; the results."""
        results = os.path.join(self.staging, "results")
        root = os.path.join(results, ROOT)
        os.makedirs(root)
        self.run(
            ["make", f"DESTDIR={root}", "install"], what=f"install {WHAT}", news=lambda: "collecting", cwd=self.root
        )
        programs = os.path.dirname(f"{root}{prefix}/{KEXEC_PROGRAM}")
        names = sorted(os.listdir(programs)) if os.path.isdir(programs) else []
        found = [f"{programs}/{name}" for name in names if machine_of(f"{programs}/{name}")]
        self._check_machine(f"{programs}/{os.path.basename(KEXEC_PROGRAM)}", found)
        self.run([f"{self.cross}strip", *found], what=f"strip {WHAT}", news=lambda: "collecting")
        return results

    def _check_machine(self, kexec: str, found: Sequence[str]) -> None:
        machine = machine_of(kexec) if kexec in found else None
        if machine != self.architecture.name:
            raise CompileError(
                f"Cannot use what was built: {KEXEC_PROGRAM} is {f'for {machine}' if machine else 'not there'}, and "
                f"{self.architecture.name} was asked for. Look in the log"
            )


def _misfit(patch: str, said: Sequence[str], error: CompileError) -> CompileError:
    """The error that names the patch, and the file that it does not fit."""
    advice = "Give one that was made for this version by diff -u or git diff, and that it does not have already"
    last = said[-1] if said else ""
    matches = (match for line in reversed(said) for form in _MISFITS if (match := form.search(line)))
    match = None if _NO_PATCH in last else next(matches, None)
    cause = f"it does not fit {match['file']} in this source" if match else "it is no patch"
    return CompileError(f"Cannot apply the patch {patch}: {cause}. {advice}", **error.facts)
