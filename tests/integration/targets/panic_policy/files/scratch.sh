#!/bin/sh
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# scratch.sh FOLDER COMMAND...: runs a command where the kernel's settings and /etc/sysctl.d are copies in FOLDER.
# Run it in a mount namespace of its own: unshare --mount.
set -eu
folder=$1
shift

mkdir -p "$folder/kernel" "$folder/sysctl.d" /etc/sysctl.d
for name in panic panic_on_oops panic_on_warn softlockup_panic hung_task_panic; do
  echo 0 >"$folder/kernel/$name"
done
echo 438 >"$folder/kernel/sysrq"
echo "kernel.sysrq = 176" >"$folder/sysctl.d/10-other.conf"

mount --make-rprivate /
mount --bind "$folder/kernel" /proc/sys/kernel
mount --bind "$folder/sysctl.d" /etc/sysctl.d
exec "$@"
