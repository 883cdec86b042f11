# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on the controller, for real."""

from __future__ import annotations

import pytest

from ansible_collections.linux.kdump.plugins.module_utils.command import CommandError, CommandTimeoutError
from ansible_collections.linux.kdump.plugins.plugin_utils.command import LocalRunner


def test_output_input_and_locale() -> None:
    done = LocalRunner().run(["sh", "-c", "cat; echo $LC_ALL >&2"], what="echo", timeout=10, data="in")
    assert (done.rc, done.out, done.err) == (0, "in", "C\n")


def test_a_missing_command_is_a_clear_error() -> None:
    with pytest.raises(
        CommandError, match="Cannot try: no-such-tool ended with status 127: no-such-tool is not installed"
    ):
        LocalRunner().run(["no-such-tool"], what="try", timeout=10)


def test_a_command_that_hangs_is_stopped() -> None:
    with pytest.raises(CommandTimeoutError, match="did not end within 1 seconds"):
        LocalRunner().run(["sleep", "60"], what="wait", timeout=1)


def test_a_status_can_be_returned() -> None:
    assert LocalRunner().run(["false"], what="try", timeout=10, check=False).rc == 1
