# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for what pure code talks to."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping, Sequence

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.command import Completed, finish

#: What a fake command answers: (status, standard output, standard error), or a function of the argv that returns it.
Answer = t.Union[tuple[int, str, str], Callable[[Sequence[str]], tuple[int, str, str]]]


class FakeRunner:
    """Answers commands from a table keyed by the start of the argv; an unexpected command fails the test."""

    def __init__(self, answers: Mapping[tuple[str, ...], Answer] | None = None) -> None:
        self.answers: dict[tuple[str, ...], Answer] = dict(answers or {})
        self.calls: list[tuple[str, ...]] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        what: str,
        timeout: int,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        data: str | None = None,
        check: bool = True,
    ) -> Completed:
        self.calls.append(tuple(argv))
        matches = [key for key in self.answers if tuple(argv[: len(key)]) == key]
        if not matches:
            pytest.fail(f"unexpected command: {list(argv)}")
        answer = self.answers[max(matches, key=len)]
        rc, out, err = answer(argv) if callable(answer) else answer
        return finish(Completed(tuple(argv), rc, out, err), what=what, timeout=timeout, check=check)
