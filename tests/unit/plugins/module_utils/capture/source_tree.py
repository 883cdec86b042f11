# Copyright: (c) 2026, The linux.kdump maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Makefiles and Kconfig files of a kernel source, as far as a few drivers go, in the shape of Linux 6.1."""

from __future__ import annotations

from pathlib import Path

FILES = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 7\n",
    "Kconfig": """\
source "init/Kconfig"
source "arch/$(SRCARCH)/Kconfig"
source "drivers/Kconfig"
source "fs/Kconfig"
""",
    "init/Kconfig": """\
config EXPERT
	bool "Configure standard kernel features (expert users)"

menuconfig MODULES
	bool "Enable loadable module support"

config BROKEN
	bool
	depends on COMPILE_TEST

config COMPILE_TEST
	bool "Compile also drivers which will not load"
""",
    "arch/x86/Kconfig": """\
config X86
	def_bool y

config 64BIT
	bool "64-bit kernel" if "$(ARCH)" = "x86"
	default "$(ARCH)" != "i386"
""",
    "drivers/Kconfig": """\
menuconfig PCI
	bool "PCI support"

config PCI_MSI
	bool "Message Signaled Interrupts (MSI and MSI-X)"
	depends on PCI

menuconfig BLK_DEV
	bool "Block devices"

if BLK_DEV

config BLK_DEV_NVME
	tristate "NVM Express block devices"
	depends on PCI && BLOCK

endif

config BLOCK
	bool "Enable the block layer" if EXPERT

menu "SCSI device support"

config SCSI
	tristate "SCSI device support"
	depends on BLOCK

config BLK_DEV_SD
	tristate "SCSI disk support"
	depends on SCSI

config SCSI_SCAN_ASYNC
	bool "Asynchronous SCSI scanning"
	depends on SCSI

menuconfig SCSI_LOWLEVEL
	bool "SCSI low-level drivers"
	depends on SCSI!=n

if SCSI_LOWLEVEL && SCSI

config MEGARAID_SAS
	tristate "LSI Logic MegaRAID SAS RAID Module"
	depends on PCI && SCSI

config SCSI_IBMVSCSI
	tristate "IBM Virtual SCSI support"
	depends on PPC_PSERIES

endif

endmenu

config ATA
	tristate "ATA"
	depends on BLOCK

if ATA

config SATA_AHCI
	tristate "AHCI SATA support"
	depends on PCI

config SATA_AHCI_PLATFORM
	tristate "Platform AHCI SATA support"
	depends on COMPILE_TEST || (ARCH_HISI && BROKEN)

endif

menuconfig NET
	bool "Networking support"

config INET
	bool "TCP/IP networking"
	depends on NET

config VXLAN
	tristate "VXLAN"
	depends on INET

menuconfig NETDEVICES
	bool "Network device support"
	depends on NET

if NETDEVICES

menuconfig ETHERNET
	bool "Ethernet driver support"

if ETHERNET

config NET_VENDOR_BROADCOM
	bool "Broadcom devices"
	depends on (SSB_POSSIBLE && HAS_DMA) || PCI || BCM63XX

if NET_VENDOR_BROADCOM

config TIGON3
	tristate "Broadcom Tigon3 support"
	depends on PCI
	depends on PTP_1588_CLOCK_OPTIONAL

endif

config MLX5_CORE
	tristate "Mellanox 5th generation network adapters core driver"
	depends on PCI
	depends on VXLAN || !VXLAN
	depends on PTP_1588_CLOCK_OPTIONAL

config MLX5_CORE_EN
	bool "Ethernet support"
	depends on NETDEVICES && ETHERNET && INET && PCI && MLX5_CORE

endif
endif

config PTP_1588_CLOCK_OPTIONAL
	tristate
	default y if PTP_1588_CLOCK=n

config MODULAR_ONLY
	tristate "As a module only"
	depends on m

config TEST_A
	tristate "A ring"
	depends on TEST_B

config TEST_B
	tristate "A ring"
	depends on TEST_A

config ODD
	tristate "With a dependency that nobody understands"
	depends on %%%
""",
    "fs/Kconfig": """\
config EXT4_FS
	tristate "The Extended 4 (ext4) filesystem"
	depends on BLOCK

config EXT4_USE_FOR_EXT2
	bool "Use ext4 for ext2 file systems"
	depends on EXT4_FS
	depends on EXT2_FS=n

config XFS_FS
	tristate "XFS filesystem support"
	depends on BLOCK
	depends on (64BIT || LBDAF)
""",
    "drivers/scsi/Makefile": """\
ccflags-$(CONFIG_SCSI_DEBUG) += -DDEBUG  # obj-$(CONFIG_WRONG) += wrong.o
obj-$(CONFIG_PCMCIA) += pcmcia/
obj-$(CONFIG_MEGARAID_SAS)	+= megaraid/
obj-$(CONFIG_SCSI_IBMVSCSI)	+= ibmvscsi/
obj-$(CONFIG_BLK_DEV_SD)	+= sd_mod.o
sd_mod-objs	:= sd.o
sd_mod-$(CONFIG_BLK_DEV_INTEGRITY) += sd_dif.o
obj-y += always.o
""",
    "drivers/scsi/megaraid/Makefile": """\
obj-$(CONFIG_MEGARAID_SAS)	+= megaraid_sas.o
megaraid_sas-objs := megaraid_sas_base.o megaraid_sas_fusion.o \\
	megaraid_sas_fp.o megaraid_sas_debugfs.o
""",
    "drivers/scsi/ibmvscsi/Makefile": "obj-$(CONFIG_SCSI_IBMVSCSI) := ibmvscsi.o\n",
    "drivers/ata/Makefile": """\
obj-$(CONFIG_ATA)		+= libata.o
# platform drivers
obj-$(CONFIG_SATA_AHCI_PLATFORM) += ahci_platform.o libahci.o libahci_platform.o
obj-$(CONFIG_SATA_AHCI)		+= ahci.o libahci.o
""",
    "drivers/nvme/host/Makefile": """\
obj-$(CONFIG_NVME_CORE)			+= nvme-core.o
obj-$(CONFIG_BLK_DEV_NVME)		+= \\
	nvme.o
nvme-y					+= pci.o
""",
    "drivers/net/ethernet/Makefile": """\
obj-$(CONFIG_TIGON3) += broadcom/tg3.o
obj-$(CONFIG_MLX5_CORE) += mellanox/mlx5/core/
obj-$(subst m,y,$(CONFIG_VLAN_8021Q)) += vlan_core.o
obj-$(subst y,$(CONFIG_L2TP),$(CONFIG_PPPOL2TP)) += l2tp_ppp.o
obj-$(CONFIG_NVRAM:m=y) += nvram.o
""",
    "drivers/net/ethernet/mellanox/mlx5/core/Makefile": "obj-$(CONFIG_MLX5_CORE) += mlx5_core.o\n",
    "drivers/test/Kbuild": """\
obj-$(CONFIG_MODULAR_ONLY) += modular-only.o
obj-$(CONFIG_TEST_A) += ring.o
obj-$(CONFIG_ODD) += odd.o
""",
    "fs/Makefile": "obj-$(CONFIG_EXT4_FS) += ext4/\nobj-$(CONFIG_XFS_FS) += xfs/\n",
    "fs/ext4/Makefile": "obj-$(CONFIG_EXT4_FS) += ext4.o\next4-y := balloc.o\n",
    "fs/xfs/Makefile": "obj-$(CONFIG_XFS_FS)\t\t+= xfs.o\n",
    "arch/x86/Makefile": "obj-$(CONFIG_X86) += x86-thing.o\n",
    "arch/s390/Makefile": "obj-$(CONFIG_DASD) += dasd_mod.o\n",
    "samples/Makefile": "obj-$(CONFIG_SAMPLE) += sample.o\n",
    "tools/testing/Makefile": "obj-$(CONFIG_TOOL) += tool.o\n",
    "drivers/scsi/sd.c": "int main;\n",
}


def plant(root: Path) -> Path:
    """Write the tree below ``root``."""
    for path, text in FILES.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return root
