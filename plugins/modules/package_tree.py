# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages of any architecture, unpacked into a folder."""

from __future__ import annotations

DOCUMENTATION = r"""
module: package_tree
short_description: Unpack Debian packages of any architecture into a folder of the cache
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Downloads packages of an architecture from the package sources of the machine it runs on, and unpacks them into one
    folder of the cache. Nothing is installed, no script of a package runs, and this machine's own apt is not touched.
  - The libraries that the packages depend on are unpacked too. What only their installation needs is not.
  - So a save environment can be assembled, and a drill run, for another architecture than the controller's.
  - A tree is named by what was asked for, and is in the cache whole or not at all.
options:
  cache_dir:
    description: The folder of the cache; trees are in its subfolder C(packages).
    type: path
    required: true
  architecture:
    description: The architecture whose packages are wanted.
    type: str
    choices: [x86_64, i386, ppc64le, arm64, s390x]
    required: true
  packages:
    description: The packages.
    type: list
    elements: str
    default: [busybox-static, kexec-tools, makedumpfile]
  kernel:
    description:
      - A package that depends on the newest kernel package, such as C(linux-image-686-pae), or a kernel package itself.
        That kernel is unpacked too, and its modules are indexed.
      - V(stock) stands for the kernel of the architecture that M(linux.kdump.qemu_drill) can crash. Where Debian has
        none, no kernel is unpacked.
    type: str
  suite:
    description: The Debian release to take them from. Only the release itself is asked, not its updates.
    type: str
    default: bookworm
  sources:
    description:
      - Package sources as one-line entries, as in C(sources.list).
      - The default is the entries for O(suite) that the machine it runs on has itself.
    type: list
    elements: str
    default: []
  force:
    description: Unpack anew even if the cache has the tree, for instance to have the newest packages.
    type: bool
    default: false
  progress:
    description:
      - A folder through which module and action plugin talk while it works.
      - Set by the action plugin; there is no reason to set it in a task.
    type: path
notes:
  - Runs on the controller, with C(ansible_python_interpreter) set to C(ansible_playbook_python). No privileges are
    needed.
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
    platforms: Debian
    support: full
  action:
    support: partial
    details: The action plugin shows the progress; the work is the module's.
  async:
    support: none
  bypass_host_loop:
    support: none
seealso:
  - module: linux.kdump.capture_initramfs
  - module: linux.kdump.qemu_drill
"""

EXAMPLES = r"""
- name: Have the tools of a save environment for POWER
  linux.kdump.package_tree:
    cache_dir: "{{ kdump_cache_dir }}"
    architecture: ppc64le
  register: tools

- name: Have a stock kernel too, to crash it
  linux.kdump.package_tree:
    cache_dir: "{{ kdump_cache_dir }}"
    architecture: i386
    kernel: stock
  register: system
"""

RETURN = r"""
path:
  description: The root of the tree.
  returned: always
  type: str
  sample: /home/operator/.cache/linux-kdump/packages/5f0c6f1f0f2e4c7a/root
digest:
  description: The tree's name in the cache.
  returned: always
  type: str
  sample: 5f0c6f1f0f2e4c7a
packages:
  description: Each package and its version; empty in check mode while there is no tree yet.
  returned: always
  type: dict
  sample: {busybox-static: "1:1.35.0-4+b3", kexec-tools: "1:2.0.25-3+b1"}
kernel:
  description: The kernel, where O(kernel) asked for one and it is there.
  returned: always
  type: str
  sample: /home/operator/.cache/linux-kdump/packages/5f0c6f1f0f2e4c7a/root/boot/vmlinuz-6.1.0-56-686-pae
kernel_package:
  description: The package that O(kernel) came to, null where there is none.
  returned: always
  type: str
  sample: linux-image-686-pae
release:
  description: Its release.
  returned: always
  type: str
  sample: 6.1.0-56-686-pae
modules:
  description: Its module tree.
  returned: always
  type: str
  sample: /home/operator/.cache/linux-kdump/packages/5f0c6f1f0f2e4c7a/root/lib/modules/6.1.0-56-686-pae
"""

import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.lab.packages import produce
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Find the tree or make it."""
    progress = Progress(module.params["progress"])
    with progress.alive():
        return produce(module.params, runner=ModuleRunner(module), progress=progress, check=module.check_mode)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "cache_dir": {"type": "path", "required": True},
            "architecture": {
                "type": "str",
                "choices": ["x86_64", "i386", "ppc64le", "arm64", "s390x"],
                "required": True,
            },
            "packages": {
                "type": "list",
                "elements": "str",
                "default": ["busybox-static", "kexec-tools", "makedumpfile"],
            },
            "kernel": {"type": "str"},
            "suite": {"type": "str", "default": "bookworm"},
            "sources": {"type": "list", "elements": "str", "default": []},
            "force": {"type": "bool", "default": False},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: work(module))


if __name__ == "__main__":
    main()
