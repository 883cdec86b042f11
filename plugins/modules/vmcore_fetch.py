# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a dump from a host to the controller: the part that runs on the host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vmcore_fetch
short_description: Bring a dump from a host to the controller
version_added: 0.1.0
description:
  - Brings a dump folder or a single file to the controller, through whatever connection plugin the host uses and also
    under C(become), in pieces, so that neither side ever holds more than a small part of it in memory.
  - Each piece and then the whole file are compared by sha256 with what the host read. A file gets its name only then,
    in one step. A file of another content is never overwritten.
  - An attempt that was cut off is taken up where it ended. The host needs free space for O(chunk_bytes) in its remote
    temporary folder; the controller's free space is checked before anything is brought.
  - Only regular files with plain names are brought; links, folders and other names are refused.
options:
  path:
    description: The dump's folder on the host, or one file.
    type: str
    required: true
  dest:
    description:
      - The folder on the controller where the files are put. It is created with mode C(0700), the files have C(0600),
        since a vmcore is a copy of the host's memory.
      - A relative path is relative to the playbook.
    type: path
    required: true
  incomplete:
    description: Also bring files whose name ends in C(.incomplete) or C(-incomplete), which otherwise are refused.
    type: bool
    default: false
  remove:
    description:
      - Remove the files from the host after every one of them has been verified on the controller, and the folder if
        nothing is left in it. Otherwise the host is left untouched.
    type: bool
    default: false
  chunk_bytes:
    description:
      - How much is brought in one round trip. The default makes the round trips' own cost small against the transfer
        and still fits in the temporary folder of nearly every host.
    type: int
    default: 67108864
  _request:
    description: Set by the action plugin of the same name, which is what a task runs. Not for users.
    type: dict
    suboptions:
      step:
        description: What to do on the host.
        type: str
        required: true
        choices:
          list: Hash the files that are there.
          stage: Lay pieces of files out, for the connection plugin to fetch.
          remove: Remove the files.
      files:
        description: The files that the step is about, as the step V(list) described them.
        type: list
        elements: dict
        default: []
      pieces:
        description: Which part of which file to lay out.
        type: list
        elements: dict
        default: []
      into:
        description: The folder on the host where the pieces are laid out.
        type: path
      limit:
        description: Up to how many bytes in all the step V(list) lays the files out at once, in whole.
        type: int
        default: 0
extends_documentation_fragment:
  - linux.kdump.attributes
  - linux.kdump.attributes.action
attributes:
  action:
    support: full
  async:
    support: none
  bypass_host_loop:
    support: none
  check_mode:
    support: full
    details: Reads and hashes the files on the host, brings nothing.
  diff_mode:
    support: none
  idempotent:
    support: full
    details: With O(remove=true) there is nothing left to bring in a second run, which is an error.
  platform:
    support: full
    platforms: Linux
seealso:
  - module: linux.kdump.panic
  - module: linux.kdump.vmcore_info
author:
  - The linux.kdump maintainers (@linux-kdump)
"""

EXAMPLES = r"""
- name: Bring the dump of a drill
  linux.kdump.vmcore_fetch:
    path: "{{ drill.dump.path }}"
    dest: "artifacts/{{ inventory_hostname }}/{{ drill.dump.id }}"

- name: Bring a dump and make room on the host
  linux.kdump.vmcore_fetch:
    path: /var/crash/20261122T101500Z-1c9a33f0
    dest: /srv/dumps/web1
    remove: true
"""

RETURN = r"""
dest:
  description: The folder on the controller.
  returned: success
  type: str
  sample: artifacts/web1/20261122T101500Z-1c9a33f0
files:
  description: The files that are now in O(dest); in check mode, those that would be.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the file.
      returned: always
      type: str
      sample: vmcore
    path:
      description: Where it is on the controller.
      returned: always
      type: str
      sample: artifacts/web1/20261122T101500Z-1c9a33f0/vmcore
    bytes:
      description: Its size.
      returned: always
      type: int
      sample: 41943040
    sha256:
      description: Its digest, the same on the host and on the controller.
      returned: always
      type: str
      sample: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    changed:
      description: Whether it was brought now. Otherwise it was there already.
      returned: always
      type: bool
      sample: true
bytes:
  description: How many bytes were brought now.
  returned: success
  type: int
  sample: 42012345
resumed_bytes:
  description: How many bytes were there from an attempt that had been cut off.
  returned: success
  type: int
  sample: 0
seconds:
  description: How long it took.
  returned: success
  type: float
  sample: 3.2
removed:
  description: Whether the files were removed from the host.
  returned: success
  type: bool
  sample: false
"""

import typing as t
from collections.abc import Mapping

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.transfer.options import OPTIONS, REQUEST
from ansible_collections.linux.kdump.plugins.module_utils.transfer.plan import SourceFile
from ansible_collections.linux.kdump.plugins.module_utils.transfer.source import list_files, remove_files, stage_chunks
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude, request_of


def work(options: Mapping[str, t.Any], *, check_mode: bool) -> dict[str, t.Any]:
    """Do the one step that the action plugin asked for."""
    request = request_of(options, "vmcore_fetch")
    files = [SourceFile.parse(document) for document in request["files"]]
    if request["step"] == "list":
        into, limit = request["into"], request["limit"]
        return list_files(options["path"], incomplete=options["incomplete"], into=into, limit=limit)
    if request["step"] == "stage":
        staged = stage_chunks(options["path"], files=files, pieces=request["pieces"], into=request["into"])
        return {"digests": staged}
    if not check_mode:
        remove_files(options["path"], files)
    return {"changed": True}


def main() -> None:
    module = AnsibleModule(argument_spec={**OPTIONS, "_request": REQUEST}, supports_check_mode=True)
    conclude(module, lambda: work(module.params, check_mode=module.check_mode))


if __name__ == "__main__":
    main()
