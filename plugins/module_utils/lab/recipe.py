# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into a lab image: packages, files and the two scripts, as data.

Everything here is part of the image's digest, so a change of any of it makes a new image.
"""

from __future__ import annotations

import typing as t

#: Raised when the way an image is put together changes in a manner that the data below does not show.
VERSION: t.Final = 1

PACKAGES: t.Final = (
    # what makes it a machine
    "systemd", "systemd-sysv", "dbus", "udev", "kmod", "procps", "iproute2", "e2fsprogs", "fdisk",
    "linux-image-cloud-amd64", "zstd", "ca-certificates",
    # what makes it boot by itself; grub-pc itself asks debconf for a disk, its parts do not
    "grub2-common", "grub-pc-bin",
    # what Ansible needs; python3-minimal lacks parts of the standard library that modules import
    "openssh-server", "python3", "python3-apt", "sudo",
    # what kdump needs, so that no drill depends on a mirror
    "kexec-tools", "makedumpfile",
)  # fmt: skip

#: Those of them that only this way of booting needs; `boots` has the others.
LOADER_PACKAGES: t.Final = ("grub2-common", "grub-pc-bin")

#: kexec-tools would otherwise turn every reboot into a kexec, past the boot loader that the lab is about.
DEBCONF: t.Final = """\
kexec-tools kexec-tools/load_kexec boolean false
kexec-tools kexec-tools/use_grub_config boolean false
"""

#: Names of the systemd credentials by which a guest learns who it is.
CREDENTIAL_HOSTNAME: t.Final = "linux-kdump.hostname"
CREDENTIAL_HOST_KEY: t.Final = "linux-kdump.host-key"
CREDENTIAL_AUTHORIZED: t.Final = "linux-kdump.authorized-keys"
CREDENTIAL_NETWORKS: t.Final = "linux-kdump.networks"

#: The ordinary user with sudo, for whoever wants to see things work under become.
USER: t.Final = "lab"

#: What the finishing boot prints on the console, and how it is told to happen.
FINISHED: t.Final = "linux-kdump-lab: image finished"
FAILED: t.Final = "linux-kdump-lab: image failed"
LIBRARY: t.Final = "/usr/local/lib/linux-kdump-lab"
FINISH: t.Final = f"{LIBRARY}/finish"
FINISH_PARAMETERS: t.Final = f"init={FINISH} panic=1"

#: Kernel parameters of every boot: QEMU's emulated timer sometimes fails the kernel's check when the host is busy.
CONSOLE_LINE: t.Final = "console=ttyS0,115200n8 no_timer_check"


#: Files in place before the packages' own scripts run. A short module list keeps the initial RAM file system small,
#: which emulated processors thank with seconds at every boot.
EARLY_FILES: t.Final = {
    "/etc/initramfs-tools/conf.d/linux-kdump-lab": ("MODULES=list\nCOMPRESS=zstd\nRESUME=none\n", 0o644),
    "/usr/share/initramfs-tools/modules.d/linux-kdump-lab": (
        "virtio_pci\nvirtio_blk\nvirtio_scsi\nsd_mod\next4\n",
        0o644,
    ),
}

#: What a guest was seeded with: every boot asks, few have anything to do.
_SEEDED = "/var/lib/linux-kdump-lab-seeded"

_SEED = f"""\
#!/bin/sh
# Make this guest itself: its name, its ssh host key, who may log in, all of its disk.
set -eu
cd "${{CREDENTIALS_DIRECTORY:-/run/credentials/@system}}"
seeded=$(cat {_SEEDED} 2>/dev/null || :)
wanted=$(cat {CREDENTIAL_HOSTNAME} {CREDENTIAL_HOST_KEY} {CREDENTIAL_AUTHORIZED} {CREDENTIAL_NETWORKS} \\
    /sys/class/block/vda/size 2>/dev/null | sha256sum)
[ "$seeded" != "$wanted" ] || exit 0
if [ -s {CREDENTIAL_HOSTNAME} ]; then
    cat {CREDENTIAL_HOSTNAME} >/etc/hostname
    hostname -F /etc/hostname
    printf '127.0.0.1 localhost\\n127.0.1.1 %s\\n' "$(cat /etc/hostname)" >/etc/hosts
fi
if [ -s {CREDENTIAL_HOST_KEY} ]; then
    install -m 0600 {CREDENTIAL_HOST_KEY} /etc/ssh/ssh_host_ed25519_key
fi
if [ -s {CREDENTIAL_AUTHORIZED} ]; then
    install -d -m 0700 /root/.ssh
    install -m 0600 {CREDENTIAL_AUTHORIZED} /root/.ssh/authorized_keys
    install -d -m 0700 -o {USER} -g {USER} /home/{USER}/.ssh
    install -m 0600 -o {USER} -g {USER} {CREDENTIAL_AUTHORIZED} /home/{USER}/.ssh/authorized_keys
fi
# A file for each network, which comes before the one that asks everywhere by DHCP.
if [ -s {CREDENTIAL_NETWORKS} ]; then
    while read -r network mac address; do
        printf '[Match]\\nMACAddress=%s\\n\\n[Network]\\nAddress=%s\\nLinkLocalAddressing=no\\nIPv6AcceptRA=no\\n' \\
            "$mac" "$address" >"/etc/systemd/network/70-lab-$network.network"
    done <{CREDENTIAL_NETWORKS}
fi
disk=$(cat /sys/class/block/vda/size)
start=$(cat /sys/class/block/vda1/start)
size=$(cat /sys/class/block/vda1/size)
if [ "$disk" -gt "$((start + size + 2048))" ]; then
    echo ', +' | sfdisk --quiet --force --no-reread --no-tell-kernel -N 1 /dev/vda
    partx --update /dev/vda
fi
# Also where the partition has grown already: the boot before may have ended between the two.
resize2fs /dev/vda1
echo "$wanted" >{_SEEDED}
"""

_SEED_UNIT = f"""\
[Unit]
Description=Give this lab guest its name, keys and disk
DefaultDependencies=no
After=local-fs.target systemd-remount-fs.service
Before=ssh.service systemd-networkd.service network-pre.target
Wants=network-pre.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={LIBRARY}/seed

[Install]
WantedBy=multi-user.target
"""


def finish_script(work: str, *, about: str) -> str:
    """The script that is the first process of an image's one boot, and has ``fail`` for what cannot be done.

    As the first process it needs no other service, and nothing that should be unique to a guest comes into being.
    """
    return f"""\
#!/bin/sh
# The image's one boot before it is handed out: {about}.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
leave() {{
    echo "$1"
    sync
    mount -o remount,ro /
    exec systemctl --force --force poweroff
}}
fail() {{
    leave "{FAILED}: $1"
}}
mount -o remount,rw / || fail "the root file system cannot be written to"
{work}leave "{FINISHED}"
"""


# grub.cfg comes from the guest's own generator, since only here grub-probe sees the disk as it will be.
_FINISH = finish_script(
    f"""\
update-grub >/run/update-grub.log 2>&1 || fail "update-grub: $(tail -n 1 /run/update-grub.log)"
grep -q '^menuentry ' /boot/grub/grub.cfg || fail "update-grub wrote a menu without entries"
grep -q {FINISH} /boot/grub/grub.cfg && fail "update-grub kept the finishing boot"
""",
    about="through its own GRUB, to the boot menu its own generator writes",
)

_NETWORK = "[Match]\nType=ether\n\n[Network]\nDHCP=ipv4\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"

_GRUB_DEFAULTS = f"""\
GRUB_TIMEOUT=0
GRUB_TERMINAL="console serial"
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="{CONSOLE_LINE}"
GRUB_DISABLE_OS_PROBER=true
"""

#: Files in place after the packages.
FILES: t.Final = {
    f"{LIBRARY}/seed": (_SEED, 0o755),
    FINISH: (_FINISH, 0o755),
    "/etc/systemd/system/linux-kdump-seed.service": (_SEED_UNIT, 0o644),
    "/etc/systemd/network/80-lab.network": (_NETWORK, 0o644),
    "/etc/default/grub.d/10-linux-kdump-lab.cfg": (_GRUB_DEFAULTS, 0o644),
    "/etc/sudoers.d/linux-kdump-lab": (f"{USER} ALL=(ALL) NOPASSWD: ALL\n", 0o440),
    # the name server of QEMU's user network
    "/etc/resolv.conf": ("nameserver 10.0.2.3\n", 0o644),
    "/etc/hostname": ("linux-kdump-lab\n", 0o644),
    "/etc/hosts": ("127.0.0.1 localhost\n127.0.1.1 linux-kdump-lab\n", 0o644),
}

#: Those of them that only this way of booting needs.
LOADER_FILES: t.Final = (FINISH, "/etc/default/grub.d/10-linux-kdump-lab.cfg")

#: Units that cost seconds under emulation, or reach for the network, and serve nobody in a lab: the clock is the build
#: host's, the console is a file that nobody types into.
MASKED: t.Final = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service",
    "fstrim.timer", "logrotate.timer", "man-db.timer", "systemd-networkd-wait-online.service", "ldconfig.service",
    "getty@tty1.service", "serial-getty@ttyS0.service", "kexec.service", "kexec-load.service",
    "modprobe@drm.service", "modprobe@efi_pstore.service", "modprobe@fuse.service", "modprobe@dm_mod.service",
    "systemd-binfmt.service", "proc-sys-fs-binfmt_misc.automount", "systemd-update-utmp.service",
    "dev-hugepages.mount", "dev-mqueue.mount", "sys-fs-fuse-connections.mount", "systemd-logind.service",
    "sys-kernel-config.mount", "sys-kernel-tracing.mount", "modprobe@configfs.service", "modprobe@loop.service",
    "systemd-journal-catalog-update.service", "systemd-pcrphase.service", "systemd-pcrphase-sysinit.service",
)  # fmt: skip

ENABLED: t.Final = ("systemd-networkd.service", "linux-kdump-seed.service", "ssh.service")

#: Parts of the boot menu's generator that have nothing to say in a lab: it takes 16 seconds under emulation with them.
UNUSED_MENU_PARTS: t.Final = ("05_debian_theme", "20_linux_xen", "30_os-prober", "30_uefi-firmware")

#: GRUB modules in core.img: enough to find the menu; the rest is loaded from the file system.
GRUB_MODULES: t.Final = ("biosdisk", "part_msdos", "ext2", "normal", "search", "search_fs_uuid")


def customize_script(*, uuid: str) -> str:
    """The script that runs inside the new root once all packages and `FILES` are there."""
    before = f"""\
cp /usr/share/grub/default/grub /etc/default/grub
mkdir -p /boot/grub/i386-pc
cp /usr/lib/grub/i386-pc/*.mod /usr/lib/grub/i386-pc/*.lst /usr/lib/grub/i386-pc/boot.img /boot/grub/i386-pc/
grub-mkimage -O i386-pc -d /usr/lib/grub/i386-pc -p '(,msdos1)/boot/grub' -o /boot/grub/i386-pc/core.img \\
    {" ".join(GRUB_MODULES)}
cat >/boot/grub/grub.cfg <<'END'
serial --unit=0 --speed=115200
terminal_output console serial
set root=(hd0,msdos1)
linux /vmlinuz root=UUID={uuid} ro {CONSOLE_LINE} {FINISH_PARAMETERS}
initrd /initrd.img
boot
END
"""
    return customize(before=before, uuid=uuid, after=f"cd /etc/grub.d\nchmod -x {' '.join(UNUSED_MENU_PARTS)}\ncd /\n")


def customize(*, before: str, uuid: str, after: str) -> str:
    """What is done in every image, with what its boot loader needs before and after."""
    return f"""\
set -eu
{before}echo 'UUID={uuid} / ext4 errors=remount-ro 0 0' >/etc/fstab
useradd --create-home --shell /bin/bash {USER}
{after}rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
systemctl mask {" ".join(MASKED)}
systemctl enable {" ".join(ENABLED)}
"""
