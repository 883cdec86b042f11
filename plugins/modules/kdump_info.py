# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Thin wiring around module_utils.host.evidence."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kdump_info
short_description: All evidence about a host's crash readiness
version_added: 0.1.0
author:
  - The linux.kdump maintainers (@linux-kdump)
description:
  - Reads in one call what tells whether a panic of this host would leave a dump, and which dumps it has.
    Changes nothing.
  - Judges nothing either. What cannot be found out is null.
  - Runs as an ordinary user as well, and then says in RV(evidence.unread) what only root may read.
  - Never returns more than 64 KB. Where there is more, what matters least is left out, and RV(evidence.omitted) says
    what.
extends_documentation_fragment:
  - linux.kdump.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent:
    support: full
  platform:
    support: full
options:
  dump_path:
    description: The folder for dumps.
    type: path
    default: /var/crash
  estimate:
    description:
      - Counts the pages of the living kernel, by C(makedumpfile --mem-usage), and tells in RV(evidence.estimate) how
        large a dump of this host would be. That takes time on hosts with much memory.
      - Also tells whether the makedumpfile that is to save the dump knows this kernel.
    type: dict
    suboptions:
      collector:
        description: What saves the dump, as RV(linux.kdump.capture_initramfs#module:manifest) has it.
        type: str
        default: makedumpfile -l -d 31
      makedumpfile:
        description: The version of makedumpfile in the save environment.
        type: str
      timeout:
        description: The most seconds that the counting may take.
        type: int
        default: 60
seealso:
  - module: linux.kdump.kexec_crash
  - module: linux.kdump.crashkernel
"""

EXAMPLES = r"""
- name: Look at the host
  linux.kdump.kdump_info:
  register: result

- name: Ask how large a dump would be, and whether it fits
  linux.kdump.kdump_info:
    estimate:
      collector: "{{ kdump_capture_initramfs.manifest.collector }}"
      makedumpfile: "{{ kdump_capture_initramfs.manifest.tools.makedumpfile }}"
  register: sized

- name: Look without root, and see what that cannot tell
  linux.kdump.kdump_info:
  become: false
  register: partly

- name: It must be armed with what is on its disk
  ansible.builtin.assert:
    that:
      - result.evidence.crash.loaded
      - result.evidence.load_current
"""

RETURN = r"""
evidence:
  description: The evidence. Its JSON Schema is C(docs/schemas/evidence.schema.json).
  returned: success
  type: dict
  contains:
    schema:
      description: Name and version of this document's schema.
      returned: success
      type: dict
      sample: {name: linux.kdump/evidence, version: 1}
    nodename:
      description: The host's name, as the kernel knows it. By C(uname).
      returned: success
      type: str
      sample: db1
    release:
      description: The running kernel's release. By C(uname).
      returned: success
      type: str
      sample: 6.1.0-40-cloud-amd64
    machine:
      description: The machine, as C(uname) calls it.
      returned: success
      type: str
      sample: x86_64
    boot_id:
      description: The kernel's random name for this boot. By C(/proc/sys/kernel/random/boot_id).
      returned: success
      type: str
      sample: 5a3f3b0e-7d3c-4c4e-9b0f-3f7c5b8f4c11
    uptime:
      description: Seconds since the boot. By C(/proc/uptime).
      returned: success
      type: float
      sample: 12.34
    memory_total_bytes:
      description: >-
        Memory that the kernel has for itself and its programs; a reservation is not part of it. By C(/proc/meminfo).
      returned: success
      type: int
      sample: 985661440
    cpus:
      description: Number of CPUs. By C(/sys/devices/system/cpu/online).
      returned: success
      type: int
      sample: 2
    command_line:
      description: The running kernel's command line. By C(/proc/cmdline).
      returned: success
      type: str
      sample: root=UUID=0a3407de-014b-458b-b5c1-848e92a327a3 ro crashkernel=64M
    kernel_lacks:
      description:
        - Which of the kernel's settings for kexec, kdump and the analysis of dumps are off in the running kernel, as
          C(/boot/config-*) or C(/proc/config.gz) tell. They are C(KEXEC), C(CRASH_DUMP), C(PROC_VMCORE), C(SYSFS),
          C(PROC_KCORE), C(KALLSYMS_ALL), C(MAGIC_SYSRQ), C(KEXEC_FILE) and C(DEBUG_INFO).
        - A kernel of O(linux.kdump.kernel_build#module:kind=system) has them all, but for C(DEBUG_INFO) with
          O(linux.kdump.kernel_build#module:debug_info=none). Null where nothing tells.
      returned: success
      type: list
      elements: str
      sample: [CRASH_DUMP, KEXEC]
    systemd_state:
      description: V(running), V(degraded), V(starting) and so on, as C(systemctl is-system-running) says.
      returned: success
      type: str
      sample: running
    capture_kernel:
      description: Whether this is a capture kernel itself, which has C(/proc/vmcore).
      returned: success
      type: bool
      sample: false
    crash:
      description: The kernel's own view of the crash image.
      returned: success
      type: dict
      contains:
        loaded:
          description: >-
            An image is loaded. Null where the kernel has no kexec. By C(/sys/kernel/kexec_crash_loaded).
          returned: success
          type: bool
          sample: true
        reserved_bytes:
          description: Memory reserved for it now. By C(/sys/kernel/kexec_crash_size).
          returned: success
          type: int
          sample: 67108864
        expected_bytes:
          description: >-
            What C(crashkernel=) on the running command line reserves on this host by the kernel's rules. By
            C(/proc/cmdline) and C(/proc/iomem), whose addresses only root sees.
          returned: success
          type: int
          sample: 67108864
        shortfall:
          description: >-
            Why less is reserved than C(crashkernel=) on the running command line asks for, with C(id), C(message) and
            C(log) as in RV(linux.kdump.crashkernel#module:shortfall). Null where nothing lacks. By C(dmesg), or
            C(journalctl --dmesg), and C(/proc/iomem).
          returned: success
          type: dict
          sample: null
        load_disabled:
          description: C(/proc/sys/kernel/kexec_load_disabled) is 1.
          returned: success
          type: bool
          sample: false
        lockdown:
          description: V(none), V(integrity) or V(confidentiality). By C(/sys/kernel/security/lockdown).
          returned: success
          type: str
          sample: none
      sample: {loaded: true, reserved_bytes: 67108864, expected_bytes: 67108864, load_disabled: false, lockdown: none}
    load:
      description: >-
        The load record that M(linux.kdump.kexec_crash)'s loader wrote, if any. By C(/var/lib/linux-kdump/load.json).
      returned: success
      type: dict
      sample: {boot_id: 5a3f3b0e-7d3c-4c4e-9b0f-3f7c5b8f4c11, syscall: kexec_file_load}
    load_current:
      description: >-
        What is loaded is what is on disk, loaded in this boot. By RV(evidence.load) and the two files that it names;
        null where one of them may not be read.
      returned: success
      type: bool
      sample: true
    load_error:
      description: Why the loader failed in this boot, if it did. By C(/run/linux-kdump.error).
      returned: success
      type: str
      sample: null
    service:
      description: The loader's systemd unit. By C(systemctl show linux-kdump.service).
      returned: success
      type: dict
      contains:
        enabled:
          description: It runs at every boot.
          returned: success
          type: bool
          sample: true
        active:
          description: It ran, and without failure.
          returned: success
          type: bool
          sample: true
      sample: {enabled: true, active: true}
    distribution:
      description: The kdumps of the distribution that are installed, and what C(systemctl show) says of each.
      returned: success
      type: list
      elements: dict
      contains:
        engine:
          description: Which one it is, as in M(linux.kdump.kdump_service).
          returned: success
          type: str
          sample: kdump-tools
        unit:
          description: Its systemd unit.
          returned: success
          type: str
          sample: kdump-tools.service
        enabled:
          description: It runs at every boot.
          returned: success
          type: bool
          sample: false
        active:
          description: It ran, and without failure.
          returned: success
          type: bool
          sample: false
      sample: [{engine: kdump-tools, unit: kdump-tools.service, enabled: false, active: false}]
    target:
      description: >-
        The file system that O(dump_path) is in. By C(/proc/self/mountinfo), C(/dev/disk/by-uuid) or C(blkid),
        C(statvfs) and, for the drivers, C(/sys/dev/block).
      returned: success
      type: dict
      contains:
        path:
          description: The folder asked for.
          returned: success
          type: str
          sample: /var/crash
        source:
          description: What is mounted.
          returned: success
          type: str
          sample: /dev/vda1
        uuid:
          description: Its UUID.
          returned: success
          type: str
          sample: 0a3407de-014b-458b-b5c1-848e92a327a3
        fstype:
          description: Its type.
          returned: success
          type: str
          sample: ext4
        fs_path:
          description: The folder's path inside that file system.
          returned: success
          type: str
          sample: /var/crash
        free_bytes:
          description: Free space.
          returned: success
          type: int
          sample: 3428655104
        total_bytes:
          description: Total space.
          returned: success
          type: int
          sample: 4142628864
        path_modules:
          description: >-
            Every driver from the file system up to the root of the buses, nearest first. A capture kernel needs all of
            them to reach the file system. C(module) is null for a driver that is built into the running kernel and
            does not say what it is part of.
          returned: success
          type: list
          elements: dict
          sample:
            - {device: /dev/sda2, driver: ext4, module: ext4}
            - {device: "0:2:0:0", driver: sd, module: sd_mod}
            - {device: "0000:3b:00.0", driver: megaraid_sas, module: megaraid_sas}
            - {device: "0000:3a:00.0", driver: pcieport, module: null}
      sample: {path: /var/crash, source: /dev/vda1, fstype: ext4, fs_path: /var/crash}
    interfaces:
      description: >-
        The network interfaces that are hardware, 64 at most. By C(/sys/class/net) and C(/proc/net/route).
      returned: success
      type: list
      elements: dict
      contains:
        name:
          description: Its name.
          returned: success
          type: str
          sample: eno1
        mac:
          description: Its address.
          returned: success
          type: str
          sample: d0:94:66:00:00:01
        default:
          description: The default route of IPv4 goes through it, if need be by way of a bond, bridge or VLAN.
          returned: success
          type: bool
          sample: true
        path_modules:
          description: Every driver from the interface up to the root of the buses, as for the target.
          returned: success
          type: list
          elements: dict
          sample: [{device: "0000:04:00.0", driver: tg3, module: tg3}]
      sample:
        - name: eno1
          mac: d0:94:66:00:00:01
          default: true
          path_modules: [{device: "0000:04:00.0", driver: tg3, module: tg3}]
    dumps:
      description: >-
        The newest dumps in O(dump_path), oldest first, 100 at most. By the folders in it.
      returned: success
      type: list
      elements: dict
      contains:
        id:
          description: The name of the dump's folder.
          returned: success
          type: str
          sample: 20261122T214500Z-1b2c3d4e
        path:
          description: The dump's folder.
          returned: success
          type: str
          sample: /var/crash
        complete:
          description: It holds a vmcore under its final name, and none that is incomplete.
          returned: success
          type: bool
          sample: true
        files:
          description: Names and sizes of its files.
          returned: success
          type: dict
          sample: {vmcore: 31457280, dmesg.txt: 81920, kdump.json: 1024}
        record:
          description: >-
            What the save environment wrote about it, with the nonce of the drill that it proves, if it was one. By
            C(kdump.json) in the dump's folder. Null where that is missing or is no JSON object.
          returned: success
          type: dict
          sample: {status: saved}
        vmcore:
          description:
            - The name of the vmcore among the files, whole or not. Null where there is none.
            - It ends in C(.age) where it is encrypted, before that in C(.gz), C(.lz4) or C(.zst) where it is compressed
              as a whole, and in C(.incomplete) where the save environment did not finish it.
          returned: success
          type: str
          sample: vmcore
        engine:
          description: >-
            Who saved it, by the names of its files. That is V(collection), or the kdump of the distribution by its name
            in M(linux.kdump.kdump_service).
          returned: success
          type: str
          sample: collection
        nonce:
          description: >-
            The nonce of the drill that it is from. By its record, or by the end of the kernel's log beside it where the
            kdump of the distribution saved it. Null where it is from no drill.
          returned: success
          type: str
          sample: 0123456789abcdef0123456789abcdef
      sample:
        - id: 20261122T214500Z-1b2c3d4e
          path: /var/crash/20261122T214500Z-1b2c3d4e
          complete: true
          files: {vmcore: 31457280, dmesg.txt: 81920, kdump.json: 1024}
          record: {status: saved}
          vmcore: vmcore
    tools:
      description: >-
        Versions of tools, by C(kexec --version) and C(makedumpfile -v). Null where one is missing, empty where it does
        not say.
      returned: success
      type: dict
      contains:
        kexec:
          description: Version of the kexec that loads, the one that M(linux.kdump.kexec_crash) installed if any.
          returned: success
          type: str
          sample: 2.0.25
        makedumpfile:
          description: Version of makedumpfile.
          returned: success
          type: str
          sample: 1.7.2
      sample: {kexec: 2.0.25, makedumpfile: 1.7.2}
    trust:
      description: What decides which images the running kernel takes, and whom it trusts.
      returned: success
      type: dict
      contains:
        secure_boot:
          description: >-
            The machine was started with Secure Boot. Null where the firmware does not say. By
            C(/sys/firmware/efi/efivars/SecureBoot-*), on s390x C(/sys/firmware/ipl/secure).
          returned: success
          type: bool
          sample: true
        config:
          description: >-
            What the running kernel's configuration says about signatures of images. Null where it is not to be found.
            By the file in RV(evidence.kernel_config).
          returned: success
          type: dict
          sample: {KEXEC_SIG: "y", KEXEC_BZIMAGE_VERIFY_SIG: "y"}
        keys:
          description: >-
            The public keys that the kernel holds, by the name and the key identifier of their certificates, in
            whichever keyring. Null where the kernel does not show them. By C(/proc/keys).
          returned: success
          type: list
          elements: dict
          sample: [{name: "Debian Secure Boot CA", id: 6ccece7e4c6c0d1f6149f3dd27dfcc5cbb419ea1}]
        keyrings:
          description: Those of the keyrings with trusted keys that there are. By C(/proc/keys).
          returned: success
          type: list
          elements: str
          sample: [.builtin_trusted_keys, .platform]
        enrolment_pending:
          description: >-
            A key waits for the next boot to be enrolled (C(mokutil --import)). By
            C(/sys/firmware/efi/efivars/MokNew-*).
          returned: success
          type: bool
          sample: false
        load_limit:
          description: >-
            How many more crash images may be loaded in this boot. Null for any number. By
            C(/proc/sys/kernel/kexec_load_limit_panic).
          returned: success
          type: int
          sample: null
      sample: {secure_boot: true, keyrings: [.builtin_trusted_keys, .platform]}
    kernel_config:
      description: >-
        The running kernel's configuration, as far as it matters here. By C(/proc/config.gz), C(/boot/config-RELEASE) or
        C(/usr/lib/modules/RELEASE/config); null where there is none of them.
      returned: success
      type: dict
      contains:
        path:
          description: The file that it was read from.
          returned: success
          type: str
          sample: /boot/config-6.1.0-44-amd64
        symbols:
          description: Those that are set, with their values, without C(CONFIG_).
          returned: success
          type: dict
          sample: {KEXEC: "y", CRASH_DUMP: "y", PANIC_TIMEOUT: "0"}
      sample: {path: /boot/config-6.1.0-44-amd64, symbols: {KEXEC: "y"}}
    boot:
      description: >-
        What the next boot would reserve, by the boot loader's own files, such as C(/boot/grub/grub.cfg).
      returned: success
      type: dict
      contains:
        bootloader:
          description: >-
            The boot loader, by the name that M(linux.kdump.crashkernel) has for it. Null where none was found.
          returned: success
          type: str
          sample: grub
        entries:
          description: >-
            Its entries, 64 at most, with C(title), C(id), C(kernel), C(path) of the file, C(managed) as in
            RV(linux.kdump.crashkernel#module:entries[].managed), and the C(crashkernel) parameters as they stand there.
            Null where they cannot be read.
          returned: success
          type: list
          elements: dict
          sample:
            - title: Debian GNU/Linux
              id: gnulinux-simple-0a1b2c3d-0000-4000-8000-000000000000
              kernel: /boot/vmlinuz-6.1.0-44-amd64
              path: /boot/grub/grub.cfg
              managed: true
              crashkernel: crashkernel=64M
        problem:
          description: Why they cannot be read, if so.
          returned: success
          type: str
          sample: null
      sample: {bootloader: grub, entries: [], problem: null}
    sysctls:
      description: >-
        What panics the kernel and what it does then, by the files of these names in C(/proc/sys). Null where the kernel
        has no such setting.
      returned: success
      type: dict
      sample: {kernel.panic: 0, kernel.panic_on_oops: 0, kernel.sysrq: 438, kernel.hung_task_panic: 0}
    security:
      description: What else guards the host, beside RV(evidence.crash.lockdown) and RV(evidence.trust).
      returned: success
      type: dict
      contains:
        selinux:
          description: V(enforcing) or V(permissive). Null without SELinux. By C(/sys/fs/selinux/enforce).
          returned: success
          type: str
          sample: null
        apparmor:
          description: AppArmor is on. Null without it. By C(/sys/module/apparmor/parameters/enabled).
          returned: success
          type: bool
          sample: true
        fips:
          description: The kernel is in FIPS mode. By C(/proc/sys/crypto/fips_enabled).
          returned: success
          type: bool
          sample: false
        modules:
          description: The security modules that are in use. By C(/sys/kernel/security/lsm).
          returned: success
          type: list
          elements: str
          sample: [lockdown, capability, yama, apparmor]
      sample: {selinux: null, apparmor: true, fips: false, modules: [lockdown, capability, yama, apparmor]}
    system:
      description: >-
        The clock, the distribution and hardware for which distributions reserve more. By C(/usr/lib/os-release),
        C(/etc/os-release), C(getconf PAGE_SIZE), C(/sys/devices/system/cpu/sev), C(/sys/bus/pci/drivers/mlx5_core) and
        C(/sys/devices/platform).
      returned: success
      type: dict
      sample:
        {time: 1764000000, distribution: debian, version: "12", name: Debian GNU/Linux 12 (bookworm), page_bytes: 4096,
         memory_encryption: false, mlx5: false, smmu: false}
    engine:
      description:
        - The configuration of the distribution's kdump, null where none is installed. By C(/etc/default/kdump-tools),
          C(/etc/kdump.conf) or C(/etc/sysconfig/kdump), and C(/var/lib/kdump) or C(/boot) for the save environments of
          the kernels in C(/lib/modules).
        - C(settings) leaves out whatever may be a password. C(problems) says what its tool would not take.
      returned: success
      type: dict
      sample:
        {name: kdump-tools, unit: kdump-tools.service, settings: {USE_KDUMP: "1"}, problems: [],
         kernels: [{release: 6.1.0-40-amd64, initramfs: /var/lib/kdump/initrd.img-6.1.0-40-amd64}]}
    masked:
      description: >-
        The units that load a crash image and that are masked, this collection's and those of the distributions. By
        C(/etc/systemd/system) and C(/run/systemd/system).
      returned: success
      type: list
      elements: str
      sample: [kdump.service]
    boot_sysctls:
      description: >-
        What the next boot sets of the settings in RV(evidence.sysctls), and which file says so. By C(/etc/sysctl.d) and
        its kin.
      returned: success
      type: dict
      sample: {kernel.kexec_load_disabled: {value: "1", path: /etc/sysctl.d/90-hardening.conf}}
    folder:
      description:
        - Who may look into the folder O(dump_path) and into dumps in it, whether it can be written to and opened after
          a crash. By C(stat), C(statvfs), C(/sys/dev/block) and the headers of encrypted disks.
        - C(open) are the first files of dumps that others than their owner may read. C(unlock_bytes) is the memory that
          it takes to open the encrypted disks that it is on; null where a header cannot be read.
      returned: success
      type: dict
      sample:
        {exists: true, mode: "0700", uid: 0, read_only: false, inodes_free: 190000, encrypted: false, unlock_bytes: 0,
         open: []}
    hotplug:
      description: >-
        Whether CPUs and memory can come while the host runs, and who brings the crash image up to date then, the kernel
        itself or a rule of udev. By C(/sys/devices/system/cpu), C(/sys/devices/system/memory/crash_hotplug),
        C(/sys/bus/acpi/devices), C(/sys/bus/virtio/drivers/virtio_mem) and C(/usr/lib/udev/rules.d) and its kin.
      returned: success
      type: dict
      sample:
        {cpus_possible: 2, cpus_present: 2, memory_devices: 0, kernel_updates_cpus: null, kernel_updates_memory: null,
         rules: []}
    kernel_check:
      description: >-
        What the hook of M(linux.kdump.kexec_crash) found at the kernel that was installed last, with C(release),
        C(checked_at) in seconds since the epoch, how many C(entries) it has in boot menus that the hook knows, and
        C(problems), V(entry) for one without C(crashkernel=), V(kexec) for a kernel without, V(image) for a file that
        is missing, V(unit) for one that is not enabled. Null where none was installed since. By
        C(/var/lib/linux-kdump/kernel.json).
      returned: success
      type: dict
      sample: {release: 6.1.0-45-amd64, checked_at: 1795440000, entries: 2, problems: []}
    watchdogs:
      description: The hardware's watchdogs, 8 at most. By C(/sys/class/watchdog).
      returned: success
      type: list
      elements: dict
      sample: [{name: watchdog0, identity: iTCO_wdt, state: active, timeout: 30}]
    files:
      description: >-
        Size and time of change, in seconds since 1970, of what a crash image is made of and configured by, by path. Of
        this collection's files in C(/usr/local/lib/linux-kdump), the running kernel in C(/boot), its modules,
        C(/etc/fstab), C(/etc/crypttab) and the files of RV(evidence.engine).
      returned: success
      type: dict
      sample: {/usr/local/lib/linux-kdump/vmlinuz: {bytes: 2417664, modified: 1764000000}}
    kdumpctl_test:
      description: >-
        How C(kdumpctl test) went, by its C(status) and the time C(at) which it was written; null where there was none
        since the save environment was built. By C(/var/lib/kdump/vmcore-creation.status).
      returned: success
      type: dict
      sample: {status: success, at: 1764000000}
    privileged:
      description: It ran as root. By C(geteuid).
      returned: success
      type: bool
      sample: true
    unread:
      description: >-
        What is there and could not be read, by its path, with the reason, 64 at most. What depends on it is null, or
        looks as if it was not there.
      returned: success
      type: dict
      sample: {/proc/iomem: only root sees addresses, /var/crash: Permission denied}
    omitted:
      description: >-
        How much was left out, by name. Every list has a limit, such as the newest 100 dumps, and V(dumps) counts
        the others. To stay below 64 KB the records and files of the oldest dumps go first, and at last the dumps
        themselves.
      returned: success
      type: dict
      sample: {}
    estimate:
      description: >-
        What a dump of this host would be. By C(makedumpfile --mem-usage /proc/kcore), which needs root. Null where
        O(estimate) is not given.
      returned: success
      type: dict
      contains:
        state:
          description:
            - V(ok) where makedumpfile counted the pages.
            - V(no_tool) and V(no_kcore) where the host has no makedumpfile or no C(/proc/kcore), V(not_reserved) where
              no memory is reserved for a capture kernel yet, V(unsupported_kernel) where the host's makedumpfile is too
              old for its kernel (what it counted nevertheless is told), V(not_permitted), V(timeout), or V(failed).
          returned: success
          type: str
          sample: ok
        detail:
          description: What makedumpfile said, where the state is not V(ok).
          returned: success
          type: str
          sample: null
        collector:
          description: What the estimate is for.
          returned: success
          type: str
          sample: makedumpfile -l -d 31
        page_bytes:
          description: The size of a page.
          returned: success
          type: int
          sample: 4096
        pages:
          description: How many pages there are of each kind.
          returned: success
          type: dict
          sample: {zero: 1200, cache: 31000, cache_private: 900, user: 12000, free: 200000, kernel: 16690}
        uncompressed_bytes:
          description: The size of the pages that the dump would hold.
          returned: success
          type: int
          sample: 68362240
        expected_bytes:
          description: The expected size of the file, on the cautious side.
          returned: success
          type: int
          sample: 34600000
        free_bytes:
          description: The free space where dumps go.
          returned: success
          type: int
          sample: 1073741824
        fits:
          description: Whether the file fits there. Null where either is unknown.
          returned: success
          type: bool
          sample: true
        makedumpfile:
          description: >-
            The C(version) in the save environment, its C(state) (V(ok), V(newer) where the kernel is newer than what it
            knows, V(broken) where it is known to fail, V(unknown)), C(latest_kernel) and a C(message) with advice.
          returned: success
          type: dict
          sample: {version: 1.7.2, state: ok, latest_kernel: "6.0", message: null}
      sample: null
  sample:
    nodename: db1
    load_current: true
"""

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.linux.kdump.plugins.module_utils.bootloader.detect import find_bootloader
from ansible_collections.linux.kdump.plugins.module_utils.command import ModuleRunner
from ansible_collections.linux.kdump.plugins.module_utils.host.estimate import (
    DEFAULT_COLLECTOR,
    DEFAULT_SECONDS,
    request,
)
from ansible_collections.linux.kdump.plugins.module_utils.host.evidence import gather
from ansible_collections.linux.kdump.plugins.module_utils.host.tree import Host
from ansible_collections.linux.kdump.plugins.module_utils.wiring import conclude

ESTIMATE = {
    "collector": {"type": "str", "default": DEFAULT_COLLECTOR},
    "makedumpfile": {"type": "str"},
    "timeout": {"type": "int", "default": DEFAULT_SECONDS},
}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "dump_path": {"type": "path", "default": "/var/crash"},
            "estimate": {"type": "dict", "options": ESTIMATE},
        },
        supports_check_mode=True,
    )
    runner = ModuleRunner(module)
    conclude(
        module,
        lambda: {
            "changed": False,
            "evidence": gather(
                module.params["dump_path"],
                host=Host(),
                runner=runner,
                dump=request(module.params),
                find=lambda: find_bootloader("auto", runner),
            ).document(),
        },
    )


if __name__ == "__main__":
    main()
