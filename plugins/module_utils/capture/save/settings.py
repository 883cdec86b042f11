# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a user may choose about the save environment, checked while there is still somebody to read the message."""

from __future__ import annotations

import re
import typing as t
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...errors import KdumpError
from . import streams

FINAL_ACTIONS: t.Final = ("reboot", "halt", "poweroff", "shell")
#: Seconds for: finding and mounting the target, saving the log, saving the vmcore, one sync.
DEFAULT_LIMITS: t.Final[Mapping[str, int]] = {"target": 30, "log": 60, "core": 1800, "sync": 60}
LONGEST_LIMIT: t.Final = 99999
DEFAULT_COLLECTOR: t.Final = ("makedumpfile", "-l", "-d", "31")

#: makedumpfile's switch -> the compressor that must have been built in; without it the switch is silently ignored.
COMPRESSORS: t.Final = {"-l": "lzo", "-p": "snappy", "-z": "zstd"}
#: Options that make makedumpfile do something else than turn one vmcore into one file.
_OTHER_WORK: t.Final = {
    "-F": "writes to standard output",
    "-R": "rearranges a dump that exists",
    "-h": "only prints help",
    "-v": "only prints its version",
    "--check-params": "only checks its options",
    "--dry-run": "saves nothing",
    "--dump-dmesg": "saves the log, which is done anyway",
    "--mem-usage": "only counts pages",
    "--reassemble": "rearranges a dump that exists",
    "--split": "needs several files",
}
_WORD = re.compile(r"[!-~]+")


class SettingError(KdumpError):
    """A choice that cannot be honoured in the capture kernel."""


@dataclass(frozen=True)
class Settings:
    """The image's own defaults; the capture kernel's command line may override all but the collector."""

    collector: tuple[str, ...] = DEFAULT_COLLECTOR
    final_action: str = "reboot"
    limits: tuple[tuple[str, int], ...] = tuple(DEFAULT_LIMITS.items())
    #: What is done instead of the final action where no vmcore was saved; None for the same.
    on_failure: str | None = None
    #: All memory is copied as it is, without makedumpfile.
    raw: bool = False
    #: What compresses the vmcore as a whole, and what encrypts vmcore and log.
    pack: streams.Filter | None = None
    seal: streams.Filter | None = None

    @property
    def arguments(self) -> tuple[str, ...]:
        """The collector's arguments, without its name."""
        return () if self.raw else self.collector[1:]

    @property
    def files(self) -> tuple[str, str]:
        """What the vmcore and the log are called."""
        return streams.core_name(pack=self.pack, seal=self.seal), streams.log_name(seal=self.seal)

    def parts(self, *, streaming: bool = False) -> tuple[str, ...]:
        """The parts of the save script that these choices need; with ``streaming`` a target needs streams as well."""
        if self.pack or self.seal:
            return (streams.part(raw=self.raw, pack=self.pack, seal=self.seal),)
        copied = (streams.RAW,) if self.raw else ()
        return (*copied, streams.part(raw=self.raw, files=False)) if streaming else copied

    def text(self, makedumpfile_version: str) -> str:
        """The settings in the form of a command line, which is what the save script reads."""
        lines = [f"kdump.final={self.final_action}"]
        lines += [f"kdump.on_failure={self.on_failure}"] if self.on_failure else []
        lines += [f"kdump.limit_{name}={seconds}" for name, seconds in self.limits]
        lines.append(f"kdump.makedumpfile_version={makedumpfile_version}")
        return "".join(line + "\n" for line in lines)


def settings(
    *,
    collector: Sequence[str],
    final_action: str,
    limits: Mapping[str, int],
    on_failure: str | None = None,
    raw: bool = False,
    pack: streams.Filter | None = None,
    seal: streams.Filter | None = None,
) -> Settings:
    """Checked settings; limits that are not given keep their defaults."""
    if not raw:
        _check_collector(collector)
    for name, action in (("final action", final_action), ("action on failure", on_failure or final_action)):
        if action not in FINAL_ACTIONS:
            raise SettingError(f"Cannot use {name} {action!r}: it is none of {', '.join(FINAL_ACTIONS)}")
    unknown = sorted(set(limits) - set(DEFAULT_LIMITS))
    if unknown:
        raise SettingError(f"Cannot use limit {unknown[0]!r}: there are limits for {', '.join(DEFAULT_LIMITS)}")
    for name, seconds in limits.items():
        if not 1 <= seconds <= LONGEST_LIMIT:
            raise SettingError(f"Cannot use limit {name}: {seconds} seconds are not between 1 and {LONGEST_LIMIT}")
    merged = {**DEFAULT_LIMITS, **limits}
    return Settings(
        tuple(collector), final_action, tuple(merged.items()), on_failure=on_failure, raw=raw, pack=pack, seal=seal
    )


def compressor(arguments: Sequence[str]) -> str | None:
    """The compressor that the collector's options ask for, where it must have been built in."""
    return next((COMPRESSORS[word] for word in arguments if word in COMPRESSORS), None)


def _check_collector(collector: Sequence[str]) -> None:
    shown = " ".join(collector)[:120]
    if not collector or collector[0] != "makedumpfile":
        raise SettingError(f"Cannot use collector {shown!r}: its first word must be makedumpfile")
    for word in collector:
        if not _WORD.fullmatch(word):
            raise SettingError(f"Cannot use collector {shown!r}: {word[:40]!r} is not one word of printable ASCII")
        if word in _OTHER_WORK:
            raise SettingError(f"Cannot use collector {shown!r}: {word} {_OTHER_WORK[word]}")
    level = _dump_level(collector)
    if level is not None and not re.fullmatch(r"\d+(,\d+)*", level):
        raise SettingError(f"Cannot use collector {shown!r}: dump level {level!r} is not a number from 0 to 31")
    if level is not None and any(int(part) > 31 for part in level.split(",")):
        raise SettingError(f"Cannot use collector {shown!r}: dump level {level} is over 31")


def _dump_level(collector: Sequence[str]) -> str | None:
    for index, word in enumerate(collector):
        if word == "-d":
            return collector[index + 1] if index + 1 < len(collector) else ""
        if word.startswith("-d"):
            return word[2:]
    return None
