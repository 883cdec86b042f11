# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where packages for an image come from: the build host's own package sources, so that no file names a mirror."""

from __future__ import annotations

import re
import typing as t
from dataclasses import dataclass

from ..command import CommandRunner
from ..errors import KdumpError

_FORMAT = "$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ARCHITECTURE)"
_FIELDS = 4


@dataclass(frozen=True)
class Source:
    """One place packages come from."""

    uri: str
    release: str
    component: str

    @property
    def line(self) -> str:
        """The one-line form that mmdebstrap and sources.list take."""
        return f"deb {self.uri} {self.release} {self.component}"


def parse_targets(text: str, *, suite: str, architecture: str) -> tuple[Source, ...]:
    """The sources of a suite (with its updates and security releases) among apt's index targets, each once."""
    wanted = re.compile(rf"{re.escape(suite)}(-updates|-security|/updates)?")
    found: dict[Source, None] = {}
    for line in text.splitlines():
        fields = line.split("|")
        if len(fields) != _FIELDS or fields[3] != architecture or not wanted.fullmatch(fields[1]):
            continue
        found[Source(fields[0], fields[1], fields[2])] = None
    return tuple(found)


def host_sources(runner: CommandRunner, *, suite: str, architecture: str) -> tuple[str, ...]:
    """The build host's sources of a suite as one-line sources."""
    argv: t.Final = ["apt-get", "indextargets", "--format", _FORMAT, "Created-By: Packages"]
    done = runner.run(argv, what="read this machine's package sources", timeout=60)
    sources = parse_targets(done.out, suite=suite, architecture=architecture)
    if not any(source.release == suite for source in sources):
        raise KdumpError(
            f"Cannot get packages: this machine's package sources hold no {suite} for {architecture}."
            " Name them with the option sources."
        )
    return tuple(source.line for source in sources)
