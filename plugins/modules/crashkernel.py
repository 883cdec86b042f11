# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reserve memory for the capture kernel in every boot entry."""

from __future__ import annotations

DOCUMENTATION = r"""
module: crashkernel
short_description: Reserve memory for the capture kernel in every boot entry
version_added: 0.1.0
description:
  - Sets the kernel parameter C(crashkernel=) in every entry of the boot menu that boots a Linux kernel of this system,
    recovery entries and kernels still to be installed included, or takes it out of all of them.
  - The value is read by the kernel's own grammar and evaluated for this host's RAM before anything is written. One that
    reserves nothing here is refused with the reason.
  - Afterwards the menu is read back. If any entry lacks the value, holds it twice or holds another, everything is put
    back as it was and the module fails, naming the entry.
  - Nothing but C(crashkernel=) is changed. Where a boot loader's generator reads drop-ins, files of others are
    not edited, and what they set is overruled. Elsewhere they are edited byte by byte, each is replaced in one step,
    and copies of them as they were before are kept in C(/var/lib/linux-kdump.boot).
  - GRUB's menu is generated anew. Its first copy is kept there too. If the menu would lose entries that the present one
    has, such as those of other systems where C(os-prober) does not run, it is refused and the module names them.
  - With O(state=absent) they are what they were before, as long as nobody else has written into them since. A file that
    was made for the value is removed, and a C(crashkernel=) that was there before does not come back.
  - The module never reboots. See RV(reboot_required).
options:
  size:
    description:
      - How much to reserve, in the words of the kernel's documentation. Required if O(state=present).
      - "A size: V(256M), with an address V(256M@16M)."
      - "Sizes by RAM: V(1G-4G:192M,4G-64G:256M,64G-:512M). The kernel takes the first range with start <= RAM < end
        and rounds its RAM up to a multiple of 128 MiB for that."
      - "Several parameters, separated by blanks: V(512M,high 128M,low), or V(256M 512M,cma) with Linux 6.17 or later."
      - Units are V(K), V(M), V(G), V(T), V(P) and V(E).
      - V(fit) takes what was measured for the images that this host is to get, on a machine with as much RAM and as
        many CPUs, with its margin. Needs O(fit). It is an error if nothing was measured for them.
      - V(vendor) takes what the host's distribution reserves for its own kernel and its own save environment, on this
        architecture and size of pages. What the package of the running kernel says counts first
        (C(/usr/lib/modules/RELEASE/crashkernel.default)), otherwise a table, and where none is known what the installed
        kdump-tools have brought (C(/etc/default/grub.d/kdump-tools.cfg)). It is an error where nothing tells. See
        RV(vendor), and C(docs/sizing.md) for the tables and when to use which.
      - V(estimate) takes the largest of what three published estimators say, C(kdumpctl estimate) of Red Hat,
        C(kdumptool calibrate) of SUSE and C(kdump-config show) of Debian, each by its own formula, for the images in
        O(estimate). See RV(estimate) for each figure and by how much they disagree.
    type: str
  fit:
    description:
      - What O(size=fit) is to be taken from.
      - Of the entries for these images and a kind of target, the one counts whose machine is nearest to this host,
        by RAM first, and not smaller if there is such a one. What grows with RAM and CPUs is added for what the host
        has more of, up to 16 times the RAM that was measured. See RV(fit).
    type: dict
    suboptions:
      calibration:
        description:
          - The calibration document, as the playbook C(linux.kdump.calibrate) writes it.
        type: dict
        required: true
      kernel:
        description: The sha256 of the capture kernel's image.
        type: str
        required: true
      initramfs:
        description: The sha256 of the initramfs.
        type: str
        required: true
      targets:
        description:
          - The kinds of the host's dump targets. The one that takes most counts.
          - A kind that was not measured for these images is an error. The playbook C(linux.kdump.calibrate) measures
            V(local).
        type: list
        elements: str
        default: [local]
  estimate:
    description:
      - What O(size=estimate) is to be taken for.
      - What is not given is read from the host. What that does not tell is assumed, warned of, and listed in
        RV(estimate.assumed).
    type: dict
    suboptions:
      kernel:
        description:
          - The capture kernel's file on the host. By default that of the running kernel in C(/boot).
        type: path
      kernel_bytes:
        description: The size of the capture kernel's file, where it is not on the host yet.
        type: int
      kernel_memory_bytes:
        description:
          - What the capture kernel takes in memory, code, data and bss. By default what the header of its file says, as
            those of x86, arm64 and ELF do.
        type: int
      initramfs:
        description:
          - The initramfs of the capture kernel on the host. By default the one that the distribution's service made,
            otherwise that of the running kernel.
        type: path
      initramfs_bytes:
        description: The size of the initramfs, where it is not on the host yet.
        type: int
      unpacked_bytes:
        description: The size of what is in the initramfs. By default three times its own.
        type: int
      modules:
        description:
          - The kernel modules that the capture kernel loads. They are counted with what they take on the host now.
            By default those on the way to O(estimate.path).
        type: list
        elements: str
      path:
        description: The folder for dumps. An encrypted disk below it takes what its LUKS2 key slots ask for.
        type: path
        default: /var/crash
      network:
        description: Whether dumps go over the network.
        type: bool
        default: false
      cpus:
        description: How many CPUs the capture kernel uses, as C(nr_cpus=) says.
        type: int
        default: 1
  minimum_bytes:
    description:
      - What the reservation has to hold at least, as RV(linux.kdump.kexec_crash#module:image_bytes) tells it. A
        O(size) that reserves less on this host is refused before anything is written, since no boot could load the
        image.
      - The capture kernel needs more than its files take up; see O(size=fit).
    type: int
    default: 0
  state:
    description:
      - V(present) means that every entry holds O(size) and no other C(crashkernel=).
      - V(absent) means that no entry holds any C(crashkernel=), whoever set it.
    type: str
    choices: [present, absent]
    default: present
  bootloader:
    description:
      - The boot loader of the host.
      - With V(auto) it is looked for. None, or files of more than one, is an error that says what was found. So are the
        boot partitions of C(proxmox-boot-tool), which are not mounted.
      - V(grub) is GRUB 2 with a generated menu, C(grub-mkconfig) or C(grub2-mkconfig). Where the generator reads
        drop-ins in C(/etc/default/grub.d), as in Debian, a drop-in is all that is written besides the menu; elsewhere
        (SUSE, Arch, RHEL 7) C(GRUB_CMDLINE_LINUX) in C(/etc/default/grub) is edited.
      - V(grub-bls) is GRUB 2 with C(blscfg) in its menu (RHEL 8 and later, Fedora). It edits C(/boot/loader/entries) or
        C(kernelopts) in C(grubenv) where entries take it from there, and for kernels to come C(/etc/default/grub) and
        C(/etc/kernel/cmdline). It does not call C(grubby).
      - V(systemd-boot) edits C(loader/entries/*.conf) on the boot partitions (C(/efi), C(/boot), C(/boot/efi)) and, for
        kernels to come, C(/etc/kernel/cmdline), which is made if it is known what it has to hold. Unified kernel images
        are read, with their addons, and never written, since their command line is signed with them. If one does not
        pass the value, nothing is changed, and the error says how to build it.
      - V(extlinux) edits C(extlinux.conf), for SYSLINUX and U-Boot, with what it includes, and what C(u-boot-update) or
        Alpine's C(update-extlinux) makes the next one from.
      - V(zipl) edits C(zipl.conf), files of parameters and C(/boot/loader/entries), and has C(zipl) write the boot
        record from copies before they take their place.
      - V(ostree) asks C(rpm-ostree kargs). Deployments to go back to keep what they have. A system that boots an image
        and has no C(rpm-ostree) is an error that says where the image holds its arguments.
      - V(raspberry-pi) edits C(cmdline.txt) and what else the firmware's settings name, and on Debian
        C(/etc/default/raspi-extra-cmdline).
      - V(lilo) and V(yaboot) edit C(append) in C(lilo.conf) or C(yaboot.conf), and have C(lilo) or C(ybin) read the new
        file before it takes the place of the old one.
    type: str
    choices: [auto, grub, grub-bls, systemd-boot, extlinux, zipl, ostree, raspberry-pi, lilo, yaboot]
    default: auto
  generator_timeout:
    description: How many seconds the generator of the boot menu may take.
    type: int
    default: 300
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
    details: Nothing is written. What the generator would bring besides is not known before it runs.
  diff_mode:
    support: full
  idempotent:
    support: full
  platform:
    support: full
    platforms: Debian 12
notes:
  - Needs root, in check mode too, since only root sees how much RAM the kernel counts (C(/proc/iomem)).
  - Entries of other systems found by C(os-prober), memory tests, network boot images and hypervisors are left alone and
    listed with RV(entries[].managed=false).
  - Every boot loader is tested on trees of files in the form that distributions leave them in, and killed there at
    every write and command. Of real tools, C(grub-mkconfig), C(kernel-install) and C(u-boot-update) of Debian 12 have
    been seen, of real boots those of GRUB on a BIOS and of systemd-boot, both in Debian.
  - A file that was made for kernels to come stays with O(state=absent), without the value. So does a default that had
    to be written out, such as C(U_BOOT_PARAMETERS="ro quiet").
  - For GRUB with drop-ins it writes C(/etc/default/grub.d/zz-linux-kdump.cfg). With O(state=absent) that file is
    removed, unless other files set the parameter; then it stays and takes it out.
seealso:
  - name: Documentation for Kdump
    description: The kernel's own description of C(crashkernel=).
    link: https://docs.kernel.org/admin-guide/kdump/kdump.html
author:
  - The linux.kdump maintainers (@linux-kdump)
"""

EXAMPLES = r"""
- name: Reserve 256 MiB for the capture kernel
  linux.kdump.crashkernel:
    size: 256M
  register: reservation

- name: Reboot if the running kernel was booted with another value
  ansible.builtin.reboot:
  when: reservation.reboot_required

- name: Reserve by the size of the machine
  linux.kdump.crashkernel:
    size: 1G-4G:192M,4G-64G:256M,64G-:512M

- name: Reserve what was measured for these images on a machine like this one
  linux.kdump.crashkernel:
    size: fit
    fit:
      calibration: "{{ lookup('ansible.builtin.file', 'calibration.json') | from_json }}"
      kernel: "{{ kdump_capture_kernel.manifest.files.bzImage.sha256 }}"
      initramfs: "{{ kdump_capture_initramfs.sha256 }}"

- name: Reserve what the distribution reserves
  linux.kdump.crashkernel:
    size: vendor

- name: Reserve what the estimators say for the distribution's own service
  linux.kdump.crashkernel:
    size: estimate

- name: Reserve what the estimators say for images that are not on the host yet
  linux.kdump.crashkernel:
    size: estimate
    estimate:
      kernel_bytes: 1758208
      initramfs_bytes: 2745607
      unpacked_bytes: 6291456
      modules: []

- name: Reserve above 4 GiB on a large machine
  linux.kdump.crashkernel:
    size: 1G,high 128M,low

- name: Give the memory back at the next boot
  linux.kdump.crashkernel:
    state: absent
"""

RETURN = r"""
reboot_required:
  description: Whether the running kernel was booted with another C(crashkernel=) than the wanted one.
  returned: success
  type: bool
  sample: true
reserved_bytes:
  description:
    - What the running kernel has reserved, by C(/sys/kernel/kexec_crash_size). V(null) if it cannot say.
    - Since Linux 6.5 this includes the part below 4 GiB that comes with a C(,high) value.
  returned: success
  type: int
  sample: 0
rebooted_in_vain:
  description:
    - Whether M(linux.kdump.reboot) has rebooted the host for this very value, and it did not come into force. It is not
      rebooted for it again as long as C(/var/lib/linux-kdump.rebooted-for) is there, which holds the value and the boot
      that ended then.
  returned: success
  type: bool
  sample: false
shortfall:
  description:
    - Why the memory is not there, and no further reboot will change that. Null where it is there, and where the host
      has yet to reboot.
  returned: success
  type: dict
  contains:
    id:
      description:
        - V(unsupported), V(not-passed), V(other-value), V(no-low-memory), V(no-room), V(in-use), V(address), V(syntax),
          V(too-large), V(no-range), V(xen), V(capture-kernel), V(given-back) or V(silent).
      returned: success
      type: str
      sample: no-room
    message:
      description: What that means, and what to do.
      returned: success
      type: str
      sample: >-
        Cannot bring crashkernel=64M into force: the kernel has reserved 0 bytes of 64M: there was no stretch of free
        memory of that size where the kernel looks. Ask for less.
    log:
      description: What the kernel said about it.
      returned: success
      type: list
      elements: str
      sample: ["crashkernel reservation failed - No suitable area found."]
  sample: null
expected_bytes:
  description: What O(size) reserves on this host, without what the kernel adds below 4 GiB. V(0) if O(state=absent).
  returned: success
  type: int
  sample: 268435456
reservation:
  description: How O(size) evaluates on this host; V(null) if O(state=absent).
  returned: success
  type: dict
  contains:
    size:
      description: The bytes of the main part, the same as RV(expected_bytes).
      returned: success
      type: int
      sample: 268435456
    high:
      description: Whether the main part may lie above 4 GiB by a C(,high) value.
      returned: success
      type: bool
      sample: false
    low:
      description: The bytes of the C(,low) value that go with a C(,high) one; V(null) leaves them to the kernel.
      returned: success
      type: int
      sample: 134217728
    cma:
      description: The bytes of the C(,cma) value.
      returned: success
      type: int
      sample: 0
  sample: {size: 268435456, high: false, low: null, cma: 0}
fit:
  description: Where the size comes from if O(size=fit); V(null) otherwise.
  returned: success
  type: dict
  contains:
    size_bytes:
      description: What is reserved. The sum of the next three, in whole MiB.
      returned: when a fit was asked for
      type: int
      sample: 28311552
    smallest_bytes:
      description: The smallest reservation that was seen to work each time.
      returned: when a fit was asked for
      type: int
      sample: 24117248
    margin_bytes:
      description: 4 MiB, or 10 % where that is more.
      returned: when a fit was asked for
      type: int
      sample: 4194304
    growth_bytes:
      description: What a host that is larger than the measured machine needs beside that.
      returned: when a fit was asked for
      type: int
      sample: 0
    profile:
      description: The profile that was measured.
      returned: when a fit was asked for
      type: str
      sample: tiny
    memory_bytes:
      description: The RAM of the machine that it was measured on.
      returned: when a fit was asked for
      type: int
      sample: 1073741824
    cpus:
      description: The CPUs of the machine that it was measured on.
      returned: when a fit was asked for
      type: int
      sample: 2
  sample:
    size_bytes: 28311552
    smallest_bytes: 24117248
    margin_bytes: 4194304
    growth_bytes: 0
    profile: tiny
    memory_bytes: 1073741824
    cpus: 2
vendor:
  description: Where the size comes from if O(size=vendor); V(null) otherwise.
  returned: success
  type: dict
  contains:
    distribution:
      description: The host's distribution, as C(/usr/lib/os-release) names it.
      returned: when the vendor was asked for
      type: str
      sample: debian
    version:
      description: Its version; empty where it has none.
      returned: when the vendor was asked for
      type: str
      sample: "12"
    architecture:
      description: The architecture, V(x86_64), V(i386), V(arm64), V(ppc64le) or V(s390x).
      returned: when the vendor was asked for
      type: str
      sample: x86_64
    page_bytes:
      description: The size of the running kernel's pages.
      returned: when the vendor was asked for
      type: int
      sample: 4096
    spec:
      description: What the vendor reserves, with the additions.
      returned: when the vendor was asked for
      type: str
      sample: 384M-:128M
    source:
      description: What that was read from.
      returned: when the vendor was asked for
      type: str
      sample: kdump-tools 1.8.1, /etc/default/grub.d/kdump-tools.cfg
    date:
      description: When it was read. V(this host) if it is from the package of the running kernel.
      returned: when the vendor was asked for
      type: str
      sample: 2026-08
    additions:
      description: What the vendor adds to its table for the hardware of this host, with the reason.
      returned: when the vendor was asked for
      type: list
      elements: str
      sample: []
    notes:
      description: How far it can be trusted. These are warned of as well.
      returned: when the vendor was asked for
      type: list
      elements: str
      sample: []
  sample:
    distribution: debian
    version: "12"
    architecture: x86_64
    page_bytes: 4096
    spec: 384M-:128M
    source: kdump-tools 1.8.1, /etc/default/grub.d/kdump-tools.cfg
    date: 2026-08
    additions: []
    notes: []
estimate:
  description: What each estimator said if O(size=estimate); V(null) otherwise.
  returned: success
  type: dict
  contains:
    size_bytes:
      description: What is reserved, the largest figure in whole MiB (2 MiB on arm64).
      returned: when an estimate was asked for
      type: int
      sample: 268435456
    spread_bytes:
      description: By how much the largest and the smallest figure disagree.
      returned: when an estimate was asked for
      type: int
      sample: 217345024
    estimators:
      description: The three figures.
      returned: when an estimate was asked for
      type: list
      elements: dict
      contains:
        estimator:
          description: V(kdumpctl), V(calibrate) or V(kdump-config).
          returned: when an estimate was asked for
          type: str
          sample: kdump-config
        bytes:
          description: Its figure.
          returned: when an estimate was asked for
          type: int
          sample: 51090432
        parts:
          description:
            - What the figure is made of, in bytes. C(table) of V(kdumpctl) is no summand but the least that it says.
          returned: when an estimate was asked for
          type: dict
          sample: {kernel: 10549248, initramfs: 9036751, early: 33554432}
        source:
          description: What the formula was read from.
          returned: when an estimate was asked for
          type: str
          sample: kdump-tools 1.10.7 kdump_mem_estimator
        date:
          description: When.
          returned: when an estimate was asked for
          type: str
          sample: 2026-08
    inputs:
      description:
        - All that went in, sizes in bytes. C(luks) is what the key slot that takes most asks for, C(early) what was in
          use early in the boot by C(/var/lib/kdump/mem-RELEASE), C(largest_low) the largest piece of RAM below 4 GiB.
      returned: when an estimate was asked for
      type: dict
      sample: {architecture: x86_64, page: 4096, kernel: 1758208, luks: 0}
    assumed:
      description: What was assumed, since nothing tells. These are warned of as well.
      returned: when an estimate was asked for
      type: list
      elements: str
      sample: []
  sample: null
known:
  description: The distributions that tables are known for.
  returned: when none is known for this host
  type: list
  elements: str
  sample: [almalinux, centos, debian, fedora, rhel, rocky]
measured:
  description: The entries of the calibration, one line each.
  returned: when nothing was measured for these images
  type: list
  elements: str
  sample: ["tiny x86_64 local kernel 565f1343e1df825f initramfs c94c81ea02131f5e 1024M RAM, 2 CPUs: 23M, reserve 27M"]
spec:
  description: The parameters every entry shall have, as they stand on a kernel command line.
  returned: success
  type: str
  sample: crashkernel=256M
bootloader:
  description: The boot loader that was found or chosen.
  returned: success
  type: str
  sample: grub
overruled:
  description: Files of others that set C(crashkernel=) too, and whose value does not count.
  returned: success
  type: list
  elements: str
  sample: [/etc/default/grub.d/kdump-tools.cfg]
entries:
  description: Every entry of the boot menu that boots a kernel, in the menu's order.
  returned: success
  type: list
  elements: dict
  contains:
    title:
      description: The entry's title, after those of the submenus it is in.
      returned: success
      type: str
      sample: Debian GNU/Linux
    id:
      description: The identifier the boot loader knows it by, or an empty string.
      returned: success
      type: str
      sample: gnulinux-simple-0a1b2c3d-0000-4000-8000-000000000000
    kernel:
      description: The kernel image, as the boot loader names it.
      returned: success
      type: str
      sample: /boot/vmlinuz-6.1.0-44-amd64
    path:
      description: The file that holds the entry.
      returned: success
      type: str
      sample: /boot/grub/grub.cfg
    managed:
      description: Whether it boots a Linux kernel of this system, and so has to hold the wanted value.
      returned: success
      type: bool
      sample: true
    reason:
      description: What it boots if RV(entries[].managed=false), otherwise an empty string.
      returned: success
      type: str
      sample: a memory test
    before:
      description: Its C(crashkernel=) parameters before; V(null) if the entry is new.
      returned: success
      type: str
      sample: ""
    after:
      description: Its C(crashkernel=) parameters now, or in check mode as they would be; V(null) if the entry is gone.
      returned: success
      type: str
      sample: crashkernel=256M
  sample:
    - title: Debian GNU/Linux
      id: gnulinux-simple-0a1b2c3d-0000-4000-8000-000000000000
      kernel: /boot/vmlinuz-6.1.0-44-amd64
      path: /boot/grub/grub.cfg
      managed: true
      reason: ""
      before: ""
      after: crashkernel=256M
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.detect import BOOTLOADERS, find_bootloader
from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.reserve import reserve
from ansible_collections.linux.kdump.plugins.module_utils.crashkernel.shortfall import read_log
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude

ESTIMATE: dict[str, dict[str, object]] = {
    "kernel": {"type": "path"},
    "kernel_bytes": {"type": "int"},
    "kernel_memory_bytes": {"type": "int"},
    "initramfs": {"type": "path"},
    "initramfs_bytes": {"type": "int"},
    "unpacked_bytes": {"type": "int"},
    "modules": {"type": "list", "elements": "str"},
    "path": {"type": "path", "default": "/var/crash"},
    "network": {"type": "bool", "default": False},
    "cpus": {"type": "int", "default": 1},
}


def main() -> None:
    """Wire options, work and result."""
    module = AnsibleModule(
        argument_spec={
            "size": {"type": "str"},
            "fit": {
                "type": "dict",
                "options": {
                    "calibration": {"type": "dict", "required": True},
                    "kernel": {"type": "str", "required": True},
                    "initramfs": {"type": "str", "required": True},
                    "targets": {"type": "list", "elements": "str", "default": ["local"]},
                },
            },
            "estimate": {"type": "dict", "options": ESTIMATE},
            "minimum_bytes": {"type": "int", "default": 0},
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "bootloader": {"type": "str", "choices": ["auto", *BOOTLOADERS], "default": "auto"},
            "generator_timeout": {"type": "int", "default": 300},
        },
        required_if=[("state", "present", ["size"])],
        supports_check_mode=True,
    )
    options = module.params
    conclude(
        module,
        lambda: reserve(
            size=options["size"],
            fit=options["fit"],
            images=options["estimate"],
            state=options["state"],
            minimum=options["minimum_bytes"],
            find=lambda: find_bootloader(options["bootloader"], ModuleRunner(module)),
            log=lambda: read_log(ModuleRunner(module)),
            timeout=options["generator_timeout"],
            check=module.check_mode,
            warn=module.warn,
        ),
    )


if __name__ == "__main__":
    main()
