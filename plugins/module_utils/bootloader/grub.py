# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB 2 with a generated menu: drop-ins in /etc/default/grub.d, as in Debian, else /etc/default/grub itself.

The generator writes the menu in place (``cat new > grub.cfg``), so a kill in the middle leaves half a menu. Here it
writes into a folder of its own; the menu is read back there, entry by entry, and only then renamed over the old one.
"""

from __future__ import annotations

import glob
import os
import re
import tempfile
import typing as t
from collections.abc import Sequence

from ..command import CommandRunner
from ..crashkernel.grammar import PARAMETER, on_command_line
from ..host.paths import BOOT_BACKUP
from .changes import copy_of, keep, named, put, put_back, read
from .edited import Source, Stanza, edit, former_state
from .former import read_notes, write_notes
from .grub_defaults import drop_in, sets_parameter
from .grub_layouts import GENERATORS, Layout, layouts
from .grub_lost import lost
from .grub_menu import read_items, read_menu
from .model import BootLoaderError, Entry, FileState
from .shell_values import assignments

#: GRUB_CMDLINE_LINUX reaches recovery entries too (grub.d/10_linux).
_HOME: t.Final = "GRUB_CMDLINE_LINUX"
_OTHERS: t.Final = ("GRUB_CMDLINE_LINUX_DEFAULT", "GRUB_CMDLINE_LINUX_RECOVERY")

#: So many entries are named in a message; all of them are among its facts.
_MOST_NAMED: t.Final = 10

_LANGUAGE = re.compile(r"^[ \t]*set lang=(\w+)[ \t]*$", re.MULTILINE)
_VALUE = re.compile(rf"(?:^|\s+){PARAMETER}\S*")


class Grub:
    """Answers the questions of `model.BootLoader`."""

    name: t.Final = "grub"

    def __init__(self, runner: CommandRunner, layout: t.Optional[Layout] = None, *, root: str = "/") -> None:
        self._runner = runner
        self._root = root
        self._found = (layout,) if layout else layouts(root)
        self._layout = self._found[0] if self._found else Layout()

    def missing(self) -> tuple[str, ...]:
        """What is not there and would have to be for this back end to be the right one."""
        if len(self._found) > 1:
            raise BootLoaderError(
                f"Cannot tell which menu of GRUB boots this machine: {' or '.join(each.menu for each in self._found)}."
                " Remove the one that is left over"
            )
        if not self._found:
            return tuple(f"{menu} with {' or '.join(programs)}" for menu, programs in GENERATORS.items())
        return tuple(path for path in (self._layout.generator, self._layout.menu) if not os.path.isfile(path))

    def entries(self) -> tuple[Entry, ...]:
        """Every entry of the menu, the administrator's own ones included."""
        return self._entries(read(self._layout.menu) or "")

    def default(self) -> tuple[FileState, ...]:
        """Our drop-in as it is; the defaults themselves where the generator reads no drop-ins (SUSE, Arch, RHEL 7)."""
        path = self._layout.drop_in if self._reads_drop_ins() else self._layout.defaults
        return (FileState(path, read(path)),)

    def wanted(self, parameters: Sequence[str]) -> tuple[FileState, ...]:
        """The same as it has to be; where nobody sets the parameter, there need be no drop-in to take it out."""
        (now,) = self.default()
        if now.path == self._layout.drop_in:
            return (FileState(now.path, drop_in(parameters) if parameters or self.rivals() else None),)
        if not parameters:
            former = former_state(Source(now.path, _grammar, menu=False), now.content, read_notes(self._backup))
            if former:
                return (former,)
        text = now.content or ""
        content = edit(text, _grammar(text, now.path), parameters)
        return (FileState(now.path, content if content != text else now.content),)

    def rivals(self) -> tuple[str, ...]:
        """Files beside ours that the generator reads and that set the parameter."""
        if not self._reads_drop_ins():
            return ()
        drop_ins = sorted(glob.glob(os.path.join(glob.escape(self._layout.drop_ins), "*.cfg")))
        others = [path for path in drop_ins if path != self._layout.drop_in]
        return tuple(path for path in (self._layout.defaults, *others) if sets_parameter(read(path) or ""))

    def apply(self, parameters: Sequence[str], *, timeout: int) -> tuple[str, ...]:
        """Write the drop-in, generate, verify, then replace the menu; on any failure put back what was there."""
        default, wanted = self.default(), self.wanted(parameters)
        menu = FileState(self._layout.menu, read(self._layout.menu))
        self._keep(menu, default, wanted, parameters)
        try:
            for state in wanted:
                put(state)
            generated = self._generate(timeout)
            self._verify(self._entries(generated), parameters)
            self._refuse_losses(menu.content or "", generated)
            put(FileState(self._layout.menu, generated))
            self._verify(self.entries(), parameters)
        except BaseException as error:
            put_back(error, *default, menu)
            raise
        return _side_effects(menu.content or "", generated)

    def _keep(
        self, menu: FileState, old: Sequence[FileState], new: Sequence[FileState], parameters: Sequence[str]
    ) -> None:
        keep([menu], self._backup, root=self._root, first=True)
        changed = [(now, coming) for now, coming in zip(old, new) if now != coming]
        if old[0].path == self._layout.defaults:
            keep(old, self._backup, root=self._root)
            if parameters and changed:
                write_notes(changed, self._backup)

    @property
    def _backup(self) -> str:
        return os.path.join(self._root, BOOT_BACKUP.lstrip("/"))

    def _entries(self, menu: str) -> tuple[Entry, ...]:
        own = read(self._layout.custom_menu)
        entries = read_menu(menu, origin=self._layout.menu)
        return entries if own is None else (*entries, *read_menu(own, origin=self._layout.custom_menu))

    def _reads_drop_ins(self) -> bool:
        # A generator without Debian's patch never looks into the folder.
        return "default/grub.d" in (read(self._layout.generator) or "")

    def _generate(self, timeout: int) -> str:
        place = tempfile.gettempdir()
        with named("write to", place), tempfile.TemporaryDirectory(prefix="linux-kdump-", dir=place) as folder:
            target = os.path.join(folder, "grub.cfg")
            self._runner.run(
                [self._layout.generator, "-o", target],
                what=f"generate the boot menu {self._layout.menu}",
                timeout=timeout,
                env=self._locale(),
            )
            generated = read(target)
        if not generated:
            raise BootLoaderError(
                f"Cannot generate the boot menu {self._layout.menu}: {self._layout.generator} ended well and wrote"
                " nothing. Run update-grub and look at what it says"
            )
        return generated

    def _locale(self) -> dict[str, str]:
        # Titles are translated, and GRUB_DEFAULT may name one: keep to the language the menu was made in, which
        # grub.d/00_header takes from LANG and writes down.
        language = _LANGUAGE.search(read(self._layout.menu) or "")
        return {"LANG": f"{language[1]}.UTF-8", "LANGUAGE": "", "LC_ALL": ""} if language else {}

    def _verify(self, entries: Sequence[Entry], parameters: Sequence[str]) -> None:
        managed = [entry for entry in entries if entry.managed]
        if not managed:
            raise BootLoaderError(
                f"Cannot set {PARAMETER} in the boot menu {self._layout.menu}: the generated menu has no entry that"
                " boots a Linux kernel. Run update-grub and look at what it says"
            )
        expected = on_command_line(" ".join(parameters))
        for entry in managed:
            found = on_command_line(" ".join(entry.arguments))
            if found != expected:
                raise self._refusal(entry, found, expected)

    def _refuse_losses(self, before: str, after: str) -> None:
        own = read_items(read(self._layout.custom_menu) or "", origin=self._layout.custom_menu)
        new = (*read_items(after, origin=self._layout.menu), *own)
        titles = lost(read_items(before, origin=self._layout.menu), new, root=self._root)
        if titles:
            raise BootLoaderError(
                f"Cannot set {PARAMETER} in the boot menu {self._layout.menu}: it has entries that"
                f" {self._layout.generator} does not make, and they would be lost: {_some(titles)}; the change was"
                " taken back. To keep them, add them to /etc/grub.d/40_custom or, where they are of other systems, set"
                f" GRUB_DISABLE_OS_PROBER=false in {self._layout.defaults}. Then, and also if nobody needs them, run"
                f" {self._layout.generator} -o {self._layout.menu}, look at the menu, and run this again. The old menu"
                f" is kept in {copy_of(self._layout.menu, self._backup, root=self._root)}",
                lost_entries=list(titles),
            )

    def _refusal(self, entry: Entry, found: Sequence[str], expected: Sequence[str]) -> BootLoaderError:
        wanted = " ".join(PARAMETER + value for value in expected) or f"no {PARAMETER}"
        got = " ".join(PARAMETER + value for value in found) or f"no {PARAMETER}"
        rivals = self.rivals()
        place = f"Look at {' and '.join(rivals)}, at" if rivals else "Look at"
        return BootLoaderError(
            f"Cannot set {PARAMETER} in every boot entry: in {entry.origin} the entry {entry.title!r} would boot with"
            f" {got} instead of {wanted}; the change was taken back. {place} /etc/grub.d and"
            f" {self._layout.custom_menu} for what writes that entry",
            entry=entry.title,
        )


def _grammar(text: str, origin: str) -> tuple[Stanza, ...]:
    return assignments(text, _HOME, _OTHERS)


def _some(titles: Sequence[str]) -> str:
    named = ", ".join(map(repr, titles[:_MOST_NAMED]))
    return f"{named} and {len(titles) - _MOST_NAMED} more" if len(titles) > _MOST_NAMED else named


def _side_effects(before: str, after: str) -> tuple[str, ...]:
    """A warning if the generator brought more than our parameter: changes that waited for its next run."""
    old, new = ({" ".join(_VALUE.sub(" ", line).split()) for line in text.splitlines()} for text in (before, after))
    if not before or old == new:
        return ()
    line = sorted(new - old or old - new)[0]
    sign = "new" if new - old else "gone"
    return (
        f"The generated boot menu differs from the old one in more than {PARAMETER}; the first {sign} line: {line}",
    )
