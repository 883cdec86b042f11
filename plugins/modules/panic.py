# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Crash a host on purpose: the part that runs on the host."""

from __future__ import annotations

DOCUMENTATION = r"""
module: panic
short_description: Crash a host on purpose and follow it through its capture kernel and back
version_added: 0.1.0
description:
  - Crashes the host's kernel, so that its crash image takes over, saves the memory and restarts the host; follows it
    all the way and says what became of it.
  - Refuses unless a crash image is loaded that belongs to this boot and is what lies on disk, and O(confirm) names
    this very host.
  - Writes a nonce to the kernel log first, so that the dump itself proves which crash it is from, and syncs.
  - The host counts as back only when its boot id has changed and C(/proc/vmcore) is absent, since a capture kernel may
    answer to ssh as well.
  - Needs C(become) where the login user is not root.
options:
  confirm:
    description: The inventory name of the host that is to be crashed, as a safeguard. Anything else is refused.
    type: str
    required: true
  method:
    description: How to crash it.
    type: str
    choices:
      sysrq-c: Write C(c) to C(/proc/sysrq-trigger). This works whatever C(kernel.sysrq) is.
    default: sysrq-c
  console:
    description:
      - A file on the controller that holds the host's serial console and grows with it.
      - With it the time line has every stage, and a failure its reason. The lab's guests have one.
    type: path
  dump_path:
    description: Where the host keeps its dumps.
    type: str
    default: /var/crash
  down_timeout:
    description:
      - Seconds within which the host must go down. The crash itself takes effect at once; this is the time to notice
        it over a connection that hangs.
    type: int
    default: 60
  back_timeout:
    description:
      - Seconds within which the host must be back, counted from the trigger. Servers spend minutes in their firmware,
        and saving takes about a second for each gigabyte of memory that is in use.
    type: int
    default: 900
  stall_timeout:
    description:
      - Seconds for which the console may be silent while the capture kernel saves; needs O(console). Longer than any
        step of the save script goes without a sign of life.
    type: int
    default: 300
  _request:
    description: Set by the action plugin of the same name, which is what a task runs. Not for users.
    type: dict
    suboptions:
      host:
        description: The inventory name of the host, which O(confirm) has to equal.
        type: str
        required: true
      nonce:
        description: What to write to the kernel log before the crash.
        type: str
        required: true
      boot_id:
        description: The boot that was examined. In any other nothing is crashed.
        type: str
        required: true
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
    details: Checks everything that it checks before a crash, and crashes nothing.
  diff_mode:
    support: none
  idempotent:
    support: none
    details: Each run is a crash.
  platform:
    support: full
    platforms: Linux
seealso:
  - module: linux.kdump.kdump_info
  - module: linux.kdump.vmcore_fetch
author:
  - The linux.kdump maintainers (@linux-kdump)
"""

EXAMPLES = r"""
- name: Crash a test machine
  linux.kdump.panic:
    confirm: test1
    console: /var/log/consoles/test1.log
  become: true
  register: drill

- name: Bring its dump
  linux.kdump.vmcore_fetch:
    path: "{{ drill.dump.path }}"
    dest: "artifacts/{{ inventory_hostname }}/{{ drill.dump.id }}"
  become: true
"""

RETURN = r"""
nonce:
  description: What was written to the kernel log before the crash. Empty in check mode.
  returned: success, or a failure after the trigger
  type: str
  sample: 3b1f0f5d1c9a4e0f8e6d7c5b4a392817
method:
  description: How the host was crashed.
  returned: success, or a failure after the trigger
  type: str
  sample: sysrq-c
outcome:
  description:
    - What became of it. Everything but V(captured) fails the task.
    - V(never_went_down), the host went on running. V(never_came_back), it went down and stayed away.
    - V(no_capture), it came back without a dump. V(capture_out_of_memory), the capture kernel had too little memory.
    - V(save_failed), the capture kernel ran, but could not save.
    - V(elsewhere), it came back without a dump, which is on another of its targets, as far as its console could be
      seen, or may be there.
  returned: after the trigger
  type: str
  sample: captured
message:
  description: The same as a sentence, with what to do next. In check mode, what would happen.
  returned: success, or a failure after the trigger
  type: str
  sample: test1 crashed, saved its memory and is back
started:
  description: When the crash was triggered, by the controller's clock.
  returned: after the trigger
  type: str
  sample: "2026-11-22T10:15:00Z"
host_time:
  description: When the nonce was written, by the host's own clock, in seconds since 1970.
  returned: after the trigger
  type: float
  sample: 1795342500.12
events:
  description: What happened, in order.
  returned: after the trigger
  type: list
  elements: dict
  contains:
    name:
      description:
        - V(triggered), V(connection_lost), V(panic), V(capture_kernel), the tags of the save script such as
          V(save-start) or V(fail-space), V(capture_out_of_memory), V(capture_panic), V(kernel), V(connection_back),
          V(settled).
      returned: always
      type: str
      sample: capture_kernel
    seconds:
      description: Since the trigger, by the controller's clock.
      returned: always
      type: float
      sample: 2.41
    source:
      description: Where it was seen, V(controller) for the connection or V(console).
      returned: always
      type: str
      sample: console
    text:
      description: What was said, for instance a panic's reason or a kernel's release.
      returned: always
      type: str
      sample: 6.1.0-kdump
before:
  description: The evidence about the host before the crash, see M(linux.kdump.kdump_info).
  returned: success, or a failure after the trigger
  type: dict
  sample: {"nodename": "test1", "release": "6.1.0-32-amd64"}
after:
  description: The evidence after the crash, or null where the host did not come back.
  returned: after the trigger
  type: dict
  sample: {"nodename": "test1", "release": "6.1.0-32-amd64"}
dump:
  description: The dump of this crash, an entry of C(evidence.dumps), or null.
  returned: after the trigger
  type: dict
  sample: {"id": "20261122T101500Z-1c9a33f0", "path": "/var/crash/20261122T101500Z-1c9a33f0", "complete": true}
console:
  description: What the console said from the trigger on, at most 2000 lines; of a failure the last 100.
  returned: after the trigger
  type: list
  elements: str
  sample: ["sysrq: Trigger a crash", "Kernel panic - not syncing: sysrq triggered crash"]
"""

import time
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import CommandRunner, ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.drill_trigger import (
    METHODS,
    OPTIONS,
    REQUEST,
    Places,
    check_confirmed,
    check_host,
    crash_soon,
    sync,
    write_nonce,
)
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude, request_of


def work(
    options: t.Mapping[str, t.Any], runner: CommandRunner, places: Places, *, check_mode: bool
) -> dict[str, t.Any]:
    """Check once more, leave the nonce, and crash the host as soon as this reply has left it."""
    request = request_of(options, "panic")
    check_confirmed(options["confirm"], request["host"])
    check_host(request["boot_id"], places)
    if check_mode:
        return {"changed": True}
    host_time = time.time()
    write_nonce(request["nonce"], places)
    sync(runner)
    crash_soon(METHODS[options["method"]], places)
    return {"changed": True, "host_time": host_time}


def main() -> None:
    module = AnsibleModule(argument_spec={**OPTIONS, "_request": REQUEST}, supports_check_mode=True)
    conclude(module, lambda: work(module.params, ModuleRunner(module), Places(), check_mode=module.check_mode))


if __name__ == "__main__":
    main()
