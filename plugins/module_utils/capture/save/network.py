# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The save script's optional part that brings up the interface to the servers."""

from __future__ import annotations

import typing as t

#: What udhcpc calls with what it was offered.
DHCP_PATH: t.Final = "etc/kdump/dhcp"
APPLETS: t.Final = ("ip", "udhcpc")

DHCP: t.Final = r"""#!/bin/sh
# Called by udhcpc: $1 says what happened, the rest is in the environment.

case $1 in
    bound | renew) ;;
    *) exit 0 ;;
esac
ip addr flush dev "$interface"
ip addr add "$ip/${mask:-24}" dev "$interface" || exit 1
for gateway in $router; do
    ip route add default via "$gateway" dev "$interface" && break
done
echo "$ip" >"${LINUX_KDUMP_ADDRESS:-/tmp/address}"
"""

NETWORK: t.Final = r"""
# --- the network -------------------------------------------------------------------------------------------------

net='' address=''
readers="$readers read_network_word"

read_network_word() {
    case $1=$2 in
        kdump.net=??:??:??:??:??:??,?*) matches "$2" '0-9a-f:.,/dhcp' && net=$2 ;;
        *) false ;;
    esac
}

# Once it is up it stays up, for every target after this one too.
open_network() {
    [ -z "$address" ] || return 0
    if [ -z "$net" ]; then
        fail fail-network 'there is no kdump.net=... on the kernel command line'
        return 1
    fi
    # The kernel's own messages go through lo: while that is down, "no route to host" is never heard, only waited for.
    limited 10 ip link set dev lo up || :
    now
    give_up=$((${uptime%.*} + limit_target))
    if ! await find_interface; then
        fail fail-network "no interface with address ${net%%,*} appeared within $limit_target seconds"
    elif ! limited 10 ip link set dev "$interface" up; then
        fail fail-network "$interface cannot be brought up: $(last_words)"
    elif ! await has_carrier; then
        fail fail-network "$interface has no link"
    elif ! set_address; then
        fail fail-network "$interface has no address: $(last_words)"
    else
        say "note-network $interface $address"
        return 0
    fi
    address=''
    return 1
}

# Until $1 succeeds, as long as there is time.
await() {
    until "$1"; do
        now
        [ "${uptime%.*}" -lt "$give_up" ] || return 1
        sleep 0.1
    done
}

find_interface() {
    for place in "$sys"/class/net/*; do
        read -r found <"$place/address" && [ "$found" = "${net%%,*}" ] && interface=${place##*/} && return 0
    done 2>/dev/null
    return 1
}

has_carrier() {
    found=''
    { read -r found <"$sys/class/net/$interface/carrier"; } 2>/dev/null
    [ "$found" = 1 ]
}

set_address() {
    case ${net#*,} in
        dhcp)
            rm -f "$temporary/address"
            LINUX_KDUMP_ADDRESS=$temporary/address
            export LINUX_KDUMP_ADDRESS
            limited "$limit_target" udhcpc -i "$interface" -f -n -q -t 10 -T 2 -s "$etc/dhcp" &&
                read -r address <"$temporary/address"
            ;;
        *)
            address=${net#*,}
            gateway=${address#*,}
            address=${address%%,*}
            limited 10 ip addr add "$address" dev "$interface" || grep -q 'File exists' "$temporary/out" || return 1
            [ "$gateway" = "$address" ] || limited 10 ip route add default via "$gateway" dev "$interface" ||
                grep -q 'File exists' "$temporary/out" || return 1
            address=${address%/*}
            ;;
    esac
}
"""
