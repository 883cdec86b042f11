# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one place where a module's work meets exit_json and fail_json."""

from __future__ import annotations

import typing as t
from collections.abc import Callable, Mapping

from .errors import KdumpError


class SupportsExit(t.Protocol):
    """The part of AnsibleModule that ends a module."""

    def exit_json(self, **kwargs: t.Any) -> t.NoReturn: ...

    def fail_json(self, msg: str, **kwargs: t.Any) -> t.NoReturn: ...


def conclude(module: SupportsExit, work: Callable[[], Mapping[str, t.Any]]) -> t.NoReturn:
    """Do the work and end the module with its result, or with the one clear error it raised."""
    try:
        result = work()
    except KdumpError as error:
        module.fail_json(**error.as_result())
    except OSError as error:
        # A full or read-only disk, or missing rights, can meet any file that is read or written on the way.
        place = error.filename or "the file system or the network"
        module.fail_json(
            msg=f"Cannot go on: {place}: {error.strerror or error}."
            " Look at its owner, its mode and the free space, or run the task with become.",
            errno=error.errno,
        )
    module.exit_json(**result)


def request_of(options: Mapping[str, t.Any], module: str) -> Mapping[str, t.Any]:
    """What the action plugin of the same name asks this module for; users call the plugin, which sets it."""
    request: Mapping[str, t.Any] | None = options["_request"]
    if request is None:
        raise KdumpError(
            f"Cannot run {module} without its action plugin: nothing says which part of the work is to be done. "
            f"Call it as linux.kdump.{module} in a task"
        )
    return request
