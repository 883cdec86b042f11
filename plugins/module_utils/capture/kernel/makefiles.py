# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kconfig symbol builds which kernel module, as the Makefiles of a kernel source tree say it.

``obj-$(CONFIG_MEGARAID_SAS) += megaraid_sas.o`` is all there is to read: what a module is made of
(``megaraid_sas-objs``, ``megaraid_sas-y``) and how it is compiled tells nothing about its name, and a folder's own
symbol is among the dependencies in Kconfig.
"""

from __future__ import annotations

import os
import re
import typing as t
from collections.abc import Iterator

from ...files import read_text

#: Symbol sets that each build the module: one of them must be on, with all its symbols.
Builders = dict[str, list[tuple[str, ...]]]

_NAMES: t.Final = ("Makefile", "Kbuild")
#: Folders without modules of the kernel itself.
_ASIDE: t.Final = frozenset({"Documentation", "samples", "scripts", "tools", "usr", ".git"})
_LINE = re.compile(r"obj-(?P<on>\$\(.*?\))\s*[+:]?=\s*(?P<objects>.*)")
_SYMBOL = re.compile(r"\$\(CONFIG_(\w+)", re.ASCII)
_OBJECT = re.compile(r"(?:[\w-]+/)*(?P<name>[\w-]+)\.o", re.ASCII)


def module_symbols(root: str, kernel_architecture: str) -> Builders:
    """For each module of the tree, by its canonical name, what turns it on."""
    found: Builders = {}
    for path in _makefiles(root, kernel_architecture):
        for line in _lines(read_text(path) or ""):
            match = _LINE.match(line)
            if match:
                _add(found, tuple(_SYMBOL.findall(match["on"])), match["objects"])
    return found


def _add(found: Builders, symbols: tuple[str, ...], objects: str) -> None:
    for word in objects.split():
        match = _OBJECT.fullmatch(word)
        if match and symbols:
            builders = found.setdefault(match["name"].replace("-", "_"), [])
            if symbols not in builders:
                builders.append(symbols)


def _makefiles(root: str, kernel_architecture: str) -> Iterator[str]:
    architectures = os.path.join(root, "arch")
    for folder, folders, names in os.walk(root):
        kept = {kernel_architecture} if folder == architectures else set(folders)
        folders[:] = sorted(name for name in folders if name in kept and not (folder == root and name in _ASIDE))
        yield from (os.path.join(folder, name) for name in _NAMES if name in names)


def _lines(text: str) -> Iterator[str]:
    """Lines with their continuations and without comments."""
    for line in text.replace("\\\n", " ").splitlines():
        yield line.partition("#")[0].strip()
