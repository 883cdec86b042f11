#!/usr/bin/python
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation, argument spec and wiring; the work is in module_utils/lab/calibrate."""

from __future__ import annotations

DOCUMENTATION = r"""
module: calibrate
short_description: Measure the smallest reservation that a capture kernel saves a good dump in
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Searches by bisection the smallest C(crashkernel=) with which an emulated machine, crashed on purpose, saves a dump
    that is verified afterwards. No host is touched.
  - A size counts only if it worked each time it was tried (O(passes)), and if no larger one has failed. With its
    margin, which is 4 MiB or 10 % where that is more, it is tried once again, unless that is more than O(largest).
  - Every trial is recorded, with how it ended and the peak of memory in use.
  - What is found goes into a document at O(path), one entry for each pair of images and each machine. An entry that is
    there is not measured again. M(linux.kdump.crashkernel) takes V(fit) from it.
notes:
  - Runs on the build host, usually the controller. No privileges are needed.
  - One trial takes 10 to 30 seconds where no hardware helps to emulate the machine, one machine about ten trials.
  - Memory that a guest does not touch costs nothing, so a machine may have more than this one.
extends_documentation_fragment:
  - linux.kdump.attributes
  - linux.kdump.attributes.action
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
  platform:
    platforms: Linux
    support: full
  action:
    support: partial
    details: The action plugin shows the progress and stops an interrupted calibration; the work is the module's.
  async:
    support: none
  bypass_host_loop:
    support: none
options:
  path:
    description: The calibration document to add to; it is made where it is missing.
    type: path
    required: true
  profile:
    description: What the images are called, for readers of the document.
    type: str
    default: tiny
  architecture:
    description: The architecture of the emulated machine.
    type: str
    default: x86_64
  capture_kernel:
    description: The capture kernel, as M(linux.kdump.kernel_build) makes it.
    type: path
    required: true
  release:
    description: Its release, for readers of the document.
    type: str
  initramfs:
    description: The save environment, as M(linux.kdump.capture_initramfs) makes it.
    type: path
    required: true
  kernel:
    description: The kernel to crash.
    type: path
    required: true
  modules:
    description: The module tree of O(kernel), C(lib/modules/<release>), where it needs modules for its disk.
    type: path
  tools:
    description: The root of a tree with C(busybox), linked statically, and C(kexec), both of the architecture.
    type: path
    default: /
  memory:
    description: The RAM of the machines to measure.
    type: list
    elements: str
    default: [1G]
  cpus:
    description: The numbers of CPUs of the machines to measure. Each amount of memory is measured with each of them.
    type: list
    elements: int
    default: [1]
  smallest:
    description: The smallest reservation to try.
    type: str
    default: 8M
  largest:
    description: The largest reservation to try.
    type: str
    default: 1G
  first:
    description: The reservation to begin with.
    type: str
    default: 32M
  granularity:
    description: The step between two sizes. Without it, 1 MiB, or 2 MiB on arm64.
    type: str
  passes:
    description: How often the smallest size has to work.
    type: int
    default: 3
  trials:
    description: The most trials for one machine.
    type: int
    default: 60
  seconds:
    description:
      - The most seconds for one machine. What was seen by then is recorded, without an answer, and a warning says so.
      - An answer from before is kept.
    type: int
    default: 14400
  timeout:
    description: The most seconds for one trial.
    type: int
    default: 600
  stall:
    description: For how many seconds a machine may be silent after its crash.
    type: int
    default: 120
  append:
    description: Arguments to add to the capture kernel's command line.
    type: str
    default: ""
  system_append:
    description: Arguments to add to the command line of the kernel that is crashed.
    type: str
    default: ""
  force:
    description: Measure also what the document knows already.
    type: bool
    default: false
  logs:
    description: A folder to keep the console of every trial in.
    type: path
  progress:
    description:
      - A folder through which module and action plugin talk meanwhile.
      - Set by the action plugin; there is no reason to set it in a task.
    type: path
seealso:
  - module: linux.kdump.crashkernel
"""

EXAMPLES = r"""
- name: Measure what the capture kernel needs on machines of 1 and 16 GiB
  linux.kdump.calibrate:
    path: "{{ kdump_cache_dir }}/calibration.json"
    capture_kernel: "{{ kdump_capture_kernel.image }}"
    initramfs: "{{ kdump_capture_initramfs.path }}"
    kernel: /boot/vmlinuz-6.1.0-44-cloud-amd64
    modules: /lib/modules/6.1.0-44-cloud-amd64
    memory: [1G, 16G]
  register: calibrated

- name: Show the figures
  ansible.builtin.debug:
    var: calibrated.table
"""

RETURN = r"""
path:
  description: The calibration document.
  returned: success
  type: str
  sample: /home/jo/.cache/linux-kdump/calibration.json
calibration:
  description: The part of the document that is about these images and these machines.
  returned: success
  type: dict
  sample:
    schema: {name: linux.kdump/calibration, version: 1}
    margin: {least_bytes: 4194304, percent: 10}
    entries: []
table:
  description: The same for people, one line a machine.
  returned: success
  type: list
  elements: str
  sample:
    - profile  architecture  target  RAM    CPUs  smallest  reserve  peak used  trials
    - tiny     x86_64        local   1024M  1     23M       27M      10.7M      9
remarks:
  description: What was odd about the trials, such as a size that worked although a larger one failed.
  returned: success
  type: list
  elements: str
  sample: ["1024M: 22M both worked and failed"]
trials:
  description: The trials, where not even the largest size worked.
  returned: when nothing works
  type: list
  elements: dict
  sample:
    - size_bytes: 1073741824
      passed: false
      outcome: save_failed
      detail: the dump target did not appear or could not be mounted
      seconds: 14.2
      total_kib: null
      peak_used_kib: null
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.lab.calibrate import calibrate
from ansible_collections.linux.kdump.plugins.module_utils.lab.waiting import AttendedClock
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Measure what is not known yet."""
    progress = Progress(module.params["progress"])
    with progress.alive():
        return calibrate(
            module.params,
            runner=ModuleRunner(module),
            progress=progress,
            check=module.check_mode,
            warn=module.warn,
            clock=AttendedClock(progress.abandoned),
        )


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "required": True},
            "profile": {"type": "str", "default": "tiny"},
            "architecture": {"type": "str", "default": "x86_64"},
            "capture_kernel": {"type": "path", "required": True},
            "release": {"type": "str"},
            "initramfs": {"type": "path", "required": True},
            "kernel": {"type": "path", "required": True},
            "modules": {"type": "path"},
            "tools": {"type": "path", "default": "/"},
            "memory": {"type": "list", "elements": "str", "default": ["1G"]},
            "cpus": {"type": "list", "elements": "int", "default": [1]},
            "smallest": {"type": "str", "default": "8M"},
            "largest": {"type": "str", "default": "1G"},
            "first": {"type": "str", "default": "32M"},
            "granularity": {"type": "str"},
            "passes": {"type": "int", "default": 3, "no_log": False},
            "trials": {"type": "int", "default": 60},
            "seconds": {"type": "int", "default": 14400},
            "timeout": {"type": "int", "default": 600},
            "stall": {"type": "int", "default": 120},
            "append": {"type": "str", "default": ""},
            "system_append": {"type": "str", "default": ""},
            "force": {"type": "bool", "default": False},
            "logs": {"type": "path"},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: work(module))


if __name__ == "__main__":
    main()
