# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A connection for benchmarks: every module call is answered with what one has returned before, and nothing is run."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION: t.Final = """
name: recorded
short_description: Answer module calls with a recorded result
description:
  - All that the controller does for a module is done; the host answers at once, with the same result each time.
author: The linux.kdump maintainers (@linux-kdump)
options:
  reply:
    description: The file with what the module printed.
    type: path
    required: true
    vars:
      - name: recorded_reply
extends_documentation_fragment:
  - connection_pipelining
"""


class Connection(ConnectionBase):
    """Takes what is sent, and answers from a file."""

    transport = "recorded"
    has_pipelining = True

    def _connect(self) -> Connection:
        self._connected = True
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        if in_data is None:
            raise AnsibleConnectionFailure(f"Cannot answer {cmd!r}: only modules that are sent whole were recorded.")
        with open(self.get_option("reply"), "rb") as stream:
            return 0, stream.read(), b""

    def put_file(self, in_path: str, out_path: str) -> t.NoReturn:
        raise AnsibleConnectionFailure(f"Cannot put {out_path}: nothing is kept here.")

    def fetch_file(self, in_path: str, out_path: str) -> t.NoReturn:
        raise AnsibleConnectionFailure(f"Cannot fetch {in_path}: there is nothing here.")

    def close(self) -> None:
        self._connected = False
