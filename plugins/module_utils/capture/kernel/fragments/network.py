# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network, as kconfig text: IPv4, and the interfaces."""

from __future__ import annotations

import typing as t

PROTOCOLS: t.Final = """\
CONFIG_NET=y
CONFIG_UNIX=y
# DHCP speaks before there is an address.
CONFIG_PACKET=y
CONFIG_INET=y
CONFIG_NETDEVICES=y
CONFIG_NET_CORE=y
CONFIG_ETHERNET=y
"""

#: For guests: virtio, and the cards that emulators offer beside it.
NETWORK: t.Final = (
    PROTOCOLS
    + """\
CONFIG_VIRTIO_NET=y
CONFIG_NET_VENDOR_INTEL=y
CONFIG_E1000=y
CONFIG_E1000E=y
"""
)

SERVER_NETWORK: t.Final = (
    PROTOCOLS
    + """\
CONFIG_NET_VENDOR_INTEL=y
CONFIG_E1000E=m
CONFIG_IGB=m
CONFIG_IXGBE=m
CONFIG_I40E=m
CONFIG_ICE=m
CONFIG_NET_VENDOR_MELLANOX=y
CONFIG_MLX5_CORE=m
CONFIG_MLX5_CORE_EN=y
CONFIG_NET_VENDOR_BROADCOM=y
CONFIG_BNXT=m
CONFIG_TIGON3=m
CONFIG_NET_VENDOR_AMAZON=y
CONFIG_ENA_ETHERNET=m
CONFIG_NET_VENDOR_GOOGLE=y
CONFIG_GVE=m
"""
)
