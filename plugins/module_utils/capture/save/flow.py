# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's last part: from start to end, and the final action."""

from __future__ import annotations

import typing as t

FLOW: t.Final = r"""
# --- from start to end -------------------------------------------------------------------------------------------

prepare() {
    mount -t proc proc "$proc"
    mount -t sysfs sys "$sys"
    mount -t devtmpfs dev "$dev" && devtmpfs=1
    [ -n "$devtmpfs" ] || mdev -s
}

# Without a sync of its own, which could hang: all that matters is on the disk by now.
end() {
    say "final-action $final"
    case $final in
        halt) halt -n -f ;;
        poweroff) poweroff -n -f ;;
        shell) rescue ;;
    esac
    [ "$final" = halt ] || reboot -n -f
    sleep 5
    { echo b >"$proc/sysrq-trigger"; } 2>/dev/null
    sleep 5
    # The kernel panics when /init ends, and "panic=" on its command line makes that a reboot.
    exit 1
}

final_action() {
    if [ -n "$core_saved" ]; then
        echo "$final"
    else
        echo "${on_failure:-$final}"
    fi
}

rescue() {
    setsid cttyhack sh </dev/console >/dev/console 2>&1
}

main() {
    prepare 2>/dev/null
    now
    started=$uptime
    spare
    read_settings
    say "save-start $(uname -r)"
    # The kernel goes on with what it could unpack before memory ran out; this folder is the archive's last member.
    if [ ! -d "$temporary" ]; then
        fail fail-memory "the initramfs could not be unpacked as a whole"
        final=${on_failure:-$final}
        end
    fi
    watch $((${uptime%.*} + $(longest) + 30)) &
    watcher=$!
    load_modules
    before_saving
    frugal
    save
    after_saving
    close_target
    final=$(final_action)
    [ "$final" != shell ] || kill "$watcher"
    end
}

case ${0##*/} in
    init) main ;;
esac
"""
