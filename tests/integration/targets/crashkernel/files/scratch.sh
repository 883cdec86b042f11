#!/bin/sh
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# scratch.sh FOLDER COMMAND...: runs a command where /boot, GRUB's defaults and its scripts are copies in FOLDER.
# Only grub-probe is replaced, since what a test runs on may have no disk that GRUB can name.
# Run it in a mount namespace of its own: unshare --mount.
set -eu
folder=$1
shift

mkdir -p "$folder/boot/grub" "$folder/default/grub.d"
cp -a /etc/grub.d "$folder/grub.d"
rm -f "$folder/grub.d/30_os-prober"
for release in 6.1.0-1-test 6.1.0-2-test; do
  echo "no kernel" >"$folder/boot/vmlinuz-$release"
  echo "no initramfs" >"$folder/boot/initrd.img-$release"
done
cat >"$folder/default/grub" <<'END'
GRUB_DEFAULT=0
GRUB_TIMEOUT=5
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_LINUX="dyndbg=\"file ec.c +p\""
END
cat >"$folder/grub-probe" <<'END'
#!/bin/sh
for argument in "$@"; do
  case "$argument" in
    --target=device) echo /dev/vda1 ;;
    --target=fs_uuid) echo 0a1b2c3d-0000-4000-8000-000000000000 ;;
    --target=fs) echo ext2 ;;
    --target=partmap) echo msdos ;;
    --target=hints_string) echo --hint-bios=hd0,msdos1 ;;
    --target=compatibility_hint) echo hd0,msdos1 ;;
  esac
done
END
chmod 0755 "$folder/grub-probe"

mkdir -p /etc/default
mount --make-rprivate /
mount --bind "$folder/boot" /boot
mount --bind "$folder/default" /etc/default
mount --bind "$folder/grub.d" /etc/grub.d
mount --bind "$folder/grub-probe" /usr/sbin/grub-probe
LC_ALL=C grub-mkconfig -o /boot/grub/grub.cfg
exec "$@"
