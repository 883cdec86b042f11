# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A drill on an emulated machine of any architecture."""

from __future__ import annotations

DOCUMENTATION = r"""
module: qemu_drill
short_description: Crash an emulated machine and verify what its capture kernel saved
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Boots a machine in QEMU straight from a kernel and a small initramfs, loads a capture kernel with its real save
    environment as a host would (C(kexec -p), the command line by the rules of M(linux.kdump.kexec_crash)), writes a
    nonce to the kernel log, crashes it, and follows its serial console until it ends.
  - The dump is read back out of the machine's disk, without root and without mounting it, and judged by the library of
    M(linux.kdump.vmcore_info), which must find that very nonce in it.
  - Anything but a sound dump of this very crash is a failure, and RV(outcome) tells what kind.
  - It needs neither a distribution in a disk image nor ssh, so it works for every architecture that QEMU emulates, and
    with reservations and memories that are too small for more.
options:
  path:
    description:
      - The folder for the drill's files. What an earlier drill left there is replaced; the console, the dump and QEMU's
        own messages stay.
    type: path
    required: true
  architecture:
    description: The architecture of the machine.
    type: str
    choices: [x86_64, i386, ppc64le, arm64, s390x]
    required: true
  kernel:
    description: The kernel that is going to be crashed.
    type: path
    required: true
  modules:
    description:
      - Its module tree, C(lib/modules/<release>) with the files that C(depmod) makes. Needed where the drivers of a
        virtio disk or ext4 are modules.
    type: path
  capture_kernel:
    description: The capture kernel, in the form that kexec loads on this architecture.
    type: path
    required: true
  initramfs:
    description: The save environment, as M(linux.kdump.capture_initramfs) makes it.
    type: path
    required: true
  tools:
    description:
      - The root of a tree that holds a static busybox, and kexec with its libraries, for this architecture. See
        M(linux.kdump.package_tree).
    type: path
    required: true
  memory:
    description: The size of its memory, V(128M) or more.
    type: str
    default: 512M
  cpus:
    description: How many processors it has.
    type: int
    default: 1
  crashkernel:
    description: What is reserved, as C(crashkernel=) takes it.
    type: str
    default: 64M
  targets:
    description:
      - Words for the capture kernel's command line that name its dump targets, see M(linux.kdump.capture_initramfs).
      - Without them, the dump goes to an ext4 file system on the machine's own disk. With them, O(extra_args) must
        bring what they lead to, and where nothing is on the machine's own disk afterwards, whose label is C(drill), the
        outcome is what the save environment says on its console.
    type: list
    elements: str
    default: []
  append:
    description: More arguments for the capture kernel.
    type: str
    default: ""
  system_append:
    description: More arguments for the kernel that is going to be crashed.
    type: str
    default: ""
  syscall:
    description:
      - The system call to load by. V(auto) is the one that is known to work with the architecture's usual kernel.
    type: str
    choices: [auto, kexec_file_load, kexec_load]
    default: auto
  disk_size:
    description: The size of the machine's disk. By default there is room for all of the memory.
    type: str
  extra_args:
    description: More arguments for QEMU, such as further disks and network interfaces.
    type: list
    elements: str
    default: []
  timeout:
    description: Seconds for the whole drill.
    type: int
    default: 600
  stall:
    description:
      - Seconds that the console may be silent between the crash and the save environment's first line. Where the system
        itself took more than a fifth of that to boot, five times its time.
    type: int
    default: 120
  nonce:
    description: 32 hexadecimal digits that are to be found in the dump. Made up where not given.
    type: str
  progress:
    description:
      - A folder through which module and action plugin talk while the drill runs.
      - Set by the action plugin; there is no reason to set it in a task.
    type: path
notes:
  - Runs on the controller, with C(ansible_python_interpreter) set to C(ansible_playbook_python). No privileges are
    needed.
  - No machine outlives its drill, and none outlives an interrupted playbook.
requirements:
  - qemu.qmp (Python library)
  - pyelftools (Python library)
  - QEMU for the architecture
  - e2fsprogs
extends_documentation_fragment:
  - linux.kdump.attributes
  - linux.kdump.attributes.action
attributes:
  check_mode:
    support: full
    details: Tells how the machine would be started, and starts none.
  diff_mode:
    support: none
  idempotent:
    support: N/A
    details: Each run crashes a new machine.
  platform:
    platforms: Debian
    support: full
  action:
    support: partial
    details: The action plugin shows the stages and ends an interrupted drill; the drill itself is the module's.
  async:
    support: none
  bypass_host_loop:
    support: none
seealso:
  - module: linux.kdump.package_tree
  - module: linux.kdump.kernel_build
  - module: linux.kdump.capture_initramfs
  - module: linux.kdump.vmcore_info
"""

EXAMPLES = r"""
- name: Crash an emulated POWER machine
  linux.kdump.qemu_drill:
    path: /var/tmp/drill
    architecture: ppc64le
    kernel: "{{ system.kernel }}"
    modules: "{{ system.modules }}"
    tools: "{{ system.path }}"
    capture_kernel: "{{ capture.image }}"
    initramfs: "{{ save_environment.path }}"
    crashkernel: 128M
  register: drill

- name: Tell how long it took
  ansible.builtin.debug:
    msg: "saved {{ drill.seconds.to_saved }} s after the panic: {{ drill.vmcore }}"
"""

RETURN = r"""
outcome:
  description: >-
    V(captured), or what went wrong: V(out_of_memory), V(save_failed), V(no_capture), V(never_armed), V(timeout).
  returned: when a drill was run
  type: str
  sample: captured
nonce:
  description: The nonce that was written to the kernel log before the crash.
  returned: when a drill was run
  type: str
  sample: 0123456789abcdef0123456789abcdef
events:
  description: >-
    What the console showed, with seconds since the start of the machine. Names are C(start), C(kernel), C(armed),
    C(triggered), C(panic), C(capture_kernel), the tags of the save environment, C(capture_out_of_memory),
    C(capture_panic), C(end). On C(s390x) the console does not show the panic, and C(triggered) stands for it.
  returned: when a drill was run
  type: list
  elements: dict
  sample: [{name: panic, seconds: 4.2, text: sysrq triggered crash}]
seconds:
  description: How long the stages took, null where a stage was not reached.
  returned: when a drill was run
  type: dict
  contains:
    boot:
      description: From the start of the machine to the loaded crash image.
      returned: always
      type: float
      sample: 4.1
    to_capture_kernel:
      description: From the panic to the first line of the capture kernel.
      returned: always
      type: float
      sample: 0.8
    to_save_start:
      description: From the panic to the save environment.
      returned: always
      type: float
      sample: 1.6
    to_saved:
      description: From the panic to the vmcore under its final name.
      returned: always
      type: float
      sample: 3.0
    to_reboot:
      description: From the panic to the final action.
      returned: always
      type: float
      sample: 3.2
    all:
      description: From the start of the machine to its end.
      returned: always
      type: float
      sample: 8.0
memory:
  description: The capture kernel's memory.
  returned: when a drill was run
  type: dict
  contains:
    reserved_bytes:
      description: What the crashed kernel had reserved, null where it was never armed.
      returned: always
      type: int
      sample: 67108864
    total_kib:
      description: What the capture kernel had of it, in KiB, from the record.
      returned: always
      type: int
      sample: 52144
    peak_used_kib:
      description: The most of that which was seen in use, in KiB, from the record.
      returned: always
      type: int
      sample: 21344
record:
  description: The record that the save environment wrote, null where there is none.
  returned: when a drill was run
  type: dict
  sample: {status: saved, failure: null}
dump:
  description: The folder of the dump, null where nothing was saved to the machine's own disk.
  returned: when a drill was run
  type: str
  sample: /var/tmp/drill/dump/crash/20261123T050000Z-0123abcd
vmcore:
  description: The core in it, also a compressed or encrypted one, null where there is none.
  returned: when a drill was run
  type: str
  sample: /var/tmp/drill/dump/crash/20261123T050000Z-0123abcd/vmcore
verdict:
  description:
    - What M(linux.kdump.vmcore_info) says of it.
    - Null where there is no core to look at, or one that was encrypted, for which the drill has no key.
  returned: when a drill was run
  type: dict
  sample: {verdict: ok, machine: ppc64le}
console:
  description: The file with everything that the serial console showed.
  returned: when a drill was run
  type: str
  sample: /var/tmp/drill/console.log
command_line:
  description: The capture kernel's command line; in it, the UUID of a disk that is made for this drill only is zeros.
  returned: success
  type: str
  sample: console=hvc0 irqpoll maxcpus=1 panic=1 kdump.target=UUID=00000000-0000-0000-0000-000000000000
argv:
  description: The command that starts the machine, in the folder O(path).
  returned: success
  type: list
  elements: str
  sample: [qemu-system-ppc64, -name, drill]
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.lab.drill.task import produce
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Run the drill."""
    progress = Progress(module.params["progress"])
    with progress.alive():
        return produce(module.params, runner=ModuleRunner(module), progress=progress, check=module.check_mode)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "architecture": {
                "type": "str",
                "choices": ["x86_64", "i386", "ppc64le", "arm64", "s390x"],
                "required": True,
            },
            "kernel": {"type": "path", "required": True},
            "modules": {"type": "path"},
            "capture_kernel": {"type": "path", "required": True},
            "initramfs": {"type": "path", "required": True},
            "tools": {"type": "path", "required": True},
            "memory": {"type": "str", "default": "512M"},
            "cpus": {"type": "int", "default": 1},
            "crashkernel": {"type": "str", "default": "64M"},
            "targets": {"type": "list", "elements": "str", "default": []},
            "append": {"type": "str", "default": ""},
            "system_append": {"type": "str", "default": ""},
            "syscall": {"type": "str", "choices": ["auto", "kexec_file_load", "kexec_load"], "default": "auto"},
            "disk_size": {"type": "str"},
            "extra_args": {"type": "list", "elements": "str", "default": []},
            "timeout": {"type": "int", "default": 600},
            "stall": {"type": "int", "default": 120},
            "nonce": {"type": "str"},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: work(module))


if __name__ == "__main__":
    main()
