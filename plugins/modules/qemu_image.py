# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the disk image of lab guests."""

from __future__ import annotations

DOCUMENTATION = r"""
module: qemu_image
short_description: Build a Debian disk image for lab guests
version_added: 0.1.0
author: The linux.kdump maintainers (@linux-kdump)
description:
  - Builds a partitioned disk image that boots by itself, and keeps it in a cache.
  - The image holds systemd, an ssh server, Python, sudo, kexec-tools, makedumpfile and the boot loader's own tools,
    so that what a playbook does to a boot loader can be tried on it for real.
  - No loop device is used. As root it is built directly, as an ordinary user in a user namespace.
  - Packages come from the package sources of the machine it is built on, unless O(sources) names others.
  - Before it is handed out the image boots once under QEMU. One with O(boot=bios-grub) does so through its own GRUB,
    and its own generator writes its menu. In another one the tools of its boot loader install it then.
  - An image is named by the digest of everything that went into it. It is built once and is in the cache whole or not
    at all.
options:
  cache_dir:
    description: The folder that keeps built images, in its subfolder C(images).
    type: path
    required: true
  suite:
    description: The Debian release to install.
    type: str
    default: bookworm
  size:
    description: The size of the disk as the guest sees it; only what is used takes room on the build host.
    type: str
    default: 4G
  packages:
    description: More packages to install.
    type: list
    elements: str
    default: []
  sources:
    description:
      - Package sources as one-line entries, as in C(sources.list).
      - The default is the entries for O(suite) that the machine it is built on has itself.
    type: list
    elements: str
    default: []
  boot:
    description:
      - How the image boots.
      - V(bios-grub) is GRUB on a BIOS, V(efi-grub) the same on EFI, with its EFI system partition at C(/boot/efi).
      - V(efi-systemd-boot) is systemd-boot with entries that C(kernel-install) makes.
      - V(bios-extlinux) is EXTLINUX, with a menu that C(u-boot-update) of the package C(u-boot-menu) makes.
      - Guests with an image for EFI need O(linux.kdump.qemu_guest#module:firmware=efi).
    type: str
    choices: [bios-grub, efi-grub, efi-systemd-boot, bios-extlinux]
    default: bios-grub
  force:
    description:
      - Build anew even if the cache has the image, for instance to have the newest packages.
      - Guests that were made from the image before must be made anew too, since their disks are overlays of it.
    type: bool
    default: false
  progress:
    description:
      - A folder through which module and action plugin talk while the build runs.
      - Set by the action plugin; there is no reason to set it in a task.
    type: path
notes:
  - Runs on the controller, with C(ansible_python_interpreter) set to C(ansible_playbook_python).
  - What it needs is installed by the role P(linux.kdump.controller#role).
  - No image holds an ssh key; guests get theirs from M(linux.kdump.qemu_guest) when they start.
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
    details: The action plugin shows the progress and stops an interrupted build; the build itself is the module's.
  async:
    support: none
  bypass_host_loop:
    support: none
seealso:
  - module: linux.kdump.qemu_guest
"""

EXAMPLES = r"""
- name: Have an image for the lab
  linux.kdump.qemu_image:
    cache_dir: "{{ kdump_cache_dir }}"
  register: lab_image

- name: Have one that boots through systemd-boot
  linux.kdump.qemu_image:
    cache_dir: "{{ kdump_cache_dir }}"
    boot: efi-systemd-boot

- name: Have one with more packages in it
  linux.kdump.qemu_image:
    cache_dir: "{{ kdump_cache_dir }}"
    packages:
      - xfsprogs
"""

RETURN = r"""
path:
  description: The image, in qcow2 format; guests write to overlays of it and never to itself.
  returned: always
  type: str
  sample: /home/operator/.cache/linux-kdump/images/098d18bb9e16bc4a/image.qcow2
digest:
  description: The digest of everything that goes into the image.
  returned: always
  type: str
  sample: 098d18bb9e16bc4a0f3f8a52a2a1c77c2d5a0b6d2f4e8c9b7a6f5e4d3c2b1a09
manifest:
  description: What the image was made from; empty in check mode while there is no image yet.
  returned: always
  type: dict
  sample:
    schema: {name: linux.kdump/image, version: 1}
    digest: 098d18bb9e16bc4a0f3f8a52a2a1c77c2d5a0b6d2f4e8c9b7a6f5e4d3c2b1a09
seconds:
  description: How long each step of the build took; empty when the image was there already.
  returned: always
  type: dict
  sample: {installing packages: 53.6, making the disk: 3.8, finishing boot: 34.9, converting: 2.1}
log:
  description: The last lines that the failed step printed. The rest is in C(images) in the cache, in C(<digest>.log).
  returned: when a step of the build failed
  type: list
  elements: str
  sample: ["E: Unable to locate package foo"]
console:
  description: The last lines of the image's console, when its finishing boot failed.
  returned: failure
  type: list
  elements: str
  sample: ["Kernel panic - not syncing: VFS: Unable to mount root fs"]
"""

import os
import typing as t

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.lab.image_task import produce
from ansible_collections.linux.kdump.plugins.module_utils.progress import Progress
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def work(module: AnsibleModule) -> dict[str, t.Any]:
    """Find the image or build it."""
    progress = Progress(module.params["progress"])
    runner, root = ModuleRunner(module), os.geteuid() == 0
    with progress.alive():
        return produce(module.params, runner=runner, progress=progress, root=root, check=module.check_mode)


def main() -> None:
    """Entry point."""
    module = AnsibleModule(
        argument_spec={
            "cache_dir": {"type": "path", "required": True},
            "suite": {"type": "str", "default": "bookworm"},
            "size": {"type": "str", "default": "4G"},
            "packages": {"type": "list", "elements": "str", "default": []},
            "sources": {"type": "list", "elements": "str", "default": []},
            "boot": {
                "type": "str",
                "choices": ["bios-grub", "efi-grub", "efi-systemd-boot", "bios-extlinux"],
                "default": "bios-grub",
            },
            "force": {"type": "bool", "default": False},
            "progress": {"type": "path"},
        },
        supports_check_mode=True,
    )
    conclude(module, lambda: work(module))


if __name__ == "__main__":
    main()
