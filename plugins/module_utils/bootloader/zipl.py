# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""zipl, the boot loader of s390x: sections in zipl.conf, files with parameters, or entries in files of their own.

zipl writes what it read into the boot record. It is given copies of the new files before they take the place of the old
ones: a kill in between leaves a boot record that boots, and the next run, which still finds the old files, goes on.
"""

from __future__ import annotations

import os
import re
import tempfile
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ..errors import KdumpError
from . import bls, kernel_install
from .changes import named, read
from .edited import Edited, Source, Stanza
from .model import BootLoaderError, Entry, FileState
from .words import words

#: The first one that is there counts (zipl.conf(5)).
CONFIGS: t.Final = (
    "/run/zipl/zipl.conf",
    "/etc/zipl.conf",
    "/usr/lib/s390-tools/zipl.conf",
    "/lib/s390-tools/zipl.conf",
)
PROGRAMS: t.Final = ("/usr/sbin/zipl", "/sbin/zipl")
FOLDER: t.Final = "/boot/loader/entries"

_LINE: t.Final = re.compile(
    r"""^[ \t]*(?:\[(?P<section>[^\]\n]+)\]|(?P<menu>:[^\s]+)|(?P<key>[A-Za-z0-9_-]+)[ \t]*=[ \t]*
    (?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'|(?P<bare>[^\n]*?)))[ \t\r]*$""",
    re.MULTILINE | re.VERBOSE,
)


def read_config(text: str, origin: str) -> tuple[Stanza, ...]:
    """Every section that boots a kernel. zipl passes what ``parmfile`` holds, and then what ``parameters`` says."""
    return tuple(
        Stanza(
            name, _spans(options), name, _value(options["image"]), _insertion(options), elsewhere="parmfile" in options
        )
        for name, options in sections(text)
        if "image" in options
    )


def sections(text: str) -> list[tuple[str, dict[str, re.Match[str]]]]:
    """Every section with its options; menus are lists of sections and have none."""
    found: list[tuple[str, dict[str, re.Match[str]]]] = []
    for match in _LINE.finditer(text):
        if match["section"] or match["menu"]:
            found.append((match["section"] or match["menu"], {}))
        elif found:
            found[-1][1][match["key"].lower()] = match
    return found


class Zipl(Edited):
    """Edits every section, every file of parameters and every entry, and has zipl write the boot record."""

    name: t.ClassVar[str] = "zipl"

    def missing(self) -> tuple[str, ...]:
        """The configuration and the program."""
        needed = (CONFIGS, PROGRAMS)
        return tuple(" or ".join(paths) for paths in needed if not any(map(self.exists, paths)))

    def sources(self) -> Sequence[Source]:
        """The parameter goes into a section's parmfile= where it has one, else into its parameters=."""
        config = self._config()
        parmfiles = set(self._parmfiles(read(config) or "").values())
        entries = bls.files([self.path(FOLDER)])
        cmdline, vendor = self.path(kernel_install.CMDLINE), self.path(kernel_install.VENDOR)
        return (
            kernel_install.source(cmdline, vendor=vendor, entries=entries),
            *(
                Source(path, kernel_install.read_cmdline, menu=False)
                for path in sorted(parmfiles)
                if os.path.isfile(path)
            ),
            Source(config, read_config, finish=tidy),
            *(Source(path, bls.read_entry, finish=bls.tidy) for path in entries),
        )

    def entries_of(self, sources: Sequence[Source], texts: Mapping[str, str]) -> tuple[Entry, ...]:
        """Those of sections with what their parmfile= holds before their own words."""
        config = self._config()
        parmfiles = self._parmfiles(texts[config])
        return tuple(
            replace(entry, arguments=(*words(texts.get(parmfiles[entry.identity], "")), *entry.arguments))
            if entry.origin == config and entry.identity in parmfiles
            else entry
            for entry in super().entries_of(sources, texts)
        )

    def uncovered(self) -> tuple[str, ...]:
        """If kernel-install takes arguments from elsewhere."""
        entries = bls.files([self.path(FOLDER)])
        cmdline, vendor = self.path(kernel_install.CMDLINE), self.path(kernel_install.VENDOR)
        return kernel_install.uncovered(cmdline, vendor=vendor, entries=entries)

    def install(self, states: Sequence[FileState], timeout: int) -> None:
        """Let zipl read copies of what the files will be."""
        if states:
            self._run({state.path: state.content or "" for state in states}, timeout)

    def reinstall(self, cause: BaseException, timeout: int) -> None:
        """Let it read the files as they were."""
        try:
            self._run({}, timeout)
        except KdumpError as error:
            message = cause.message if isinstance(cause, KdumpError) else repr(cause)
            raise BootLoaderError(f"{message}. Then it could not be taken back: {error.message}") from cause

    def _parmfiles(self, config: str) -> dict[str, str]:
        """The path of each section's parmfile=."""
        found = ((name, options.get("parmfile")) for name, options in sections(config))
        return {name: self.path(_value(match)) for name, match in found if match}

    def _config(self) -> str:
        return next((self.path(path) for path in CONFIGS if self.exists(path)), self.path(CONFIGS[1]))

    def _run(self, changed: Mapping[str, str], timeout: int) -> None:
        place = tempfile.gettempdir()
        with named("write to", place), tempfile.TemporaryDirectory(prefix="linux-kdump-", dir=place) as folder:
            argv = [next(self.path(path) for path in PROGRAMS if self.exists(path))]
            config = changed.get(self._config(), read(self._config()) or "")
            argv += ["--config", _stage(folder, "zipl.conf", self._with_copies(config, changed, folder))]
            entries = bls.files([self.path(FOLDER)])
            for path in entries:
                _stage(os.path.join(folder, "entries"), path, changed.get(path, read(path) or ""))
            argv += ["--blsdir", os.path.join(folder, "entries")] if entries else []
            self._runner.run(argv, what="write the boot record", timeout=timeout)

    def _with_copies(self, config: str, changed: Mapping[str, str], folder: str) -> str:
        """The configuration with a copy in place of every parmfile= that changes."""
        spans = [_span(options["parmfile"]) for _name, options in sections(config) if "parmfile" in options]
        # From the last one, so that the places of those before it stay what they are. Base names may be equal.
        for index, (start, end) in reversed(list(enumerate(spans))):
            path = self.path(config[start:end])
            if path in changed:
                copy = _stage(folder, f"{index}-{os.path.basename(path)}", changed[path])
                config = config[:start] + copy + config[end:]
        return config


def tidy(text: str) -> str:
    """The text without the lines that were added for sections that had none."""
    return re.sub(r'\n[ \t]*parameters=""(?=\r?\n|\Z)', "", text)


def _stage(folder: str, path: str, content: str) -> str:
    os.makedirs(folder, exist_ok=True)
    copy = os.path.join(folder, os.path.basename(path))
    with open(copy, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        stream.write(content)
    return copy


def _spans(options: Mapping[str, re.Match[str]]) -> tuple[tuple[int, int], ...]:
    return (_span(options["parameters"]),) if "parameters" in options else ()


def _insertion(options: Mapping[str, re.Match[str]]) -> t.Optional[tuple[int, str, str]]:
    return None if {"parameters", "parmfile"} & set(options) else (options["image"].end(), '\nparameters="', '"')


def _span(match: re.Match[str]) -> tuple[int, int]:
    return match.span(next(name for name in ("double", "single", "bare") if match[name] is not None))


def _value(match: re.Match[str]) -> str:
    start, end = _span(match)
    return match.string[start:end]
