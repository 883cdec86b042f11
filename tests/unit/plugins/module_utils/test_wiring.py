# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module ends with its work's result or with the one error it raised."""

from __future__ import annotations

import errno
import typing as t

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.errors import KdumpError
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


class Ended(Exception):
    """What exit_json and fail_json of AnsibleModule do: never return."""


class FakeModule:
    """Remembers how it was ended."""

    def __init__(self) -> None:
        self.result: dict[str, t.Any] = {}

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn:
        self.result = kwargs
        raise Ended

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn:
        self.result = {"failed": True, "msg": msg, **kwargs}
        raise Ended


def conclusion(work: t.Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
    module = FakeModule()
    with pytest.raises(Ended):
        conclude(module, work)
    return module.result


def test_a_result_is_passed_on() -> None:
    assert conclusion(lambda: {"changed": True}) == {"changed": True}


def test_an_error_keeps_its_facts() -> None:
    def work() -> dict[str, t.Any]:
        raise KdumpError("Cannot do it: no.", rc=3)

    assert conclusion(work) == {"failed": True, "msg": "Cannot do it: no.", "rc": 3}


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "/root/cache"), "/root/cache: Permission denied. Look"),
        (OSError(errno.ENOSPC, "No space left on device"), "the file system or the network: No space left on device."),
        (TimeoutError("timed out"), "the file system or the network: timed out."),
    ],
)
def test_a_file_that_cannot_be_read_or_written_is_one_clear_line(error: OSError, words: str) -> None:
    def work() -> dict[str, t.Any]:
        raise error

    result = conclusion(work)
    assert result["failed"]
    assert result["msg"].startswith(f"Cannot go on: {words}")
    assert "\n" not in result["msg"]


def test_a_mistake_of_our_own_keeps_its_traceback() -> None:
    def work() -> dict[str, t.Any]:
        raise KeyError("x")

    with pytest.raises(KeyError):
        conclude(FakeModule(), work)
