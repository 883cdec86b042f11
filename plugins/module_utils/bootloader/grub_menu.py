# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads a generated GRUB menu: enough of GRUB's script language to see every entry and what it passes to its kernel.

GRUB's manual, chapter "Writing full configuration files directly", section "Shell-like scripting", is the reference.
"""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass, field

from .model import BootLoaderError, Entry

#: Commands that boot a Linux kernel, and what makes one entry out of a block.
LINUX_COMMANDS: t.Final = frozenset({"linux", "linux16", "linuxefi"})
#: Commands that boot a hypervisor or another multiboot kernel, which has a crashkernel= of its own making.
MULTIBOOT_COMMANDS: t.Final = frozenset({"multiboot", "multiboot2"})
ENTRY: t.Final = "menuentry"
SUBMENU: t.Final = "submenu"
#: What a menu of entries kept elsewhere looks like (Boot Loader Specification, Fedora and its kin).
ELSEWHERE: t.Final = "blscfg"
OUTSIDE: t.Final = "(outside of every entry)"

#: Images that boot by the Linux protocol and are no Linux, by a part of their file name.
NOT_LINUX: t.Final = {"memtest": "a memory test", "memdisk": "a disk image loader", ".lkrn": "a network boot loader"}
#: grub.d/30_os-prober gives its entries identities that start like this; their kernels belong to another system.
FOREIGN: t.Final = "osprober-"

#: A menu is some kilobytes; whatever is larger is not one.
LARGEST: t.Final = 8 << 20

_TOKEN = re.compile(
    r"""
      (?P<blank>[ \t\r]+|\\\n)
    | (?P<comment>\#[^\n]*)
    | (?P<end>[\n;&|]+)
    | (?P<brace>[{}])
    | (?P<word>(?:
          \\[^\n]                             # one escaped character
        | '[^']*'                             # as it stands
        | "(?:[^"\\]|\\.)*"                   # with escapes and variables
        | \$\{[^}\n]*\}
        | [^\s;&|{}'"\\]
      )+)
    """,
    re.VERBOSE | re.DOTALL,
)
_PIECE = re.compile(r"""\\(.)|'([^']*)'|"((?:[^"\\]|\\.)*)"|([^'"\\]+)""", re.DOTALL)


@dataclass
class _Block:
    """A pair of braces that is still open."""

    kind: str
    title: str
    identity: str
    kernels: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Item:
    """One entry as the menu shows it, whatever it boots: another loader, several kernels, or nothing."""

    title: str
    place: str
    identity: str
    kernels: tuple[str, ...]


@dataclass
class _Reader:
    """What is known half way through a menu."""

    origin: str
    elsewhere: bool = False
    words: list[str] = field(default_factory=list)
    blocks: list[_Block] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def finish_command(self) -> None:
        """A command is complete: keep it if it boots a kernel."""
        words, self.words = self.words, []
        if not words:
            return
        if words[0] == ELSEWHERE and not self.elsewhere:
            raise BootLoaderError(
                f"Cannot see every boot entry: {self.origin} takes entries from elsewhere ({ELSEWHERE})."
                " Set the option bootloader to grub-bls"
            )
        # "if", "then" and "else" may stand before a command on one line.
        while words and words[0] in ("if", "then", "else", "elif"):
            words.pop(0)
        if len(words) > 1 and words[0] in LINUX_COMMANDS | MULTIBOOT_COMMANDS:
            self.entries.append(self._entry(words))

    def open_block(self) -> None:
        """A brace opens what the words before it announced."""
        words, self.words = self.words, []
        kind = words[0] if words else ""
        named = kind in (ENTRY, SUBMENU) and len(words) > 1
        self.blocks.append(_Block(kind, words[1] if named else "", _identity(words) if named else ""))

    def close_block(self) -> None:
        """A brace closes the innermost block."""
        self.finish_command()
        if not self.blocks:
            raise _broken(self.origin, "a closing brace has no opening one")
        block = self.blocks[-1]
        if block.kind == ENTRY:
            self.items.append(Item(block.title, self._place(), block.identity, tuple(block.kernels)))
        self.blocks.pop()

    def _named(self) -> list[_Block]:
        return [block for block in self.blocks if block.kind in (ENTRY, SUBMENU)]

    def _place(self) -> str:
        return " > ".join(block.title for block in self._named()) or OUTSIDE

    def _entry(self, words: list[str]) -> Entry:
        command, kernel, *arguments = words
        named = self._named()
        identity = named[-1].identity if named else ""
        if named:
            named[-1].kernels.append(kernel)
        reason = "a multiboot kernel" if command in MULTIBOOT_COMMANDS else _foreign(identity, kernel)
        return Entry(self._place(), identity, kernel, tuple(arguments), self.origin, managed=not reason, reason=reason)


def read_menu(text: str, *, origin: str, elsewhere: bool = False) -> tuple[Entry, ...]:
    """Every entry of a menu that boots a kernel, in its order; one with several kernels yields several.

    A menu that takes entries from files is an error, unless ``elsewhere`` says that they are read there.
    """
    return tuple(_read(text, origin, elsewhere).entries)


def read_items(text: str, *, origin: str) -> tuple[Item, ...]:
    """Every entry of a menu by its title, those included that boot no kernel by themselves."""
    return tuple(_read(text, origin, elsewhere=False).items)


def _read(text: str, origin: str, elsewhere: bool) -> _Reader:
    if len(text) > LARGEST:
        raise _broken(origin, f"it has {len(text)} bytes, which no menu has")
    reader = _Reader(origin, elsewhere)
    for match in _tokens(text, origin):
        _feed(reader, match)
    reader.finish_command()
    if reader.blocks:
        raise _broken(origin, f"the block of {reader.blocks[-1].title or reader.blocks[-1].kind!r} is not closed")
    return reader


def _feed(reader: _Reader, match: re.Match[str]) -> None:
    if match.lastgroup == "word":
        reader.words.append(_unquote(match.group()))
    elif match.lastgroup == "end":
        reader.finish_command()
    elif match.group() == "{":
        reader.open_block()
    elif match.group() == "}":
        reader.close_block()


def _tokens(text: str, origin: str) -> t.Iterator[re.Match[str]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            line = text.count("\n", 0, position) + 1
            raise _broken(origin, f"line {line} has a quote that is not closed, or ends in the middle")
        position = match.end()
        if match.lastgroup not in ("blank", "comment"):
            yield match


def _unquote(word: str) -> str:
    return "".join(_plain(*piece.groups(default="")) for piece in _PIECE.finditer(word))


def _plain(escaped: str, single: str, double: str, bare: str) -> str:
    # Inside double quotes GRUB takes a backslash away only before these.
    return escaped + single + re.sub(r'\\([$"\\])', r"\1", double) + bare


def _identity(words: list[str]) -> str:
    for option in ("$menuentry_id_option", "--id"):
        if option in words[:-1]:
            return words[words.index(option) + 1]
    return ""


def _foreign(identity: str, kernel: str) -> str:
    return "another system" if identity.startswith(FOREIGN) else no_linux(kernel)


def no_linux(kernel: str) -> str:
    """What an image is that boots by the Linux protocol, if it is no Linux."""
    name = kernel.rpartition("/")[2].lower()
    return next((what for part, what in NOT_LINUX.items() if part in name), "")


def _broken(origin: str, cause: str) -> BootLoaderError:
    return BootLoaderError(f"Cannot read the boot menu {origin}: {cause}. Run update-grub and look at what it says")
