#!/usr/bin/env bash
# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# The playbook builds where a host is to be armed, and only there; it reboots hosts one after the other. Nobody answers
# as these hosts.
set -euo pipefail

place=$(mktemp --directory)
trap 'rm -r "$place"' EXIT
cat >"$place/hosts" <<'END'
[to_arm]
one ansible_host=127.0.0.1 ansible_port=1
[to_disarm]
two ansible_host=127.0.0.1 ansible_port=1
[to_disarm:vars]
kdump_state=absent
END

# Whether a build was tried: with a source that is not there it goes no further than that.
builds() {
    ansible-playbook -i "$place/hosts" linux.kdump.deploy --extra-vars kdump_kernel_source=/no/such/source \
        --extra-vars "kdump_cache_dir=$place/cache" "$@" >"$place/output" 2>&1 && status=0 || status=$?
    cat "$place/output"
    if [ "$status" -eq 0 ]; then
        echo "nobody should have answered" >&2
        exit 1
    fi
    grep --quiet 'Cannot use the kernel source /no/such/source' "$place/output"
}

does_not_build() {
    if builds "$@"; then
        echo "a build was tried with: $*" >&2
        exit 1
    fi
    grep --quiet 'UNREACHABLE' "$place/output"
}

builds
builds --extra-vars kdump_hosts=to_arm
does_not_build --extra-vars kdump_hosts=to_disarm
does_not_build --extra-vars kdump_state=absent
does_not_build --extra-vars kdump_state=absent --limit to_arm
# Nor for the distribution's own kdump.
does_not_build --extra-vars kdump_engine=distribution

contacted() {
    does_not_build --extra-vars kdump_state=absent "$@"
    found=$(grep --count '^fatal: .*UNREACHABLE' "$place/output")
}

contacted
[ "$found" -eq 2 ]
contacted --extra-vars kdump_reboot=false
[ "$found" -eq 2 ]
contacted --extra-vars kdump_reboot=true
[ "$found" -eq 1 ]
contacted --extra-vars kdump_reboot=true --extra-vars kdump_serial=2
[ "$found" -eq 2 ]

# What the inventory says of one of them counts too: a play sees none of that by itself.
cp "$place/hosts" "$place/rebooted"
echo kdump_reboot=true >>"$place/rebooted"
contacted -i "$place/rebooted"
[ "$found" -eq 1 ]
contacted -i "$place/rebooted" --extra-vars kdump_reboot=false
[ "$found" -eq 2 ]
# Nor does anything know that where nothing is run.
ansible-playbook -i "$place/rebooted" linux.kdump.deploy --syntax-check
