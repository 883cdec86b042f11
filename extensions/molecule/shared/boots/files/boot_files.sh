#!/bin/sh
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Everything that boot loaders and their generators read, as text: kinds, modes, owners, links and digests, and the first
# sector of the disk. systemd-boot writes another random seed at each boot.
set -eu
folders="/boot /etc/default /etc/grub.d /etc/kernel /etc/u-boot-menu"
for folder in $folders; do
    [ -d "$folder" ] || continue
    find "$folder" ! -name random-seed -printf '%y %M %U %G %l %p\n'
    find "$folder" -type f ! -name random-seed -exec sha256sum {} +
done | sort
head -c 512 /dev/vda | sha256sum
