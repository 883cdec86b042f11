#!/bin/sh
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# systemd_boot.sh FOLDER COMMAND...: runs a command where /boot and /etc/kernel are those of a machine with systemd-boot
# in FOLDER, whose one entry the real kernel-install made. Run it in a mount namespace: unshare --mount.
set -eu
folder=$1
shift

mkdir -p "$folder/boot/loader" "$folder/kernel" /etc/kernel
echo 0123456789abcdef0123456789abcdef >"$folder/machine-id"
echo "no kernel" >"$folder/vmlinuz"
echo "timeout 3" >"$folder/boot/loader/loader.conf"
echo "root=/dev/vda1 ro quiet" >"$folder/kernel/cmdline"
[ -e /etc/machine-id ] || touch /etc/machine-id

mount --make-rprivate /
mount --bind "$folder/boot" /boot
mount --bind "$folder/kernel" /etc/kernel
mount --bind "$folder/machine-id" /etc/machine-id
mkdir /boot/0123456789abcdef0123456789abcdef
export BOOT_ROOT=/boot SYSTEMD_ESP_PATH=/boot SYSTEMD_RELAX_ESP_CHECKS=1
kernel-install add 6.1.0-1-test "$folder/vmlinuz"
rm /etc/kernel/cmdline
exec "$@"
