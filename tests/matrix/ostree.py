# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A system of images in a folder, made by Debian's ostree: real commits, deployments and boot entries.

Debian has no package of rpm-ostree. What stands in for it here reads and edits the arguments as its manual says, and
leaves all that comes of them to libostree, as rpm-ostree does.
"""

from __future__ import annotations

import os
import pathlib
import sys
import typing as t

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.bls import files
from ansible_collections.linux.kdump.plugins.module_utils.bootloader.ostree import ENTRIES, TOOL, Ostree
from ansible_collections.linux.kdump.plugins.module_utils.capture.kernel.build import default_cache
from ansible_collections.linux.kdump.plugins.module_utils.lab.packages import Store, Wanted
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner

RUNNER: t.Final = LocalRunner()
_OS: t.Final = "test"
_BRANCH: t.Final = "test/1"
_LIMIT: t.Final = 120

#: rpm-ostree(1), kargs: --delete takes away one that is there, --append adds at the end; both make one deployment.
_STAND_IN: t.Final = """#!{python}
import pathlib, re, subprocess, sys
entries = pathlib.Path({entries!r}).glob("*.conf")
newest = max(entries, key=lambda path: int(re.search(r"^version (\\d+)$", path.read_text(), re.MULTILINE)[1]))
words = re.search(r"^options (.*)$", newest.read_text(), re.MULTILINE)[1].split()
if sys.argv[1:] == ["kargs"]:
    sys.exit(print(*words))
for option in sys.argv[2:]:
    action, _equals, word = option.partition("=")
    if action == "--delete" and word not in words:
        sys.exit(f"error: No karg {{word!r}} found")
    words.remove(word) if action == "--delete" else words.append(word)
kept = [f"--karg-append={{word}}" for word in words if not word.startswith("ostree=")]
subprocess.run([*{deploy!r}, "--karg-none", *kept, {branch!r}], check=True)
"""


class System:
    """One such system with a first deployment."""

    def __init__(self, folder: pathlib.Path, *, arguments: t.Sequence[str]) -> None:
        tree = Store(default_cache(os.environ), RUNNER).ensure(Wanted("amd64", ("ostree",)), force=False, check=False)
        self._packages = pathlib.Path(tree["path"])
        self._folder, self.root = folder, folder / "sysroot"
        self.root.mkdir()
        self.ostree("admin", "init-fs", "--modern", str(self.root))
        self.ostree("admin", "os-init", f"--sysroot={self.root}", _OS)
        self.commit("6.1.0-1")
        self._run([*self._deploy, *(f"--karg-append={word}" for word in arguments), _BRANCH])
        self._stand_in()
        self.loader = Ostree(RUNNER, str(self.root))

    def commit(self, release: str) -> None:
        """An image with this kernel."""
        tree = self._folder / f"tree-{release}"
        modules = tree / "usr/lib/modules" / release
        for path in (modules, tree / "usr/etc", tree / "boot", tree / "sysroot"):
            path.mkdir(parents=True)
        (modules / "vmlinuz").write_text(f"kernel {release}")
        (modules / "initramfs.img").write_text(f"initramfs {release}")
        (tree / "usr/lib/os-release").write_text('ID=test\nPRETTY_NAME="Test Linux"\n')
        (tree / "usr/etc/os-release").symlink_to("../usr/lib/os-release")
        repo = f"--repo={self.root}/ostree/repo"
        self.ostree(repo, "commit", f"--branch={_BRANCH}", f"--tree=dir={tree}", "--owner-uid=0", "--owner-gid=0")

    def upgrade(self, release: str) -> None:
        """A new image, deployed with the arguments of the one before, as every upgrade is."""
        self.commit(release)
        self._run([*self._deploy, _BRANCH])

    def options(self) -> list[list[str]]:
        """What each boot entry passes, without libostree's own; what boots next is first."""
        lines = [_value(text, "options").split() for text in self._entries()]
        return [[word for word in line if not word.startswith("ostree=")] for line in lines]

    def kernels(self) -> list[str]:
        """The release of each, in the same order."""
        return [_value(text, "linux").rpartition("vmlinuz-")[2] for text in self._entries()]

    def _entries(self) -> list[str]:
        texts = [pathlib.Path(path).read_text() for path in files([str(self.root) + ENTRIES])]
        return sorted(texts, key=lambda text: -int(_value(text, "version")))

    def ostree(self, *arguments: str) -> None:
        """Debian's program, from where its package was unpacked."""
        self._run([*self._program, *arguments])

    @property
    def _program(self) -> list[str]:
        libraries = f"{self._packages}/usr/lib/x86_64-linux-gnu:{self._packages}/lib/x86_64-linux-gnu"
        # A deployment is immutable otherwise, and nobody but root on some file systems could remove it.
        given = [f"LD_LIBRARY_PATH={libraries}", "OSTREE_SYSROOT_DEBUG=mutable-deployments"]
        return ["env", *given, f"{self._packages}/usr/bin/ostree"]

    @property
    def _deploy(self) -> list[str]:
        return [*self._program, "admin", "deploy", f"--sysroot={self.root}", f"--os={_OS}", "--retain"]

    def _run(self, argv: list[str]) -> None:
        RUNNER.run(argv, what="make a system of images", timeout=_LIMIT)

    def _stand_in(self) -> None:
        tool = pathlib.Path(f"{self.root}{TOOL}")
        tool.parent.mkdir(parents=True)
        tool.write_text(_STAND_IN.format(
            python=sys.executable, entries=str(self.root) + ENTRIES, deploy=self._deploy, branch=_BRANCH
        ))  # fmt: skip
        tool.chmod(0o755)
        (self.root / "run").mkdir(exist_ok=True)
        (self.root / "run/ostree-booted").touch()


def _value(text: str, key: str) -> str:
    (found,) = [line.partition(" ")[2] for line in text.splitlines() if line.startswith(f"{key} ")]
    return found
