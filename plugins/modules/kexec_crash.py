# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin wiring around module_utils.kexec."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kexec_crash
short_description: Load the crash kernel into reserved memory, now and at every boot
version_added: 0.1.0
author:
  - The linux.kdump maintainers (@linux-kdump)
description:
  - Loads a capture kernel with its save environment (C(kexec -p)), so that a panic boots it.
  - Installs a small loader script and a systemd unit that runs it at every boot, before sysctl settings are applied,
    so that C(kernel.kexec_load_disabled=1) on a hardened host does not stop it. The module loads through the same unit.
  - Where Debian's C(kexec-tools) is installed, tells it in C(/etc/default/kexec.d/linux-kdump) to leave reboots to the
    boot loader. Its own default is to turn them into a kexec, which would pass by a new C(crashkernel=).
  - Installs a script that looks at each kernel which is installed later, where C(/etc/kernel/postinst.d) or
    C(/etc/kernel/install.d) is there for such. The image fits every system kernel, so that nothing has to be built. The
    script looks whether the new kernel's boot entries pass C(crashkernel=), whether it has kexec and whether the files
    that load the image are there. It warns, notes what it found (C(kernel_check) of M(linux.kdump.kdump_info)), repairs
    nothing and never fails the installation.
  - The capture kernel's command line is made from the running one by a table for each architecture. What a capture
    kernel must not inherit is left out, what it needs is added.
  - Under lockdown, which Secure Boot brings on most distributions, and where the running kernel demands signatures,
    looks at the image's signatures and at the keys that the kernel trusts before it touches anything. An image that
    the kernel would refuse is an error that says why and what to do, in check mode and with O(state=enabled) too.
  - A new image is loaded over the one in memory, whose files are kept until then. Where the new one is refused, they
    are put back and loaded again, and the error says what is loaded.
  - Afterwards reads everything again. The image counts as loaded when the kernel says so and the load record, which is
    bound to this boot, holds the digests of the files on disk.
  - Refuses to work beside another kdump (C(kdump-tools.service) or C(kdump.service) enabled), since the kernel holds
    one image only, the last one loaded, and cannot be asked which. One that M(linux.kdump.kdump_service) armed is
    switched off first instead, and on again where the image cannot be loaded.
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
requirements:
  - kexec-tools on the managed host, or O(install.kexec)
  - systemd on the managed host
options:
  state:
    description:
      - V(loaded) loads the image now and at every boot. It is loaded again when a file, the command line or the
        reservation has changed.
      - V(enabled) installs loader and unit, so that the next boot loads the image. What is in memory now is left alone.
        Meant for a host that has yet to reboot into its reservation.
      - V(unloaded) unloads the image, whoever loaded it, and removes the files named above.
    type: str
    choices: [loaded, enabled, unloaded]
    default: loaded
  kernel:
    description: The capture kernel on the managed host.
    type: path
    default: /usr/local/lib/linux-kdump/vmlinuz
  initramfs:
    description: The save environment on the managed host.
    type: path
    default: /usr/local/lib/linux-kdump/initramfs.img
  kexec:
    description:
      - The C(kexec) to load with, on the managed host. Without it, the distribution's, unless O(install.kexec) brings
        one, which goes to C(/opt/linux-kdump/kexec-tools/sbin/kexec) then.
    type: path
  install:
    description:
      - Files on the controller to install on the managed host as O(kernel) and O(initramfs), with mode C(0600), and as
        O(kexec), with mode C(0755).
      - Only what differs is sent. Nothing is sent where the image could not be loaded anyway.
    type: dict
    suboptions:
      kernel:
        description: The capture kernel on the controller. A relative path is relative to the playbook.
        type: path
        required: true
      initramfs:
        description: The save environment on the controller. A relative path is relative to the playbook.
        type: path
        required: true
      kexec:
        description:
          - A C(kexec) that M(linux.kdump.kexec_tools_build) built for the managed host's architecture. One that is
            there already and that this module did not install is never replaced.
          - It is removed again, with the folders that were made for it, once the host is armed without it, and with
            O(state=unloaded).
        type: path
  _offers:
    description: For internal use, by the action plugin of the same name.
    type: dict
    suboptions:
      kernel:
        description: The capture kernel that the controller has.
        type: dict
        suboptions:
          sha256:
            description: Its digest.
            type: str
            required: true
          bytes:
            description: Its size.
            type: int
            required: true
          staged:
            description: Where it lies on the managed host, if it has been sent.
            type: path
          signatures:
            description: Who signed it.
            type: dict
      initramfs:
        description: The save environment that the controller has.
        type: dict
        suboptions:
          sha256:
            description: Its digest.
            type: str
            required: true
          bytes:
            description: Its size.
            type: int
            required: true
          staged:
            description: Where it lies on the managed host, if it has been sent.
            type: path
      kexec:
        description: The program that the controller has.
        type: dict
        suboptions:
          sha256:
            description: Its digest.
            type: str
            required: true
          bytes:
            description: Its size.
            type: int
            required: true
          staged:
            description: Where it lies on the managed host, if it has been sent.
            type: path
          machine:
            description: The architecture that it is for.
            type: str
  append:
    description:
      - Arguments to add to the derived command line.
      - They take the place of those of the same name.
    type: str
  remove:
    description:
      - Names of arguments of the running command line not to pass on. A name that ends in a dot stands for all that
        begin with it.
    type: list
    elements: str
    default: []
  command_line:
    description: The whole command line, instead of deriving one.
    type: str
  target:
    description:
      - Where the save environment puts dumps. Not used with O(command_line).
    type: dict
    suboptions:
      path:
        description:
          - The folder for dumps, as the managed host sees it. The UUID of its file system and the path inside that are
            found out. It is made, with mode C(0700), where it is missing.
        type: path
        default: /var/crash
      uuid:
        description:
          - The UUID of the file system, for one that is not mounted on the running system.
            O(target.path) is then the path inside that file system.
        type: str
      fstype:
        description: The type of that file system. Found out unless O(target.uuid) is given.
        type: str
  targets:
    description:
      - Where the save environment puts dumps, in the order in which it tries; a target that fails moves on to the next.
        Without it, O(target) is the one target.
      - The save environment must have been built for the kinds in it, see
        O(linux.kdump.capture_initramfs#module:targets). One file system that has a UUID is what every one can do.
      - With it, O(target.path) is the folder for dumps that are recovered from partitions of kind V(raw).
    type: list
    elements: dict
    suboptions:
      kind:
        description:
          - V(local) is a folder in a file system on a plain partition or disk. LVM, RAID and encryption are refused.
          - V(raw) is a partition without a file system. At the next boot a unit that is installed for it turns the dump
            into a folder.
          - V(ssh) is an account on a server that does nothing but receive dumps, see the role
            P(linux.kdump.dump_server#role).
          - V(nfs) is an NFS export.
        type: str
        choices: [local, raw, ssh, nfs]
        required: true
      path:
        description:
          - For V(local), the folder for dumps, as the managed host sees it; with O(targets[].uuid) or
            O(targets[].label), the folder inside that file system.
          - For V(ssh), the folder below the account's own, a relative path.
          - For V(nfs), the folder inside the export, V(/) by default.
        type: str
      uuid:
        description: For V(local), the UUID of a file system.
        type: str
      label:
        description: For V(local), the label of a file system.
        type: str
      fstype:
        description: For V(local), the type of that file system. Found out where it is absent.
        type: str
        choices: [ext2, ext3, ext4, xfs, btrfs]
      partuuid:
        description: For V(raw), the PARTUUID of the partition.
        type: str
      prepare:
        description:
          - For V(raw), whether an empty partition may be prepared for dumps; all that is on it gets overwritten then.
          - A partition that holds a file system, LVM, encryption or anything else that is known is refused in any case.
        type: bool
        default: false
      host:
        description: For V(ssh) and V(nfs), the server. A name is resolved now, as the capture kernel cannot.
        type: str
      port:
        description: For V(ssh) and V(nfs), the server's port, 22 and 2049 by default.
        type: int
      user:
        description: For V(ssh), the account, V(kdump) by default.
        type: str
      export:
        description: For V(nfs), the exported folder.
        type: str
      version:
        description: For V(nfs), the version of the protocol, V(4) by default.
        type: str
        choices: ["3", "4", "4.0", "4.1", "4.2"]
      limit:
        description: Seconds until it must be ready, instead of the limit C(target) of the save environment.
        type: int
      retries:
        description: How often it is tried again before the next one; V(0) by default, V(1) for servers.
        type: int
  network:
    description:
      - The interface to the servers in O(targets), IPv4. What is absent is as on the running system, by its route to
        them; an address that the running system has leased is asked for again by DHCP.
      - It must be a network card. Bridges, bonds and VLANs are refused.
    type: dict
    suboptions:
      mac:
        description: The address of the card.
        type: str
      address:
        description: The IPv4 address with its prefix length, or V(dhcp).
        type: str
      gateway:
        description: The router's address.
        type: str
  hotplug:
    description:
      - Whether the image is loaded again, by the same unit, when CPUs or memory have come or gone, since it holds a
        list of both. A rule of udev and two units see to it, a few seconds after the last event of a burst.
      - Where the kernel keeps that list up to date by itself (C(crash_hotplug) of CPUs and memory, since Linux 6.6),
        nothing is loaded.
    type: bool
    default: true
  final_action:
    description:
      - What the save environment does in the end. Unset, it does what it was built to do.
    type: str
    choices: [reboot, halt, poweroff, shell]
  syscall:
    description:
      - How the image is loaded. V(auto) tries V(kexec_file_load), which locked-down kernels insist on, and then
        V(kexec_load).
    type: str
    choices: [auto, kexec_file_load, kexec_load]
    default: auto
seealso:
  - module: linux.kdump.crashkernel
  - module: linux.kdump.kdump_info
  - module: linux.kdump.kexec_tools_build
"""

EXAMPLES = r"""
- name: Arm this host
  linux.kdump.kexec_crash:
    target:
      path: /var/crash
    final_action: reboot

- name: Send dumps to a server, or to the disk where that fails
  linux.kdump.kexec_crash:
    targets:
      - kind: ssh
        host: dumps.example.com
        path: "{{ inventory_hostname }}"
      - kind: local
        path: /var/crash

- name: Install what was built on the controller and arm this host with it
  linux.kdump.kexec_crash:
    install:
      kernel: "{{ kdump_capture_kernel.image }}"
      initramfs: "{{ kdump_capture_initramfs.path }}"

- name: Load at the next boot, when memory is reserved
  linux.kdump.kexec_crash:
    state: enabled

- name: Load an image of one's own, with a command line of one's own
  linux.kdump.kexec_crash:
    kernel: /boot/vmlinuz-6.1.0-40-amd64
    initramfs: /var/lib/kdump/initrd.img-6.1.0-40-amd64
    command_line: console=ttyS0 irqpoll nr_cpus=1 reset_devices root=/dev/vda1 systemd.unit=kdump-tools-dump.service

- name: Disarm it
  linux.kdump.kexec_crash:
    state: unloaded
"""

RETURN = r"""
loaded:
  description: Whether a crash image is in memory, by the kernel's own word.
  returned: success
  type: bool
  sample: true
load_current:
  description: Whether it is the one on disk, loaded in this boot.
  returned: success
  type: bool
  sample: true
armed:
  description:
    - Whether the image asked for is the one in memory, loaded in this boot by the unit from the files on disk, and
      every boot loads it. With V(true), O(state=loaded) has nothing to do.
  returned: success
  type: bool
  sample: true
load_disabled:
  description: Whether C(kernel.kexec_load_disabled) is 1, so that nothing can be loaded before the next boot.
  returned: success
  type: bool
  sample: false
release:
  description: The running kernel's release.
  returned: success
  type: str
  sample: 6.1.0-44-amd64
reserved_bytes:
  description: Memory reserved for it. Null where the kernel has no kexec.
  returned: success
  type: int
  sample: 67108864
image_bytes:
  description: >-
    What kernel and save environment take up together, those to be installed included. The option
    O(linux.kdump.crashkernel#module:minimum_bytes) takes it. Null with O(state=unloaded).
  returned: success
  type: int
  sample: 12902400
command_line:
  description: The capture kernel's command line. Null with O(state=unloaded).
  returned: success
  type: str
  sample: console=ttyS0 no_timer_check irqpoll nr_cpus=1 reset_devices oops=panic panic=10
load:
  description: The load record, which the loader wrote. Null where there is none.
  returned: success
  type: dict
  contains:
    schema:
      description: Name and version of this document's schema.
      returned: success
      type: dict
      sample: {name: linux.kdump/load, version: 1}
    boot_id:
      description: The boot in which it was loaded.
      returned: success
      type: str
      sample: 5a3f3b0e-7d3c-4c4e-9b0f-3f7c5b8f4c11
    kernel:
      description: Path and sha256 of the kernel.
      returned: success
      type: dict
      sample: {path: /usr/local/lib/linux-kdump/vmlinuz, sha256: 0f343b0931126a20f133d67c2b018a3b}
    initramfs:
      description: Path and sha256 of the save environment.
      returned: success
      type: dict
      sample: {path: /usr/local/lib/linux-kdump/initramfs.img, sha256: 60303ae22b998861bce3b28f33eec1be}
    command_line:
      description: The command line it was loaded with.
      returned: success
      type: str
      sample: console=ttyS0 irqpoll nr_cpus=1 reset_devices
    kexec:
      description: Path, version and sha256 of the C(kexec) that loaded it. Absent where an older loader did.
      returned: success
      type: dict
      sample: {path: /usr/sbin/kexec, version: 2.0.25, sha256: 5f0c6f1f0f2e4c7a5f0c6f1f0f2e4c7a}
    syscall:
      description: The system call that took it.
      returned: success
      type: str
      sample: kexec_file_load
    reserved_bytes:
      description: Memory that was reserved then.
      returned: success
      type: int
      sample: 67108864
    loaded_at:
      description: When, in seconds since the epoch.
      returned: success
      type: int
      sample: 1792684800
  sample:
    boot_id: 5a3f3b0e-7d3c-4c4e-9b0f-3f7c5b8f4c11
    syscall: kexec_file_load
kexec:
  description: The path of the kexec(8) that loads the image. Null where it is not installed.
  returned: success
  type: str
  sample: /usr/sbin/kexec
makedumpfile:
  description:
    - The path of makedumpfile on the host, which makes a file of a dump on a raw partition. Null where it is not
      installed.
  returned: success
  type: str
  sample: /usr/bin/makedumpfile
target:
  description: Where the folder for dumps is. Null with O(targets), with O(command_line) and with O(state=unloaded).
  returned: success
  type: dict
  contains:
    source:
      description: What is mounted there. Null with O(target.uuid).
      type: str
      sample: /dev/vda1
    uuid:
      description: The UUID of its file system.
      type: str
      sample: 0a3407de-014b-458b-b5c1-848e92a327a3
    fstype:
      description: The type of its file system.
      type: str
      sample: ext4
  sample: {source: /dev/vda1, uuid: 0a3407de-014b-458b-b5c1-848e92a327a3, fstype: ext4}
targets:
  description: The O(targets), in order, as the save environment is told of them. Empty where none were listed.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: The kind.
      type: str
      sample: ssh
    target:
      description: Kind and place, as in the record of a dump.
      type: str
      sample: ssh:kdump@192.0.2.9:22,web1
    source:
      description: The device that it is on. Null for servers, and for file systems that are not there now.
      type: str
      sample: /dev/vda1
    fstype:
      description: The type of the file system, for V(local). Null where it is not known.
      type: str
      sample: ext4
  sample:
    - {kind: ssh, target: "ssh:kdump@192.0.2.9:22,web1", source: null, fstype: null}
target_kinds:
  description:
    - The kinds that the save environment must have been built for, see
      O(linux.kdump.capture_initramfs#module:targets).
    - Empty where every one will do, which is one file system by its UUID, without O(targets[].limit) and
      O(targets[].retries).
  returned: success
  type: list
  elements: str
  sample: [local, ssh]
refusal:
  description: >-
    Why the running kernel would refuse the image. V(unsigned), V(untrusted) (signed by a key that is in none of its
    keyrings), V(changed) (after it was signed), V(cannot-verify) (the kernel was built without), V(no-file-load) (it
    has no kexec_file_load), V(kexec-load) (locked down, and O(syscall=kexec_load)) or V(load-limit).
  returned: when it would
  type: str
  sample: unsigned
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.kexec.options import EXCLUSIVE, OFFERS, OPTIONS
from ansible_collections.linux.kdump.plugins.module_utils.kexec.request import Request, run
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude


def main() -> None:
    module = AnsibleModule(
        argument_spec={**OPTIONS, "_offers": OFFERS}, mutually_exclusive=EXCLUSIVE, supports_check_mode=True
    )
    request = Request.from_params(module.params)
    conclude(module, lambda: run(request, host=Host(), runner=ModuleRunner(module), check_mode=module.check_mode))


if __name__ == "__main__":
    main()
