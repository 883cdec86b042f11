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
  root:
    description:
      - Root of a tree of another machine's, for instance one of another architecture that M(linux.kdump.package_tree)
        made. O(busybox) and O(makedumpfile) are then paths in it, and every program in it finds its libraries there.
    type: path
  collector:
    description:
      - Command that saves the dump, without its two files. The first word must be V(makedumpfile).
      - It says by itself what O(exclude), O(dump_compression) and O(dump_format) say by names, and cannot be used
        together with them. Where none of the four is given it is C(makedumpfile -l -d 31).
      - A compressor that O(makedumpfile) was built without is refused, since it would silently save uncompressed.
    type: list
    elements: str
  exclude:
    description:
      - Kinds of pages that are left out of the dump. All of them where it is not given, none where it is empty.
      - V(zero) is pages of zeros, V(cache) the page cache without private data, V(cache_private) all of the page cache,
        V(user) the memory of processes, V(free) what is not in use.
    type: list
    elements: str
    choices: [zero, cache, cache_private, user, free]
  dump_compression:
    description:
      - How the pages of the dump are compressed, each by itself.
      - V(lzo) where it is not given; V(none) with O(dump_format=elf), O(dump_format=raw) or O(stream_compression),
        which hold no compressed pages.
      - A compressor that O(makedumpfile) was built without is refused, since it would silently save uncompressed.
    type: str
    choices: [none, zlib, lzo, snappy, zstd]
  dump_format:
    description:
      - V(kdump) is makedumpfile's own format with compressed pages, read by crash(8), drgn and
        M(linux.kdump.vmcore_info). It is what is used where nothing is given.
      - V(elf) is an ELF core file of the pages that are not left out.
      - V(raw) is a copy of all memory, made without makedumpfile. It needs as much room as the host has memory.
    type: str
    choices: [kdump, elf, raw]
  stream_compression:
    description:
      - Compresses the vmcore as a whole, for the formats that hold no compressed pages. Such a file must be unpacked
        before crash(8) or drgn can read it, and is called C(vmcore.gz), C(vmcore.lz4) or C(vmcore.zst).
      - It cannot be used together with a O(collector) that compresses pages, nor with O(dump_compression).
      - V(gzip) is busybox's own, and by far the slowest of them. V(lz4) and V(zstd) put the program of that name into
        the image, with windows and blocks that are small enough for a reservation. xz is not offered, being slower yet.
    type: str
    choices: [none, gzip, lz4, zstd]
    default: none
  stream_compressor:
    description:
      - The program for O(stream_compression=lz4) and O(stream_compression=zstd). C(/usr/bin/lz4) or C(/usr/bin/zstd)
        where it is not given.
    type: path
  age_recipients:
    description:
      - Public keys that the dump is encrypted to in the capture kernel, by age, so that neither the disk nor a server
        ever holds the memory or the log as they are. Each is a key of age itself (C(age1...)) or an C(ssh-ed25519)
        key.
      - The vmcore is then C(vmcore.age) and the log C(dmesg.txt.age). The record stays readable and holds nothing of
        the log but a drill's nonce.
      - Whoever has the secret key of one of them can read the dump, and nobody else; the image holds no secret.
    type: list
    elements: str
    default: []
  age:
    description:
      - The C(age) to put into the image for O(age_recipients).
    type: path
    default: /usr/bin/age
  hooks_before:
    description:
      - Programs on the build host that the save environment runs before it looks for the target, in the order of
        their names. Scripts must be for C(/bin/sh), which is busybox's; ELF programs bring their libraries.
      - One that fails or takes longer than O(hook_limit) is told of on the console and in the record, and stops
        nothing.
      - In the environment are C(KDUMP_STAGE) (V(before) or V(after)), C(KDUMP_KERNEL) (the capture kernel's release),
        C(KDUMP_VMCORE) (C(/proc/vmcore)), and for O(hooks_after) also C(KDUMP_ID), C(KDUMP_STATUS) (V(saved) or
        V(failed)), C(KDUMP_FAILURE) (the tag of the first failure, or empty) and C(KDUMP_FOLDER) (the dump's folder
        where it is mounted, else empty).
    type: list
    elements: path
    default: []
  hooks_after:
    description:
      - The same for programs that run after saving. The record is written before them and once more after them.
    type: list
    elements: path
    default: []
  hook_limit:
    description:
      - Seconds that each hook may take, from 1 to 99999.
    type: int
    default: 30
  extra_files:
    description:
      - Further files for the image. ELF programs bring the libraries that they need. A place that the image itself
        uses is refused.
    type: list
    elements: dict
    default: []
    suboptions:
      src:
        description: File on the build host.
        type: path
        required: true
      dest:
        description: Where it lies in the image, as an absolute path.
        type: str
        required: true
      mode:
        description:
          - Its permissions as octal digits. V(0755) where it is not given and it can be run, else V(0644).
          - Of a file that not everybody may read, its owner's permissions alone. The image is for its owner only then,
            mode C(0600), whatever is given here. That holds for hooks too.
        type: str
  targets:
    description:
      - The kinds of targets that the image can save to, where that is not one local file system only, which every image
        can. What is not asked for is not in the image.
      - Which targets there are, and in which order they are tried, is on the kernel command line, see the notes.
    type: list
    elements: str
    choices: [local, raw, ssh, nfs]
    default: []
  ssh_key:
    description:
      - The private key for targets of kind V(ssh), on the build host, in OpenSSH's form, of type ed25519, without a
        passphrase. The image is for its owner only then, mode C(0600).
    type: path
  ssh_known_hosts:
    description:
      - The servers' host keys, as in a C(known_hosts) file with addresses in clear text. A server with another key, or
        with none in here, is refused.
    type: path
  ssh_client:
    description:
      - Dropbear's ssh client to put into the image for targets of kind V(ssh).
    type: path
    default: /usr/bin/dbclient
  final_action:
    description:
      - What the save environment does at its end, after a failure too.
      - V(shell) gives a shell on the console and reboots when it ends.
    type: str
    choices: [reboot, halt, poweroff, shell]
    default: reboot
  on_failure:
    description:
      - What it does instead where no vmcore was saved. O(final_action) where it is not given.
      - V(shell) is for the one who looks after a failure at the console; a host that nobody looks at stays down.
    type: str
    choices: [reboot, halt, poweroff, shell]
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
  - dropbear's C(dbclient), for targets of kind C(ssh)
notes:
  - The save environment takes a host's own settings from the capture kernel's command line. They are matched against
    strict patterns and never evaluated.
  - C(kdump.target=UUID=<uuid>) is the file system to save to, required. C(kdump.path=<folder>) is the folder of dumps
    inside that file system, required. C(kdump.fstype=<type>) is its type, found out where it is absent.
  - C(kdump.final=<action>) stands before O(final_action), C(kdump.on_failure=<action>) before O(on_failure).
    C(kdump.limit_target), C(kdump.limit_log),
    C(kdump.limit_core) and C(kdump.limit_sync) stand before O(limits).
  - Several targets, and those that are no local file system, are one word each, tried in their order.
    C(kdump.target=local,UUID=<uuid>,<type or auto>,<folder>) or with C(LABEL=<label>),
    C(kdump.target=raw,PARTUUID=<partuuid>), C(kdump.target=ssh,<user>@<address>:<port>,<folder>),
    C(kdump.target=nfs,<version>,<address>:<port>,<export>,<folder>). After the kind may stand C(limit=<seconds>,) and
    C(retries=<number>,). For servers C(kdump.net=<mac>,dhcp) or C(kdump.net=<mac>,<address>/<prefix>[,<gateway>]) names
    the interface. M(linux.kdump.kexec_crash) writes all of these.
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
  - module: linux.kdump.package_tree
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

- name: Keep user pages by name, compress with zstd
  linux.kdump.capture_initramfs:
    path: /var/cache/linux-kdump/initramfs-zstd.img
    exclude: [zero, cache, cache_private, free]
    dump_compression: zstd

- name: Encrypt dumps, and tell the management controller when one is there
  linux.kdump.capture_initramfs:
    path: /var/cache/linux-kdump/initramfs-age.img
    age_recipients:
      - age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
    hooks_after: [/etc/linux-kdump/hooks/50-tell]
    extra_files:
      - {src: /usr/bin/ipmitool, dest: /bin/ipmitool}
    on_failure: shell
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

from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import filters, targets
from ansible_collections.linux.kdump.plugins.module_utils.capture.initramfs import image as initramfs
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import hooks as save_hooks
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import levels
from ansible_collections.linux.kdump.plugins.module_utils.capture.save import settings as save_settings
from ansible_collections.linux.kdump.plugins.module_utils.capture.save.targets import KINDS
from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude

LIMITS = {name: {"type": "int", "default": seconds} for name, seconds in save_settings.DEFAULT_LIMITS.items()}

EXTRA_FILES = {
    "src": {"type": "path", "required": True},
    "dest": {"type": "str", "required": True},
    "mode": {"type": "str"},
}

ARGUMENTS = {
    "path": {"type": "path", "required": True},
    "busybox": {"type": "path", "default": "/bin/busybox"},
    "makedumpfile": {"type": "path", "default": "/usr/bin/makedumpfile"},
    "root": {"type": "path"},
    "collector": {"type": "list", "elements": "str"},
    "exclude": {"type": "list", "elements": "str", "choices": list(levels.PAGES)},
    "dump_compression": {"type": "str", "choices": list(levels.COMPRESSIONS)},
    "dump_format": {"type": "str", "choices": list(levels.FORMATS)},
    "stream_compression": {"type": "str", "choices": ["none", *levels.STREAM_FILTERS], "default": "none"},
    "stream_compressor": {"type": "path"},
    "age_recipients": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "age": {"type": "path", "default": filters.AGE},
    "hooks_before": {"type": "list", "elements": "path", "default": []},
    "hooks_after": {"type": "list", "elements": "path", "default": []},
    "hook_limit": {"type": "int", "default": save_hooks.DEFAULT_LIMIT},
    "extra_files": {"type": "list", "elements": "dict", "default": [], "options": EXTRA_FILES},
    "targets": {"type": "list", "elements": "str", "choices": list(KINDS), "default": []},
    "ssh_key": {"type": "path", "no_log": False},
    "ssh_known_hosts": {"type": "path"},
    "ssh_client": {"type": "path", "default": targets.SSH_CLIENT},
    "final_action": {"type": "str", "choices": list(save_settings.FINAL_ACTIONS), "default": "reboot"},
    "on_failure": {"type": "str", "choices": list(save_settings.FINAL_ACTIONS)},
    "limits": {"type": "dict", "default": {}, "options": LIMITS},
    "modules": {"type": "list", "elements": "str", "default": []},
    "module_tree": {"type": "path"},
    "compression": {"type": "str", "choices": list(initramfs.COMPRESSIONS), "default": "gzip"},
}


def main() -> None:
    """Run the module."""
    exclusive = [("collector", name) for name in ("exclude", "dump_compression", "dump_format")]
    module = AnsibleModule(argument_spec=ARGUMENTS, mutually_exclusive=exclusive, supports_check_mode=True)
    conclude(
        module,
        lambda: initramfs.build(initramfs.request(module.params), ModuleRunner(module), check_mode=module.check_mode),
    )


if __name__ == "__main__":
    main()
