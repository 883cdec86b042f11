# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of one kernel build, inside a folder that is thrown away: unpack, configure, compile, collect."""

from __future__ import annotations

import glob
import os
import re
import time
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...command import which
from ...files import read_text, write_atomic
from ...progress import minutes
from .architectures import Architecture
from .fragments.system import UNBOUND
from .kconfig import check as kconfig_check
from .kconfig import fragment as kconfig
from .kconfig.tree import Tree
from .source import Source, unpacked_root
from .steps import CompileError, Steps

#: Fixed, so that the same inputs give the same bytes wherever and whenever they are built.
FIXED_ENVIRONMENT: t.Final = {
    "KBUILD_BUILD_TIMESTAMP": "Thu Jan  1 00:00:00 UTC 1970",
    "KBUILD_BUILD_USER": "linux",
    "KBUILD_BUILD_HOST": "kdump",
    "KBUILD_BUILD_VERSION": "1",
    "LC_ALL": "C",
    "TZ": "UTC",
}

#: Objects for each option that is on, measured on 6.1; how the estimate in the progress line comes about.
OBJECTS_PER_OPTION: t.Final = 2.1
_OBJECT_LINE = re.compile(rb"^  (?:CC|AS)  ", re.MULTILINE)


#: The folder of the results that is the root of the module tree: what is installed below / has ``lib/modules`` in it.
MODULES: t.Final = "modules"
#: Links that modules_install leaves, to folders that are gone after the build.
_DANGLING: t.Final = ("build", "source")


class ObjectCounter:
    """Counts compiled objects in a growing build log, reading each byte once."""

    def __init__(self, log: str) -> None:
        self._log = log
        self._offset = 0
        self.count = 0

    def update(self) -> int:
        """The number of objects so far."""
        try:
            with open(self._log, "rb") as stream:
                stream.seek(self._offset)
                text = stream.read()
        except OSError:
            return self.count
        whole = text[: text.rfind(b"\n") + 1]
        self._offset += len(whole)
        self.count += len(_OBJECT_LINE.findall(whole))
        return self.count


@dataclass
class Compiler(Steps):
    """One build of a kernel in ``staging``."""

    ENVIRONMENT = FIXED_ENVIRONMENT

    architecture: Architecture
    prefix: str
    jobs: int
    root: str = ""
    objects: int = 0
    estimate: int = 0
    has_modules: bool = False

    @property
    def _output(self) -> str:
        return os.path.join(self.staging, "build")

    def unpack(self, source: Source) -> None:
        """Put the source where it can be built from; a tree is built from where it is, since O= leaves it alone."""
        os.mkdir(self._output)
        if source.kind == "tree":
            self.root = source.path
            return
        folder = os.path.join(self.staging, "source")
        os.mkdir(folder)
        argv = ["tar", "--extract", "--no-same-owner", "--file", source.path, "--directory", folder]
        self.run(argv, what=f"unpack {source.path}", news=lambda: f"unpacking {os.path.basename(source.path)}")
        self.root = unpacked_root(folder, source.path)

    def configure(self, settings: Mapping[str, kconfig.Setting], base: str | None = None) -> None:
        """Make the configuration: ``base``, or else everything off, but for what is asked for; then compare."""
        wanted = os.path.join(self.staging, "fragments.config")
        text = kconfig.render(settings)
        if base is None:
            write_atomic(wanted, text)
            goal, variables = "allnoconfig", {"KCONFIG_ALLCONFIG": wanted}
        else:  # of several lines for one symbol kconfig takes the last
            write_atomic(os.path.join(self._output, ".config"), f"{base}\n{UNBOUND}{text}")
            goal, variables = "olddefconfig", {}
        self._make([goal], what="configure the kernel", news=lambda: "configuring", **variables)
        text = read_text(os.path.join(self._output, ".config")) or ""
        config = kconfig.parse_config(text)
        kconfig_check.check(settings, text, config, self._kconfig_tree)
        self.has_modules = config.get("MODULES") == "y"
        if self.has_modules:
            _require_depmod()
        self.estimate = round(OBJECTS_PER_OPTION * sum(value in ("y", "m") for value in config.values()))

    def _kconfig_tree(self) -> Tree:
        return Tree(self.root, {"SRCARCH": self.architecture.source_name})

    def compile(self) -> None:
        """Build the image, the ELF file with the symbols, and modules where the configuration has any."""
        counter = ObjectCounter(self.log)
        started = time.monotonic()

        def news() -> str:
            total = max(self.estimate, counter.update())
            return f"compiled {counter.count} of ~{total} objects, {minutes(time.monotonic() - started)}"

        goals = [self.architecture.target, "vmlinux", *(["modules"] if self.has_modules else [])]
        self._make([f"-j{self.jobs}", *goals], what="build the kernel", news=news)
        self.objects = counter.update()

    def collect(self) -> tuple[str, str]:
        """(release, folder) of the results."""
        results = os.path.join(self.staging, "results")
        os.mkdir(results)
        if self.has_modules:
            self._collect_modules(os.path.join(results, MODULES))
        for name in dict.fromkeys((self.architecture.built, "vmlinux", "System.map", ".config")):
            target = os.path.join(results, os.path.basename(name).lstrip("."))
            try:
                os.rename(os.path.join(self._output, name), target)
            except OSError as error:
                raise CompileError(f"Cannot collect the kernel: the build made no {name} ({error.strerror})") from error
            os.chmod(target, 0o644)
        release = read_text(os.path.join(self._output, "include/config/kernel.release")) or ""
        return release.strip(), results

    def _collect_modules(self, root: str) -> None:
        """Install the modules below ``root``, with the files of depmod by which they are found."""
        self._make(
            ["modules_install"], what="collect the kernel's modules", news=lambda: "collecting the modules",
            INSTALL_MOD_PATH=root, INSTALL_MOD_STRIP="1",
        )  # fmt: skip
        for name in _DANGLING:
            for link in glob.glob(os.path.join(glob.escape(root), "lib/modules/*", name)):
                os.unlink(link)

    def _make(self, goals: Sequence[str], *, what: str, news: t.Callable[[], str], **variables: str) -> None:
        # The empty LOCALVERSION keeps setlocalversion from adding a "+" for a tree under version control.
        settings = {"O": self._output, "ARCH": self.architecture.kernel_name, "LOCALVERSION": "", **variables}
        if self.prefix:
            settings["CROSS_COMPILE"] = self.prefix
        assignments = [f"{name}={value}" for name, value in settings.items()]
        self.run(["make", "-C", self.root, *assignments, *goals], what=what, news=news)


def _require_depmod() -> None:
    """Before the build, since kbuild only warns after it, and without depmod's files nobody finds a module."""
    if not which("depmod"):
        raise CompileError("Cannot build kernel modules: there is no depmod. Install it (apt-get install kmod)")
