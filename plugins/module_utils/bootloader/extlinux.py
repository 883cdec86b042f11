# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""extlinux.conf, as SYSLINUX and U-Boot read it, and what the distributions' generators make the next one from."""

from __future__ import annotations

import glob
import os
import re
import typing as t
from collections.abc import Sequence
from dataclasses import replace

from .changes import read
from .edited import Edited, Grammar, Source, Stanza
from .kernel_install import CMDLINE, read_cmdline
from .model import BootLoaderError
from .shell_values import assignments

MENUS: t.Final = (
    "/boot/extlinux/extlinux.conf",
    "/boot/extlinux.conf",
    "/boot/syslinux/syslinux.cfg",
    "/boot/syslinux/extlinux.conf",
    "/extlinux/extlinux.conf",
)
#: Generators, the file that they read as shell, and the variable in it: u-boot-menu (Debian), Alpine, old Debian.
GENERATORS: t.Final = (
    ("/usr/sbin/u-boot-update", "/etc/default/u-boot", "U_BOOT_PARAMETERS"),
    ("/sbin/update-extlinux", "/etc/update-extlinux.conf", "default_kernel_opts"),
    ("/usr/sbin/update-extlinux", "/etc/update-extlinux.conf", "default_kernel_opts"),
    ("/usr/sbin/extlinux-update", "/etc/default/extlinux", "EXTLINUX_PARAMETERS"),
)
#: u-boot-update takes these where its variable is empty (u-boot-menu 4), or /etc/kernel/cmdline if there is one.
_UNSET: t.Final = {"U_BOOT_PARAMETERS": "ro quiet"}

#: Folders of files that u-boot-update reads after that one, in this order.
FRAGMENTS: t.Final = ("/usr/share/u-boot-menu/conf.d", "/etc/u-boot-menu/conf.d")

#: Images that are no Linux, by the end of their name, and by a part of it.
NOT_LINUX: t.Final = {
    ".c32": "a module of the loader", ".bss": "a boot sector", ".bin": "a boot sector",
    ".lkrn": "a network boot loader", ".0": "a network boot loader",
}  # fmt: skip
MEMORY_TESTS: t.Final = {"memtest": "a memory test", "memdisk": "a disk image loader"}
#: Menus within menus deeper than this are a loop.
_DEEPEST: t.Final = 8

_LINE: t.Final = re.compile(r"^[ \t]*(?P<key>[A-Za-z0-9]+)(?:[ \t]+(?P<value>[^\n]*?))?[ \t\r]*$", re.MULTILINE)


def read_menu(text: str, origin: str) -> tuple[Stanza, ...]:
    """Every label that boots something; without arguments of its own one gets those before the first label."""
    labels: list[dict[str, re.Match[str]]] = [{}]
    for match in _LINE.finditer(text):
        key = match["key"].lower()
        if key == "label":
            labels.append({})
        elif key == "menu":
            key = "menu " + (match["value"] or "").split(" ")[0].lower()
        labels[-1].setdefault("kernel" if key in ("linux", "kernel", "fit") else key, match)
    shared = labels[0].get("append")
    return tuple(_stanza(text, label, shared) for label in labels[1:] if "kernel" in label)


def _stanza(text: str, label: dict[str, re.Match[str]], shared: t.Optional[re.Match[str]]) -> Stanza:
    kernel = label["kernel"]["value"] or ""
    append = label.get("append", shared)
    name = label["label"]["value"] or ""
    title = label["menu label"]["value"][len("label") :].strip() if "menu label" in label else name
    insertion = None
    spans: tuple[tuple[int, int], ...] = ()
    if append is None:
        indent = label["kernel"].group()[: len(label["kernel"].group()) - len(label["kernel"].group().lstrip())]
        insertion = (label["kernel"].end(), f"\n{indent}append ", "")
    elif append["value"] is None:
        insertion = (append.end("key"), "  ", "")
    elif append["value"] != "-":  # which means no arguments, not even the shared ones
        spans = (append.span("value"),)
    return Stanza(title, spans, name, kernel, insertion, reason=_foreign(os.path.basename(kernel).lower()))


def _foreign(image: str) -> str:
    return next((what for ending, what in NOT_LINUX.items() if image.endswith(ending)), "") or next(
        (what for part, what in MEMORY_TESTS.items() if part in image), ""
    )


def tidy(text: str) -> str:
    """The text without the lines that were added for labels that had none."""
    return re.sub(r"\n[ \t]*append (?=\r?\n|\Z)", "", text)


class Extlinux(Edited):
    """Edits every label, and what the generator that is installed makes the next ones from."""

    name: t.ClassVar[str] = "extlinux"

    def missing(self) -> tuple[str, ...]:
        """One menu in the usual places."""
        return () if any(self.exists(path) for path in MENUS) else (" or ".join(MENUS),)

    def sources(self) -> Sequence[Source]:
        """What the generator reads, then the menu and those that it includes."""
        menus = {os.path.realpath(self.path(path)): self.path(path) for path in MENUS if self.exists(path)}
        if len(menus) > 1:
            raise BootLoaderError(
                f"Cannot tell which menu boots this machine: {' or '.join(menus.values())}. Remove the one left over"
            )
        return (*self._generators(), *(source for path in menus.values() for source in self._menu(path, 0)))

    def uncovered(self) -> tuple[str, ...]:
        """If it is not known what writes the entries of kernels to come."""
        if self._generators():
            return ()
        return (
            "No generator of extlinux.conf is known here: look at what writes the entry of the next kernel, or run this"
            " again after each one is installed",
        )

    def _generators(self) -> tuple[Source, ...]:
        found = [(self.path(path), variable) for program, path, variable in GENERATORS if self.exists(program)]
        if not found:
            return (Source(self.path(CMDLINE), read_cmdline, menu=False),) if self.exists(CMDLINE) else ()
        path, variable = found[0]
        text = read(path)
        own = _sets(variable, text)
        fragments = [each for each in self._fragments() if variable in _UNSET and _sets(variable, read(each))]
        if fragments:
            (*others, home) = [path, *fragments] if own else fragments
            return (
                *(Source(each, _elsewhere(variable), menu=False) for each in others),
                Source(home, lambda text, origin: assignments(text, variable), menu=False),
            )
        if variable in _UNSET and not own:
            if self.exists(CMDLINE):
                return (Source(self.path(CMDLINE), read_cmdline, menu=False),)
            return (Source(path, _with_default(variable, _UNSET[variable]), menu=False, missing=""),)
        return (Source(path, lambda text, origin: assignments(text, variable), menu=False, missing=""),)

    def _fragments(self) -> list[str]:
        patterns = [os.path.join(glob.escape(self.path(folder)), "*.conf") for folder in FRAGMENTS]
        return [path for pattern in patterns for path in sorted(glob.glob(pattern))]

    def _menu(self, path: str, depth: int) -> tuple[Source, ...]:
        if depth > _DEEPEST:
            raise BootLoaderError(f"Cannot read the boot menu {path}: menus include each other. Look at their includes")
        included = [
            m["value"] for m in _LINE.finditer(read(path) or "") if m["key"].lower() == "include" and m["value"]
        ]
        deeper = [source for name in included for source in self._menu(self._included(name, path), depth + 1)]
        return (Source(path, read_menu, finish=tidy), *deeper)

    def _included(self, name: str, origin: str) -> str:
        folder = os.path.dirname(origin)
        places = (os.path.join(folder, name.lstrip("/")), self.path(name), self.path(os.path.join("/boot", name[1:])))
        found = next((place for place in places if os.path.isfile(place)), None)
        if found is None:
            raise BootLoaderError(
                f"Cannot see every boot entry: {origin} includes {name}, which is not there. Remove that line"
            )
        return found


def _sets(variable: str, text: t.Optional[str]) -> bool:
    return re.search(rf"^[ \t]*{variable}=[\"']?[^\s\"'#]", text or "", re.MULTILINE) is not None


def _elsewhere(variable: str) -> Grammar:
    """Only to take the parameter out of: another file is read later."""
    return lambda text, origin: [replace(each, elsewhere=True) for each in assignments(text, variable)]


def _with_default(variable: str, default: str) -> Grammar:
    def grammar(text: str, origin: str) -> tuple[Stanza, ...]:
        (stanza,) = assignments(text, variable)
        if stanza.insertion is None:
            return (Stanza(variable, (), insertion=(stanza.spans[0][0], f"{default} ", "")),)
        place, before, behind = stanza.insertion
        return (Stanza(variable, stanza.spans, insertion=(place, before + f"{default} ", behind)),)

    return grammar
