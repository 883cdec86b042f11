#!/usr/bin/python
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Assemble the initramfs that saves the memory of a crashed kernel."""

from __future__ import annotations

DOCUMENTATION = r"""
module: capture_initramfs
short_description: Assemble the initramfs that saves the memory of a crashed kernel
version_added: 0.1.0
description:
  - Makes the initramfs that the capture kernel runs after a crash. It holds a static busybox, C(makedumpfile) with the
    libraries that it needs, kernel modules where the capture kernel wants any, and the script that saves the dump.
  - The image holds nothing of one host, so that one image serves a whole inventory. What is a host's own is put on the
    capture kernel's command line, see the notes.
  - Same inputs, same bytes. A manifest with the digest of every member is written beside the image, as O(path) with
    C(.json) appended.
  - Nothing that goes into the image is run. Libraries are found by reading the ELF files, so that tools of another
    architecture can be used.
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: Linux
options:
  path:
    description:
      - File to write the image to. Its folder must be there.
    type: path
    required: true
  busybox:
    description:
      - Statically linked busybox to put into the image.
    type: path
    default: /bin/busybox
  makedumpfile:
    description:
      - C(makedumpfile) to put into the image.
    type: path
    default: /usr/bin/makedumpfile
  collector:
    description:
      - Command that saves the dump, without its two files. The first word must be V(makedumpfile).
      - A compressor that O(makedumpfile) was built without is refused, since it would silently save uncompressed.
    type: list
    elements: str
    default: [makedumpfile, -l, -d, "31"]
  final_action:
    description:
      - What the save environment does at its end, after a failure too.
      - V(shell) gives a shell on the console and reboots when it ends.
    type: str
    choices: [reboot, halt, poweroff, shell]
    default: reboot
  limits:
    description:
      - Time limits of the save environment's steps, in seconds.
      - Beside them a watcher ends the whole after the sum of all limits and a margin, even where a process hangs
        in the kernel.
    type: dict
    default: {}
    suboptions:
      target:
        description: Until the target file system has appeared, and again for mounting it.
        type: int
        default: 30
      log:
        description: For saving the crashed kernel's log.
        type: int
        default: 60
      core:
        description: For saving the vmcore.
        type: int
        default: 1800
      sync:
        description: For each sync of a file to the disk, and for the unmount.
        type: int
        default: 60
  modules:
    description:
      - Kernel modules to load before the target is looked for. Those that they depend on are added, in the right order;
        those that are built into the kernel are left out.
    type: list
    elements: str
    default: []
  module_tree:
    description:
      - The capture kernel's module tree, C(/lib/modules/<release>), with the files that C(depmod) makes.
      - Required with O(modules).
    type: path
  compression:
    description:
      - How the image is compressed. The capture kernel must be able to unpack it (C(CONFIG_RD_GZIP),
        C(CONFIG_RD_ZSTD)).
      - V(zstd) makes the smallest file, needs the C(zstd) command on the build host, and some megabytes more of the
        reservation while it is unpacked.
    type: str
    choices: [gzip, zstd, none]
    default: gzip
requirements:
  - pyelftools
  - busybox, statically linked
  - makedumpfile
notes:
  - The save environment takes a host's own settings from the capture kernel's command line. They are matched against
    strict patterns and never evaluated.
  - C(kdump.target=UUID=<uuid>) is the file system to save to, required. C(kdump.path=<folder>) is the folder of dumps
    inside that file system, required. C(kdump.fstype=<type>) is its type, found out where it is absent.
  - C(kdump.final=<action>) stands before O(final_action). C(kdump.limit_target), C(kdump.limit_log),
    C(kdump.limit_core) and C(kdump.limit_sync) stand before O(limits).
  - A word of the command line that does not fit is ignored with a line on the console. C(kdump.path) may hold letters,
    digits and C(._@%+=:,-/).
  - The command line must hold C(panic=<seconds>), so that a capture kernel that dies of too little memory reboots.
    With C(rootfstype=ramfs) the unpacked image may take more than half of the memory, so that a smaller reservation
    works.
  - A vmcore that does not fit on the target is removed again, with the kernel log and the record kept, so that the host
    does not come back to a full disk. A vmcore that failed for another reason stays as C(vmcore.incomplete).
seealso:
  - module: linux.kdump.kernel_build
  - module: linux.kdump.kexec_crash
author:
  - The linux.kdump maintainers (@linux-kdump)
"""

EXAMPLES = r"""
- name: Make the save environment for a capture kernel with everything built in
  linux.kdump.capture_initramfs:
    path: /var/cache/linux-kdump/initramfs.img

- name: Make one for the distribution's kernel, which needs modules to reach its disk
  linux.kdump.capture_initramfs:
    path: /var/cache/linux-kdump/initramfs-cloud.img
    modules: [virtio_pci, virtio_blk, ext4]
    module_tree: /lib/modules/6.1.0-56-cloud-amd64

- name: Keep user pages, allow an hour, and power off afterwards
  linux.kdump.capture_initramfs:
    path: /var/cache/linux-kdump/initramfs.img
    collector: [makedumpfile, -l, -d, "23"]
    limits:
      core: 3600
    final_action: poweroff
"""

RETURN = r"""
path:
  description: The image.
  returned: success
  type: str
  sample: /var/cache/linux-kdump/initramfs.img
sha256:
  description: The image's digest.
  returned: success
  type: str
  sample: 2f0c8ae2a8eb1a0b3ea22b4ed3dc0a3c67f4b5fb9e5ee9bf8e4d83fd2c7a5c10
bytes:
  description: The image's size, compressed.
  returned: success
  type: int
  sample: 2744356
unpacked_bytes:
  description: The size of the archive inside, which is about what it takes of the reservation once unpacked.
  returned: success
  type: int
  sample: 5888000
manifest:
  description:
    - What the image is made of, as it is written beside the image.
    - Its JSON Schema is C(docs/schemas/manifest.schema.json).
  returned: success
  type: dict
  sample:
    schema: {name: linux.kdump/manifest, version: 1}
    kind: initramfs
    architecture: x86_64
    compression: gzip
    sha256: 2f0c8ae2a8eb1a0b3ea22b4ed3dc0a3c67f4b5fb9e5ee9bf8e4d83fd2c7a5c10
    bytes: 2744356
    unpacked_bytes: 5888000
    collector: makedumpfile -l -d 31
    final_action: reboot
    limits: {target: 30, log: 60, core: 1800, sync: 60}
    modules: []
    module_release: null
    tools: {busybox: 1.35.0, makedumpfile: 1.7.2}
    members:
      - path: init
        kind: file
        mode: "0755"
        bytes: 13270
        sha256: 6c0f0b9b7d3a1b0f6bfb3a9a4c57d0c7a0e3b1a3cf6b7c5d9e8f7a6b5c4d3e2f
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import image as initramfs
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import settings as save_settings
from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude

LIMITS = {name: {"type": "int", "default": seconds} for name, seconds in save_settings.DEFAULT_LIMITS.items()}

ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "busybox": {"type": "path", "default": "/bin/busybox"},
    "makedumpfile": {"type": "path", "default": "/usr/bin/makedumpfile"},
    "collector": {"type": "list", "elements": "str", "default": list(save_settings.DEFAULT_COLLECTOR)},
    "final_action": {"type": "str", "choices": list(save_settings.FINAL_ACTIONS), "default": "reboot"},
    "limits": {"type": "dict", "default": {}, "options": LIMITS},
    "modules": {"type": "list", "elements": "str", "default": []},
    "module_tree": {"type": "path"},
    "compression": {"type": "str", "choices": list(initramfs.COMPRESSIONS), "default": "gzip"},
}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    conclude(
        module,
        lambda: initramfs.build(initramfs.request(module.params), ModuleRunner(module), check_mode=module.check_mode),
    )


if __name__ == "__main__":
    main()
