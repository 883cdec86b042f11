# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user adds to the image: hooks, files, and programs with the libraries that they need."""

from __future__ import annotations

import os
import re
import stat
import typing as t
from collections.abc import Iterable, Mapping, Sequence

from ..save import hooks as save_hooks
from ..save.settings import LONGEST_LIMIT
from . import content, newc

#: What the save environment mounts over, and what it writes to.
_HIDDEN = ("proc", "sys", "dev", "target", "tmp")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_MODE = re.compile(r"0?[0-7]{3}")
_ELF = b"\x7fELF"
_SCRIPT = b"#!"


class ExtraError(content.ContentError):
    """Something of the user's that cannot be put into the image."""


def hooks(before: Sequence[str], after: Sequence[str], *, limit: int) -> content.Addition:
    """The hooks: files of the build host, by stage. They run in the order of their names."""
    if not 1 <= limit <= LONGEST_LIMIT:
        raise ExtraError(f"Cannot use hook_limit: {limit} seconds are not between 1 and {LONGEST_LIMIT}.")
    if not before and not after:
        return content.Addition()
    count = len(before) + len(after)
    if count > save_hooks.MOST_HOOKS:
        raise ExtraError(f"Cannot use {count} hooks: at most {save_hooks.MOST_HOOKS} are run. Put some into one.")
    files = {
        f"{save_hooks.HOOKS_PATH}/{stage}/{name}": path
        for stage, paths in zip(save_hooks.STAGES, (before, after))
        for name, path in _named(paths, stage).items()
    }
    added = _content((member, path, 0o755) for member, path in files.items())
    return content.Addition(
        parts=(save_hooks.part(count=count, limit=limit),),
        facts={"hooks": sorted(member[len(save_hooks.HOOKS_PATH) + 1 :] for member in files)},
        **added,
    )


def files(entries: Sequence[Mapping[str, t.Any]]) -> content.Addition:
    """The extra files: ``src`` on the build host, ``dest`` in the image, ``mode`` where it is not the file's own."""
    if not entries:
        return content.Addition()
    wanted = [(_member(entry), str(entry["src"]), _mode(entry)) for entry in entries]
    twice = next((member for member, *_rest in wanted if [other[0] for other in wanted].count(member) > 1), None)
    if twice:
        raise ExtraError(f"Cannot put two extra files at /{twice} into the initramfs. Give one of them another dest.")
    return content.Addition(facts={"extra_files": sorted(member for member, *_rest in wanted)}, **_content(wanted))


def check_interpreters(members: Iterable[newc.Member]) -> None:
    """Refuse a script whose interpreter is not in the image: it could not be started."""
    by_path = {member.path: member for member in members}
    for member in by_path.values():
        if member.kind != "file" or not member.mode & 0o111 or not member.data.startswith(_SCRIPT):
            continue
        words = member.data[2:256].split(b"\n", 1)[0].split()
        interpreter = os.fsdecode(words[0]) if words else ""
        if interpreter.lstrip("/") not in by_path:
            raise ExtraError(
                f"Cannot put {member.path} into the initramfs: its interpreter {interpreter or '(none)'} is not there. "
                "Write it for /bin/sh, which is busybox's, or add the interpreter with extra_files."
            )


def _named(paths: Sequence[str], stage: str) -> dict[str, str]:
    """The hooks by their names."""
    found: dict[str, str] = {}
    for path in paths:
        name = os.path.basename(path)
        if not _NAME.fullmatch(name):
            raise ExtraError(
                f"Cannot use the hook {path}: its name may hold letters, digits and ._- only, and begins with a letter "
                "or a digit. Rename it."
            )
        if name in found:
            raise ExtraError(
                f"Cannot use the hook {path}: there is another {name} that runs {stage} saving. Rename it."
            )
        found[name] = path
    return found


def _member(entry: Mapping[str, t.Any]) -> str:
    dest = str(entry["dest"])
    parts = dest.split("/")
    if parts[0] or {"", ".", ".."} & set(parts[1:]) or not dest.isprintable():
        raise ExtraError(f"Cannot put an extra file at {dest[:80]!r}: it is not a plain absolute path of a file.")
    if parts[1] in _HIDDEN:
        raise ExtraError(
            f"Cannot put an extra file at {dest}: /{parts[1]} is mounted or written to in the save environment. "
            "Choose another dest."
        )
    return dest[1:]


def _mode(entry: Mapping[str, t.Any]) -> int | None:
    mode = entry.get("mode")
    if mode is None:
        return None
    if not _MODE.fullmatch(str(mode)):
        raise ExtraError(f"Cannot use mode {mode!r} for {entry['dest']}: it is not three octal digits, such as 0644.")
    return int(str(mode), 8)


def _content(wanted: Iterable[tuple[str, str, int | None]]) -> dict[str, t.Any]:
    """Programs with their libraries, everything else as it is. What is private here or there makes the image so."""
    programs, members, sources, secret = [], [], {}, False
    for member, source, mode in wanted:
        data = content.contents(source)
        private = not os.stat(source).st_mode & stat.S_IROTH
        inherited = (0o755 if os.access(source, os.X_OK) else 0o644) & (0o700 if private else 0o777)
        permissions = inherited if mode is None else mode
        secret = secret or private or not permissions & stat.S_IROTH
        if data.startswith(_ELF):
            programs.append(content.Program(member, source, permissions=permissions))
        else:
            members.append(newc.regular(member, data, permissions=permissions))
            sources[member] = source
    return {"programs": tuple(programs), "members": tuple(members), "sources": sources, "secret": secret}
