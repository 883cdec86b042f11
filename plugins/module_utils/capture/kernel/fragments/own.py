# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a named fragment is on an architecture where its general text would not do, as kconfig text."""

from __future__ import annotations

import typing as t

from .hypervisors import SERVER_GUESTS, SERVER_VIRTIO, VIRTIO
from .network import NETWORK, PROTOCOLS
from .servers import IOMMU
from .storage import SERVER_STORAGE


def without(text: str, *symbols: str) -> str:
    """The text less the lines that set one of these symbols."""
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if line.partition("=")[0].removeprefix("CONFIG_").strip() not in symbols)


#: Several CPUs, where that is a choice: to compress with all of them, if the reservation allows for it.
_SMP = """\
CONFIG_SMP=y
CONFIG_NR_CPUS=8
"""

_XEN = ("XEN", "XEN_PVHVM_GUEST", "XEN_BLKDEV_FRONTEND", "XEN_NETDEV_FRONTEND")

#: A partition's disks on POWER are behind virtual SCSI adapters.
_IBM_VSCSI = """\
CONFIG_SCSI=y
CONFIG_BLK_DEV_SD=y
CONFIG_SCSI_LOWLEVEL=y
CONFIG_SCSI_IBMVSCSI=y
"""
_IBM_VETH = """\
CONFIG_NET_VENDOR_IBM=y
CONFIG_IBMVETH=y
"""

#: POWER without a hypervisor, where the firmware is OPAL.
_POWERNV = """\
CONFIG_PPC_POWERNV=y
CONFIG_HVC_OPAL=y
CONFIG_RTC_DRV_OPAL=y
"""

_SMMU = """\
CONFIG_IOMMU_SUPPORT=y
CONFIG_ARM_SMMU=y
CONFIG_ARM_SMMU_V3=y
"""

#: A mainframe's disks: ECKD and FBA volumes, and SCSI over fibre channel.
_DASD = """\
CONFIG_DASD=y
CONFIG_DASD_ECKD=y
CONFIG_DASD_FBA=y
CONFIG_DASD_DIAG=y
"""
_ZFCP = """\
CONFIG_NET=y
CONFIG_QDIO=y
CONFIG_SCSI=y
CONFIG_BLK_DEV_SD=y
CONFIG_SCSI_FC_ATTRS=y
CONFIG_SCSI_LOWLEVEL=y
CONFIG_ZFCP=y
"""
_CCW_STORAGE = """\
CONFIG_SCSI=m
CONFIG_BLK_DEV_SD=m
CONFIG_SCSI_LOWLEVEL=y
CONFIG_NET=y
CONFIG_QDIO=m
CONFIG_SCSI_FC_ATTRS=m
CONFIG_ZFCP=m
CONFIG_DASD=m
CONFIG_DASD_ECKD=m
CONFIG_DASD_FBA=m
CONFIG_DASD_DIAG=m
"""
_CCW_NETWORK = """\
CONFIG_IP_MULTICAST=y
CONFIG_QDIO=m
CONFIG_CCWGROUP=m
CONFIG_QETH=m
CONFIG_QETH_L2=m
CONFIG_QETH_L3=m
"""
_NO_PCI = ("VIRTIO_PCI", "VIRTIO_PCI_LEGACY")

#: {architecture: {fragment: text}}; an empty text where there is nothing in its place. A name that is not in the
#: catalogue is that architecture's own.
OWN: t.Final[t.Mapping[str, t.Mapping[str, str]]] = {
    "x86_64": {"smp": _SMP},
    "i386": {
        "smp": _SMP + "# CONFIG_X86_UP_APIC is not set\n# CONFIG_X86_UP_IOAPIC is not set\n",
        # for CPUs without PAE, which cannot have memory above 4 GiB either
        "highmem4g": "CONFIG_HIGHMEM4G=y\n# CONFIG_HIGHMEM64G is not set\n",
        "iommu": without(IOMMU, "AMD_IOMMU", "IRQ_REMAP"),
        "server_guests": without(SERVER_GUESTS, "PCI_HYPERV", "MICROSOFT_MANA", *_XEN),
        "server_storage": without(SERVER_STORAGE, "VMD"),
    },
    "ppc64le": {
        "smp": "CONFIG_SMP=y\n",
        "powernv": _POWERNV,
        "virtio": VIRTIO + _IBM_VSCSI,
        "network": NETWORK + _IBM_VETH,
        "iommu": "",
        "firmware": "",
        "server_guests": _IBM_VETH.replace("IBMVETH=y", "IBMVETH=m"),
        "server_storage": without(SERVER_STORAGE, "VMD") + "CONFIG_SCSI_IBMVSCSI=m\n",
    },
    "arm64": {
        # a kernel that can start kexec has to be able to stop its CPUs
        "smp": "CONFIG_NR_CPUS=64\nCONFIG_HOTPLUG_CPU=y\nCONFIG_SUSPEND=y\n",
        "iommu": _SMMU,
        "server_guests": without(SERVER_GUESTS, "HYPERVISOR_GUEST", "XEN_PVHVM_GUEST", "VMWARE_PVSCSI"),
        "server_storage": without(SERVER_STORAGE, "VMD"),
    },
    "s390x": {
        "smp": "CONFIG_NR_CPUS=64\n",
        "virtio": without(VIRTIO, *_NO_PCI),
        "sata": "",
        "nvme": "",
        "dasd": _DASD,
        "zfcp": _ZFCP,
        "network": without(NETWORK, "NET_VENDOR_INTEL", "E1000", "E1000E"),
        "iommu": "",
        "firmware": "",
        "server_guests": "",
        "server_virtio": without(SERVER_VIRTIO, *_NO_PCI),
        "server_storage": _CCW_STORAGE + SERVER_STORAGE[SERVER_STORAGE.index("CONFIG_MD=y") :],
        "server_network": PROTOCOLS + _CCW_NETWORK,
    },
}
