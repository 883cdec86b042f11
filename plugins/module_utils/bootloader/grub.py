# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""GRUB 2 with /etc/default/grub, drop-ins in /etc/default/grub.d and a generated menu, as Debian has it.

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
from dataclasses import dataclass

from ..command import CommandRunner
from ..crashkernel.grammar import PARAMETER, on_command_line
from .changes import named, put, put_back, read
from .grub_defaults import NAME, drop_in, sets_parameter
from .grub_menu import read_menu
from .model import BootLoaderError, Entry, FileState

_LANGUAGE = re.compile(r"^[ \t]*set lang=(\w+)[ \t]*$", re.MULTILINE)
_VALUE = re.compile(rf"(?:^|\s+){PARAMETER}\S*")


@dataclass(frozen=True)
class Layout:
    """Where GRUB keeps its things."""

    defaults: str = "/etc/default/grub"
    drop_ins: str = "/etc/default/grub.d"
    menu: str = "/boot/grub/grub.cfg"
    generator: str = "/usr/sbin/grub-mkconfig"

    @property
    def drop_in(self) -> str:
        """The file that is ours."""
        return os.path.join(self.drop_ins, NAME)

    @property
    def custom_menu(self) -> str:
        """Entries of the administrator's own, which the menu takes in while it boots (grub.d/41_custom)."""
        return os.path.join(os.path.dirname(self.menu), "custom.cfg")


class Grub:
    """Answers the questions of `model.BootLoader`."""

    name: t.Final = "grub"

    def __init__(self, runner: CommandRunner, layout: t.Optional[Layout] = None) -> None:
        self._runner = runner
        self._layout = layout or Layout()

    def missing(self) -> tuple[str, ...]:
        """What is not there and would have to be for this back end to be the right one."""
        layout = self._layout
        return tuple(path for path in (layout.generator, layout.menu) if not os.path.isfile(path))

    def entries(self) -> tuple[Entry, ...]:
        """Every entry of the menu, the administrator's own ones included."""
        return self._entries(read(self._layout.menu) or "")

    def default(self) -> tuple[FileState, ...]:
        """Our drop-in as it is."""
        return (FileState(self._layout.drop_in, read(self._layout.drop_in)),)

    def wanted(self, parameters: Sequence[str]) -> tuple[FileState, ...]:
        """Our drop-in as it has to be; where nobody sets the parameter, there need be none to take it out."""
        needed = parameters or self.rivals()
        return (FileState(self._layout.drop_in, drop_in(parameters) if needed else None),)

    def rivals(self) -> tuple[str, ...]:
        """Files beside ours that the generator reads and that set the parameter."""
        drop_ins = sorted(glob.glob(os.path.join(glob.escape(self._layout.drop_ins), "*.cfg")))
        others = [path for path in drop_ins if path != self._layout.drop_in]
        return tuple(path for path in (self._layout.defaults, *others) if sets_parameter(read(path) or ""))

    def apply(self, parameters: Sequence[str], *, timeout: int) -> tuple[str, ...]:
        """Write the drop-in, generate, verify, then replace the menu; on any failure put back what was there."""
        self._check_generator()
        (*default, menu) = *self.default(), FileState(self._layout.menu, read(self._layout.menu))
        try:
            for state in self.wanted(parameters):
                put(state)
            generated = self._generate(timeout)
            self._verify(self._entries(generated), parameters)
            put(FileState(self._layout.menu, generated))
            self._verify(self.entries(), parameters)
        except BaseException as error:
            put_back(error, *default, menu)
            raise
        return _side_effects(menu.content or "", generated)

    def _entries(self, menu: str) -> tuple[Entry, ...]:
        own = read(self._layout.custom_menu)
        entries = read_menu(menu, origin=self._layout.menu)
        return entries if own is None else (*entries, *read_menu(own, origin=self._layout.custom_menu))

    def _check_generator(self) -> None:
        # A generator without Debian's patch never looks into the folder.
        if "default/grub.d" not in (read(self._layout.generator) or ""):
            raise BootLoaderError(
                f"Cannot set {PARAMETER} for GRUB: {self._layout.generator} does not read {self._layout.drop_ins}."
                f" This kind of GRUB is not supported yet: set {PARAMETER} in {self._layout.defaults} by hand"
            )

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
