# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's optional part for an NFS server: mounted, it is a folder like that of a local file system."""

from __future__ import annotations

import typing as t

NFS: t.Final = r"""
# --- an NFS server -----------------------------------------------------------------------------------------------

kinds="$kinds nfs"

read_nfs() {
    next_field
    version=$field
    next_field
    host=${field%:*} port=${field##*:}
    next_field
    export_path=$field path=${fields%/} path_given=1
    case $version,$host:$port,$export_path,$fields in
        [34]*,?*:[1-9]*,/*,/*) matches "$version" '34.012' && matches "$host" '0-9.' && matches "$port" '0-9' ;;
        *) return 1 ;;
    esac
}

# A server that is gone must end every call with an error and none with waiting, hence "soft". The kernel does what
# mount.nfs would do as long as it gets addresses; file locks would need a daemon here.
open_nfs() {
    open_network || return 1
    now
    give_up=$((${uptime%.*} + limit_target))
    mount_nfs="rw,noatime,nodev,nosuid,noexec,vers=$version,proto=tcp,port=$port,addr=$host"
    mount_nfs="$mount_nfs,soft,timeo=100,retrans=2,nolock"
    case $version in
        3) mount_nfs=$mount_nfs,mountproto=tcp,mountaddr=$host ;;
        *) mount_nfs=$mount_nfs,clientaddr=$address ;;
    esac
    until limited "$limit_target" mount -i -t nfs -o "$mount_nfs" "$host:$export_path" "$target"; do
        now
        if grep -qi -e 'Permission denied' -e 'No such file' -e 'not permitted' -e 'Invalid arg' "$temporary/out"; then
            fail fail-target "$host:$export_path cannot be mounted: $(last_words)"
            return 1
        elif [ "${uptime%.*}" -ge "$give_up" ]; then
            fail fail-network "$host:$export_path cannot be mounted within $limit_target seconds: $(last_words)"
            return 1
        fi
        sleep 1
    done
    mounted=1 device=$host:$export_path lost='Input/output error' record_saver=write_nfs_record
    make_folder
}

# On a server that was just lost, each call would only wait for minutes.
write_nfs_record() {
    [ "$failure" != fail-network ] || return 1
    write_record
}

document_nfs() {
    printf '{"kind":"nfs","server":"%s:%s","export":"%s","version":"%s","path":"%s"}' \
        "$host" "$port" "$export_path" "$version" "${path:-/}"
}
"""
