# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands on the controller, for plugins."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from ..module_utils.command import CommandTimeoutError, Completed, environment, finish


class LocalRunner:
    """Runs commands on the controller; the twin of ``module_utils.command.ModuleRunner``."""

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
        try:
            done = subprocess.run(
                list(argv), cwd=cwd, input=data or "", env={**os.environ, **environment(env)}, timeout=timeout,
                capture_output=True, text=True, errors="surrogateescape", check=False,
            )  # fmt: skip
        except FileNotFoundError:
            done = subprocess.CompletedProcess(list(argv), 127, "", f"{argv[0]} is not installed")
        except subprocess.TimeoutExpired as error:
            raise CommandTimeoutError(
                f"Cannot {what}: {argv[0]} did not end within {timeout} seconds and was stopped"
            ) from error
        completed = Completed(tuple(argv), done.returncode, done.stdout, done.stderr)
        return finish(completed, what=what, timeout=timeout, check=check)
