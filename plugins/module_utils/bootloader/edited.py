# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the boot loaders share whose configuration is text that can be edited in place, byte for byte.

A grammar finds in a text where the arguments of every entry stand. Everything else follows from that: what each entry
passes, what the text has to become, and that it is right before a byte is written.
"""

from __future__ import annotations

import glob
import os
import typing as t
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..command import CommandRunner
from ..crashkernel.grammar import PARAMETER
from ..host.paths import BOOT_BACKUP
from .changes import keep, put, put_back, read, unlike
from .former import Notes, read_notes, write_notes
from .model import BootLoaderError, Entry, FileState
from .words import with_parameters, words

#: Configuration is some kilobytes; whatever is larger is not a text that a boot loader reads.
LARGEST: t.Final = 1 << 20


@dataclass(frozen=True)
class Stanza:
    """One entry in a text.

    ``spans`` are where its arguments stand, the first one being where the parameter goes, unless there is an
    ``insertion``: where else it goes, what to write before it and what behind it. ``elsewhere`` is true if the
    parameter comes from another file, so that it only has to be taken out here.
    """

    title: str
    spans: tuple[tuple[int, int], ...]
    identity: str = ""
    kernel: str = ""
    insertion: t.Optional[tuple[int, str, str]] = None
    elsewhere: bool = False
    reason: str = ""


Grammar = Callable[[str, str], Sequence[Stanza]]


@dataclass(frozen=True)
class Source:
    """A file and its grammar. ``menu`` is false for defaults from which entries of kernels to come are made.

    ``missing`` is what a file that is not there would have to hold besides the parameter, None if it is not to be made.
    ``finish`` gives the edited text its last form.
    """

    path: str
    grammar: Grammar
    menu: bool = True
    missing: t.Optional[str] = None
    finish: Callable[[str], str] = str


def edit(text: str, stanzas: Sequence[Stanza], parameters: Sequence[str]) -> str:
    """The text whose entries pass exactly these parameters."""
    managed = [stanza for stanza in stanzas if not stanza.reason]
    homes = {stanza.spans[0] for stanza in managed if stanza.spans and not (stanza.elsewhere or stanza.insertion)}
    changes: dict[tuple[int, int], tuple[str, ...]] = {span: () for stanza in managed for span in stanza.spans}
    changes.update({span: tuple(parameters) for span in homes})
    pieces = [(start, end, with_parameters(text[start:end], wanted)) for (start, end), wanted in changes.items()]
    for stanza in managed:
        if stanza.insertion and parameters:
            place, before, behind = stanza.insertion
            pieces.append((place, place, before + " ".join(parameters) + behind))
    for start, end, piece in sorted(set(pieces), reverse=True):
        text = text[:start] + piece + text[end:]
    return text


def listed(text: str, stanzas: Sequence[Stanza], origin: str) -> tuple[Entry, ...]:
    """The entries of a text that boot something."""
    return tuple(
        Entry(
            stanza.title, stanza.identity, stanza.kernel,
            words(" ".join(text[start:end].replace('\\"', '"') for start, end in stanza.spans)),
            origin, managed=not stanza.reason, reason=stanza.reason,
        )
        for stanza in stanzas
    )  # fmt: skip


def _is_free(source: Source, text: t.Optional[str]) -> bool:
    """Whether a text sets nothing: what others had set is taken out, and not brought back."""
    return text is None or edit(text, source.grammar(text, source.path), ()) == text


def former_state(source: Source, current: t.Optional[str], notes: Notes) -> t.Optional[FileState]:
    """What a file was before the parameter came into it; None if that is not known, or was not free of it."""
    former = notes.get(source.path)
    if former and former.is_still(current) and _is_free(source, former.before):
        return FileState(source.path, former.before)
    return None


class Edited:
    """Answers the questions of `model.BootLoader` by the texts that a subclass names."""

    name: t.ClassVar[str]

    def __init__(self, runner: CommandRunner, root: str = "/") -> None:
        self._runner = runner
        self._root = root

    def missing(self) -> tuple[str, ...]:
        """What is not there and would have to be for this back end to be the right one."""
        raise NotImplementedError

    def sources(self) -> Sequence[Source]:
        """Every file that counts, defaults for kernels to come first."""
        raise NotImplementedError

    def uncovered(self) -> tuple[str, ...]:
        """Warnings about kernels to come that nothing here reaches."""
        return ()

    def rivals(self) -> tuple[str, ...]:
        """None: what others set in these files is taken out of them."""
        return ()

    def entries(self) -> tuple[Entry, ...]:
        """Every entry as it would boot now."""
        sources = self.sources()
        return self.entries_of(sources, {source.path: self._text(source) for source in sources})

    def default(self) -> tuple[FileState, ...]:
        """Every file that counts, as it is."""
        return tuple(FileState(source.path, read(source.path)) for source in self.sources())

    def wanted(self, parameters: Sequence[str]) -> tuple[FileState, ...]:
        """Every file that counts, as it has to be; an error if that would not do."""
        sources, notes = self.sources(), read_notes(self.path(BOOT_BACKUP))
        states = tuple(self._wanted(source, parameters, notes) for source in sources)
        texts = {state.path: state.content or "" for state in states}
        self._verify(self.entries_of(sources, texts), parameters)
        return states

    def apply(self, parameters: Sequence[str], *, timeout: int) -> tuple[str, ...]:
        """Keep copies, write what differs, prove it; on any failure put everything back."""
        old, new = self.default(), self.wanted(parameters)
        changed = [(before, after) for before, after in zip(old, new) if before != after]
        keep([before for before, _after in changed], self.path(BOOT_BACKUP), root=self._root)
        if parameters:
            write_notes(changed, self.path(BOOT_BACKUP))
        try:
            self.install([after for _before, after in changed], timeout)
            for _before, after in changed:
                put(after)
            self._verify(self.entries(), parameters)
        except BaseException as error:
            put_back(error, *(before for before, _after in changed))
            self.reinstall(error, timeout)
            raise
        return self.uncovered() if parameters else ()

    def install(self, states: Sequence[FileState], timeout: int) -> None:
        """Tell a loader that does not read these files itself, before they are in place; most need nothing."""

    def reinstall(self, cause: BaseException, timeout: int) -> None:
        """The same for the files as they were, after a failure."""

    def entries_of(self, sources: Sequence[Source], texts: Mapping[str, str]) -> tuple[Entry, ...]:
        """The entries that these texts make."""
        return tuple(
            entry
            for source in sources if source.menu
            for entry in listed(texts[source.path], source.grammar(texts[source.path], source.path), source.path)
        )  # fmt: skip

    def path(self, name: str) -> str:
        """A path of the machine."""
        return os.path.join(self._root, name.lstrip("/"))

    def exists(self, pattern: str) -> bool:
        """Whether the machine has a file of such a name."""
        return bool(glob.glob(os.path.join(glob.escape(self._root), pattern.lstrip("/"))))

    def _text(self, source: Source) -> str:
        text = read(source.path) or ""
        if len(text) > LARGEST:
            raise BootLoaderError(
                f"Cannot read {source.path}: it has {len(text)} bytes, which no configuration of a boot loader has."
                " Look at what is in it"
            )
        return text

    def _wanted(self, source: Source, parameters: Sequence[str], notes: Notes) -> FileState:
        current = read(source.path)
        if current is None and (source.missing is None or not parameters):
            return FileState(source.path, None)
        former = None if parameters else former_state(source, current, notes)
        if former:
            return former
        text = source.missing or "" if current is None else self._text(source)
        edited = edit(text, source.grammar(text, source.path), parameters)
        return FileState(source.path, source.finish(edited) if edited != text else text)

    def _verify(self, entries: Sequence[Entry], parameters: Sequence[str]) -> None:
        if not any(entry.managed for entry in entries):
            looked = ", ".join(source.path for source in self.sources() if source.menu) or "any file"
            raise BootLoaderError(
                f"Cannot set {PARAMETER} for {self.name}: there is no entry that boots a Linux kernel in {looked}."
                " Mount /boot, or set the option bootloader to the loader that boots this machine"
            )
        wrong = unlike(entries, parameters)
        if wrong:
            raise self.refusal(*wrong, parameters)

    def refusal(self, entry: Entry, how: str, parameters: Sequence[str]) -> BootLoaderError:
        """Why an entry cannot be made right."""
        return BootLoaderError(
            f"Cannot set {PARAMETER} in every boot entry: in {entry.origin} the entry {entry.title!r} {how};"
            " nothing is changed. Look at that entry, it says it in a way that this module does not edit",
            entry=entry.title,
        )
