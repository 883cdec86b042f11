# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""/init of the machine that is made to be crashed: finds its disk, loads the crash image, dies.

It speaks as the save script does, with tags of its own.
"""

from __future__ import annotations

import typing as t

#: The crash image is loaded, with the number of bytes that are reserved for it.
ARMED: t.Final = "drill-armed"
#: The next thing is the crash.
TRIGGERED: t.Final = "drill-trigger"
#: No crash: why not.
FAILED: t.Final = "drill-failed"

#: Where its data lies in the initramfs, and the capture kernel and its initramfs on the disk.
FOLDER: t.Final = "etc/drill"
MODULES_FOLDER: t.Final = "lib/modules"
IMAGES_FOLDER: t.Final = "drill"

#: How kexec(8) is told which way to take.
SYSCALLS: t.Final = {"auto": "-a", "kexec_file_load": "-s", "kexec_load": "-c"}

INIT: t.Final = rf"""#!/bin/busybox sh
# Boots, loads the crash image, crashes.

/bin/busybox mkdir -p /proc /sys /dev /tmp /mnt
/bin/busybox --install -s /bin
PATH=/bin
LD_LIBRARY_PATH=/lib
export PATH LD_LIBRARY_PATH

say() {{
    read -r uptime _ </proc/uptime
    echo "<2>linux.kdump: [$uptime] $*" >/dev/kmsg
}}

give_up() {{
    say "{FAILED} $*"
    poweroff -n -f
    sleep 60
}}

# What a tool said last, on one line.
last_words() {{
    tail -n 1 /tmp/out | tr -cd '\040-\176'
}}

await() {{
    left=300
    until [ -b "$1" ]; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || give_up "there is no disk $1"
        sleep 0.1
    done
}}

# A console that shows late what is printed would take it into the grave.
show() {{
    read -r console </{FOLDER}/late_console || return 0
    stty -F "/dev/$console" -echo >/tmp/out 2>&1 || give_up "the console cannot be waited for: $(last_words)"
}}

mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev

while read -r need name; do
    insmod "/{MODULES_FOLDER}/$name.ko" >/tmp/out 2>&1 || [ "$need" = optional ] ||
        give_up "the module $name cannot be loaded: $(last_words)"
done </{FOLDER}/modules

await /dev/vda
mount -t ext4 -o ro /dev/vda /mnt >/tmp/out 2>&1 || give_up "the disk cannot be mounted: $(last_words)"

size=$(cat /sys/kernel/kexec_crash_size 2>/dev/null)
[ -n "$size" ] || give_up "the kernel has no kexec for crashes"
[ "$size" -gt 0 ] || give_up "no memory is reserved for a crash image"
read -r how </{FOLDER}/syscall
read -r line </{FOLDER}/command_line
kexec "$how" -p /mnt/{IMAGES_FOLDER}/kernel --initrd=/mnt/{IMAGES_FOLDER}/initramfs --command-line="$line" \
    >/tmp/out 2>&1 || give_up "kexec ended with status $?: $(last_words)"
[ "$(cat /sys/kernel/kexec_crash_loaded)" = 1 ] || give_up "kexec said nothing and loaded nothing"
say "{ARMED} $size"
umount /mnt

cat /{FOLDER}/nonce >/dev/kmsg
echo 1 >/proc/sys/kernel/sysrq
say "{TRIGGERED} sysrq-c"
show
echo c >/proc/sysrq-trigger
give_up "sysrq-c did not crash the kernel"
"""
