#!/usr/bin/python
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation, argument spec and wiring; the work is in module_utils/lab/rehearsal."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rehearse
short_description: Rehearse a host's own capture kernel in an emulated machine, without crashing anything
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Starts a host's capture kernel and initramfs in QEMU as kexec would after a crash, with the host's own capture
    command line, in a reservation of the host's size, with the memory of a crashed machine beside it.
  - Tells whether it boots, finds its target, saves a dump that reads well, and the peak of memory in use.
  - A rehearsal that comes to nothing fails the task, with all that was seen.
  - The old memory is that of a dump (O(memory)), so that C(makedumpfile) has a real kernel's memory to filter. Without
    one it is zeros, there is nothing to save, and the rehearsal ends where the target is ready.
notes:
  - Runs on the controller, where QEMU is. No privileges are needed, and nothing is crashed.
  - Only x86_64.
  - The target is a new disk with the UUID or label that the command line asks for, with ext2, ext3 or ext4. Where the
    command line names no local target, such a disk stands for it; see RV(rehearsal.target_replaced).
  - What the real machine's own devices take is not seen here, nor what grows with its memory. M(linux.kdump.calibrate)
    measures the latter.
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
    details: Nothing is started.
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: Linux
    support: full
options:
  kernel:
    description: The host's capture kernel.
    type: path
    required: true
  initramfs:
    description: The host's save environment.
    type: path
    required: true
  command_line:
    description: The host's capture command line, as its load record holds it.
    type: str
    required: true
  size:
    description: The host's reservation.
    type: str
    required: true
  base:
    description:
      - Where the reservation begins; a multiple of 16 MiB, as kernels of x86 choose it.
      - Page descriptors are made for whole pieces of memory, so a reservation across the border of two has less left.
        Pieces are of 128 MiB, and of 16 MiB in kernels of M(linux.kdump.kernel_build).
    type: str
    default: 256M
  memory:
    description: A dump of an x86_64 machine in ELF format, as C(makedumpfile -E) writes it, filtered or not.
    type: path
  memory_size:
    description: How many zeros stand for a machine's memory where O(memory) is not given.
    type: str
    default: 1G
  cpus:
    description: The CPUs of the machine that was never there, where O(memory) is not given.
    type: int
    default: 1
  disk:
    description: The controller of the disk, which decides what driver the capture kernel needs.
    type: str
    choices: [virtio, nvme, sata]
    default: virtio
  disk_size:
    description: The size of the disk. Without it, as large as the old memory and 256 MiB more.
    type: str
  timeout:
    description: The most seconds that the rehearsal may take.
    type: int
    default: 300
  stall:
    description: For how many seconds the capture kernel may be silent before its save environment starts.
    type: int
    default: 60
  folder:
    description: A folder to keep the console and the dump in; without it nothing is kept.
    type: path
seealso:
  - module: linux.kdump.calibrate
  - module: linux.kdump.kexec_crash
"""

EXAMPLES = r"""
- name: Learn how the host would be captured
  linux.kdump.kdump_info:
  register: info

- name: Have its capture kernel and initramfs here
  ansible.builtin.fetch:
    src: "{{ item }}"
    dest: "rehearsal/{{ inventory_hostname }}-{{ item | basename }}"
    flat: true
  loop:
    - "{{ info.evidence.load.kernel.path }}"
    - "{{ info.evidence.load.initramfs.path }}"

- name: Rehearse
  linux.kdump.rehearse:
    kernel: "rehearsal/{{ inventory_hostname }}-{{ info.evidence.load.kernel.path | basename }}"
    initramfs: "rehearsal/{{ inventory_hostname }}-{{ info.evidence.load.initramfs.path | basename }}"
    command_line: "{{ info.evidence.load.command_line }}"
    size: "{{ info.evidence.load.reserved_bytes }}"
    memory: artifacts/reference-vmcore.elf
  delegate_to: localhost
"""

RETURN = r"""
rehearsal:
  description: How it went; V(null) in check mode. A task that fails returns it too.
  returned: always
  type: dict
  contains:
    outcome:
      description:
        - V(saved) if a dump was saved that reads well. V(booted) if there was no memory to save and the target was
          ready.
        - Of a rehearsal that failed, V(does_not_fit), V(no_capture), V(out_of_memory), V(save_failed), V(bad_dump) or
          V(timeout).
      returned: always
      type: str
      sample: saved
    message:
      description: What went wrong, or an empty string.
      returned: always
      type: str
      sample: ""
    boots:
      description: Whether the save environment started.
      returned: always
      type: bool
      sample: true
    target:
      description: Whether it could write to its target.
      returned: always
      type: bool
      sample: true
    target_replaced:
      description: Whether a local disk stood for a target of another kind.
      returned: always
      type: bool
      sample: false
    old_memory:
      description: The dump whose memory was there, or V(synthetic).
      returned: always
      type: str
      sample: artifacts/reference-vmcore.elf
    reserved_bytes:
      description: The reservation.
      returned: always
      type: int
      sample: 67108864
    total_kib:
      description: The memory that the capture kernel had, by its record.
      returned: always
      type: int
      sample: 44000
    peak_used_kib:
      description: The most of it that was seen in use.
      returned: always
      type: int
      sample: 12800
    events:
      description: What the console showed, with the seconds since the start.
      returned: always
      type: list
      elements: dict
      sample: [{name: save-start, seconds: 1.2, text: 6.1.192-kdump}]
    record:
      description: The record that the save environment wrote.
      returned: always
      type: dict
      sample: {status: saved}
    verdict:
      description: The verdict on the dump, as M(linux.kdump.vmcore_info) returns it.
      returned: always
      type: dict
      sample: {verdict: ok}
    console:
      description: The last lines of the console.
      returned: always
      type: list
      elements: str
      sample: ["linux.kdump: [1.90] final-action reboot"]
  sample:
    outcome: saved
    boots: true
    target: true
    peak_used_kib: 12800
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.lab.rehearsal.rehearse import DISKS, rehearse
from ansible_collections.linux.kdump.plugins.module_utils.lab.waiting import (
    AttendedClock,
    nobody_listens,
    orderly_end,
)
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Run it, and leave no machine behind however that ends."""
    with orderly_end():
        return rehearse(
            module.params, runner=ModuleRunner(module), check=module.check_mode, clock=AttendedClock(nobody_listens)
        )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "kernel": {"type": "path", "required": True},
            "initramfs": {"type": "path", "required": True},
            "command_line": {"type": "str", "required": True},
            "size": {"type": "str", "required": True},
            "base": {"type": "str", "default": "256M"},
            "memory": {"type": "path"},
            "memory_size": {"type": "str", "default": "1G"},
            "cpus": {"type": "int", "default": 1},
            "disk": {"type": "str", "choices": list(DISKS), "default": "virtio"},
            "disk_size": {"type": "str"},
            "timeout": {"type": "int", "default": 300},
            "stall": {"type": "int", "default": 60},
            "folder": {"type": "path"},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: work(module))


if __name__ == "__main__":
    main()
