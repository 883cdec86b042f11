# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The libraries a program needs, found the way its run-time linker finds them, by reading files and running nothing.

``ldd`` runs the program's linker: wrong for a foreign architecture, unsafe for a program one does not trust.
The rules are those of ld.so(8): DT_RPATH of the object and of those that needed it (unless DT_RUNPATH is there),
DT_RUNPATH, the directories of ld.so.conf, the built-in ones. Hardware-specific variants (glibc-hwcaps) are never
taken, since the baseline build is always there beside them and runs on every processor.
"""

from __future__ import annotations

import glob
import os
import typing as t
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...errors import KdumpError
from ...files import read_text

#: ELF machine -> (name, multiarch triplet of the library directories).
MACHINES: t.Final = {
    "EM_X86_64": ("x86_64", "x86_64-linux-gnu"),
    "EM_386": ("i386", "i386-linux-gnu"),
    "EM_AARCH64": ("arm64", "aarch64-linux-gnu"),
    "EM_PPC64": ("ppc64le", "powerpc64le-linux-gnu"),
    "EM_S390": ("s390x", "s390x-linux-gnu"),
}
_SYSTEM_DIRECTORIES = ("/lib/{triplet}", "/usr/lib/{triplet}", "/lib64", "/usr/lib64", "/lib", "/usr/lib")
#: An ld.so.conf that includes itself must not keep us for ever.
_DEEPEST_INCLUDE = 8


class ClosureError(KdumpError):
    """A program or a library that cannot be used."""


@dataclass(frozen=True)
class Binary:
    """What the run-time linker reads of one ELF file."""

    path: str
    machine: str
    bits: int
    little_endian: bool
    interpreter: str | None = None
    soname: str | None = None
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()

    @property
    def static(self) -> bool:
        """True where the program starts without a run-time linker."""
        return self.interpreter is None and not self.needed

    @property
    def machine_name(self) -> str:
        """The machine as the rest of the collection spells it."""
        return MACHINES.get(self.machine, (self.machine, ""))[0]

    def runs_with(self, other: Binary) -> bool:
        """True where both can be in one process."""
        mine, theirs = (self.machine, self.bits, self.little_endian), (other.machine, other.bits, other.little_endian)
        return mine == theirs


@dataclass(frozen=True)
class Library:
    """A library: the name by which it is asked for, and the file that answers."""

    name: str
    path: str


@dataclass(frozen=True)
class Closure:
    """A program and everything that must be there before it can start."""

    program: Binary
    interpreter: str | None
    libraries: tuple[Library, ...]


@dataclass(frozen=True)
class _Object:
    """A binary in the place where the search found it: with the chain of those that needed it."""

    binary: Binary
    needed_by: _Object | None = None

    def chain(self) -> Iterator[Binary]:
        """The binary, then what needed it, up to the program."""
        node: _Object | None = self
        while node is not None:
            yield node.binary
            node = node.needed_by


def read_binary(path: str) -> Binary:
    """Read an ELF file's linking facts."""
    try:
        from elftools.elf.elffile import ELFFile  # type: ignore[import-untyped,unused-ignore]
    except ImportError as error:
        raise KdumpError(
            "Cannot read the libraries that a program needs: the Python library pyelftools is not installed. "
            "Install it (python3-pyelftools on Debian)."
        ) from error
    try:
        with open(path, "rb") as stream:
            return _facts(path, ELFFile(stream))
    except OSError as error:
        raise ClosureError(f"Cannot read {path}: {error.strerror or error}") from error
    except Exception as error:  # pyelftools answers damaged files with whatever its parsers stumble over
        raise ClosureError(f"Cannot use {path}: it is not an intact ELF file ({type(error).__name__})") from error


def closure(path: str, *, extra: Iterable[str] = (), root: str = "") -> Closure:
    """The closure of the program at ``path``; ``extra`` are libraries that it opens by itself.

    ``root`` stands before every path that is searched, for a tree of another machine.
    """
    program = read_binary(path)
    if program.static:
        return Closure(program, None, ())
    search = _Search(program, root)
    top = _Object(program)
    for name in extra:
        search.want(name, top)
    return Closure(program, search.interpreter(), search.run(top))


class _Search:
    """A breadth-first walk, in the run-time linker's own order."""

    def __init__(self, program: Binary, root: str) -> None:
        self._program = program
        self._root = root
        self._system = list(_system_directories(program.machine, root))
        self._found: dict[str, Library] = {}
        self._queue: deque[_Object] = deque()
        self._loaded = {os.path.basename(program.interpreter)} if program.interpreter else set[str]()

    def interpreter(self) -> str | None:
        """The run-time linker's path, checked."""
        path = self._program.interpreter
        if path is not None and not os.path.isfile(self._root + path):
            raise ClosureError(
                f"Cannot use {self._program.path}: its run-time linker {path} is not there. "
                "Install the C library of its architecture."
            )
        return path

    def run(self, top: _Object) -> tuple[Library, ...]:
        self._queue.append(top)
        while self._queue:
            node = self._queue.popleft()
            for name in node.binary.needed:
                self.want(name, node)
        return tuple(self._found[name] for name in sorted(self._found))

    def want(self, name: str, node: _Object) -> None:
        """Find a library unless it is there already (the linker itself is one of them)."""
        if name in self._found or name in self._loaded:
            return
        path, binary = self._find(name, node)
        self._found[name] = Library(os.path.basename(name), path)
        self._queue.append(_Object(binary, node))

    def _find(self, name: str, node: _Object) -> tuple[str, Binary]:
        foreign = ""
        for path in self._candidates(name, node):
            if not os.path.isfile(path):
                continue
            binary = read_binary(path)
            if binary.runs_with(self._program):
                return path, binary
            foreign = f"; {path} is for {binary.machine_name} and the program for {self._program.machine_name}"
        raise ClosureError(
            f"Cannot use {self._program.path}: the library {name}, needed by {node.binary.path}, was not found"
            f"{foreign}. Install the package that holds it."
        )

    def _candidates(self, name: str, node: _Object) -> Iterator[str]:
        if "/" in name:
            yield self._root + name
            return
        for where in (*_run_paths(node), *self._system):
            yield os.path.join(self._root + where, name)


def _run_paths(node: _Object) -> Iterator[str]:
    """DT_RPATH up the chain where the object has no DT_RUNPATH, else the object's own DT_RUNPATH."""
    if node.binary.runpath:
        yield from _expanded(node.binary, node.binary.runpath)
        return
    for binary in node.chain():
        if not binary.runpath:
            yield from _expanded(binary, binary.rpath)


def _expanded(binary: Binary, paths: Iterable[str]) -> Iterator[str]:
    origin = os.path.dirname(os.path.realpath(binary.path))
    library = "lib64" if binary.bits == 64 else "lib"
    for path in paths:
        for token, value in (("ORIGIN", origin), ("LIB", library)):
            path = path.replace(f"${{{token}}}", value).replace(f"${token}", value)
        if path.startswith("/"):
            yield path


def _system_directories(machine: str, root: str) -> Iterator[str]:
    triplet = MACHINES.get(machine, ("", ""))[1]
    yield from _configured(root, "/etc/ld.so.conf", 0)
    for pattern in _SYSTEM_DIRECTORIES:
        if triplet or "{" not in pattern:
            yield pattern.format(triplet=triplet)


def _configured(root: str, path: str, depth: int) -> Iterator[str]:
    """The directories of ld.so.conf and of what it includes."""
    if depth > _DEEPEST_INCLUDE:
        return
    for line in (read_text(root + path) or "").splitlines():
        words = line.split("#", 1)[0].split(None, 1)
        if len(words) == 2 and words[0] == "include":
            pattern = os.path.join(os.path.dirname(path), words[1].strip())
            for included in sorted(glob.glob(root + pattern)):
                yield from _configured(root, included[len(root) :], depth + 1)
        elif words and words[0].startswith("/"):
            yield words[0]


def _facts(path: str, elf: t.Any) -> Binary:
    tags: dict[str, list[str]] = {"DT_NEEDED": [], "DT_RPATH": [], "DT_RUNPATH": [], "DT_SONAME": []}
    interpreter = None
    for segment in elf.iter_segments():
        if segment["p_type"] == "PT_INTERP":
            interpreter = str(segment.get_interp_name())
        elif segment["p_type"] == "PT_DYNAMIC":
            for tag in segment.iter_tags():
                if tag.entry.d_tag in tags:
                    tags[tag.entry.d_tag].append(str(getattr(tag, tag.entry.d_tag[3:].lower())))
    return Binary(
        path=path,
        machine=str(elf["e_machine"]),
        bits=int(elf.elfclass),
        little_endian=bool(elf.little_endian),
        interpreter=interpreter,
        soname=next(iter(tags["DT_SONAME"]), None),
        needed=tuple(tags["DT_NEEDED"]),
        rpath=_split(tags["DT_RPATH"]),
        runpath=_split(tags["DT_RUNPATH"]),
    )


def _split(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(part for value in values for part in value.split(":") if part)
