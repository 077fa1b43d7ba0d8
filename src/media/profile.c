// SPDX-License-Identifier: GPL-2.0
/*
 * The profiles: docs/profiles.md has the source of every number, by the same names
 * and in the same order; tests/unit/test_profile.c checks that together they make
 * the drive that was meant.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "media.h"
#include "profile.h"

#define US 1000
#define MS (1000 * US)

/* What a kind of medium has no use for must still be within its range. */
#define UNUSED_FLASH							\
	.channels = 1, .dies = 1, .planes = 1, .stripe_kib = 4, .page_kib = 4,	\
	.block_pages = 4, .gc_low_permille = 1, .read_ns = 1, .program_ns = 1
#define UNUSED_DISK							\
	.rpm = 7200, .outer_mbps = 1, .inner_mbps = 1, .zones = 1

#define NORMAL(permille) { .kind = WEIR_DIST_NORMAL, .spread_permille = permille }
#define LOGNORMAL(permille) { .kind = WEIR_DIST_LOGNORMAL, .spread_permille = permille }

#define NONE_MODEL {							\
	.kind = WEIR_KIND_NONE, .speed = 1, .slots = 1, .burst = 1,	\
	UNUSED_FLASH, UNUSED_DISK,					\
}

#define HDD_MODEL {							\
	.kind = WEIR_KIND_DISK, .speed = 1,				\
	.slots = 32, .single_queue = 1, .burst = 1, .command_ns = 100 * US, \
	.bus_mbps = 550, .cache_mib = 64, .cached_ns = 20 * US,		\
	.discard_ns = 100 * US, .zeroes_ns = 100 * US,			\
	.zeroes_mib_ns = 6 * MS,					\
	.rpm = 7200, .outer_mbps = 171, .inner_mbps = 82,	\
	.zones = 30, .seek_track_ns = 600 * US,				\
	.seek_third_ns = 9200 * US, .seek_full_ns = 14 * MS,		\
	.idle_ns = 50 * MS,						\
	UNUSED_FLASH,							\
}

#define SATA_SSD_MODEL {						\
	.kind = WEIR_KIND_FLASH, .speed = 1,				\
	.slots = 32, .single_queue = 1, .burst = 1, .command_ns = 10 * US, \
	.bus_mbps = 560, .cache_mib = 64, .cached_ns = 10 * US,		\
	.flush_ns = 500 * US, .discard_ns = 100 * US,			\
	.discard_mib_ns = 100, .zeroes_ns = 50 * US,			\
	.zeroes_mib_ns = 1 * MS,					\
	.channels = 8, .dies = 4, .planes = 1, .stripe_kib = 16, .page_kib = 16,	\
	.block_pages = 1024, .op_permille = 70, .gc_low_permille = 10,	\
	.read_ns = 55 * US, .program_ns = 524 * US, .erase_ns = 4 * MS,	\
	.suspend_ns = 20 * US, .channel_mbps = 1400,			\
	.dist = {							\
		[WEIR_MEDIA_READ] = NORMAL(50),				\
		[WEIR_MEDIA_WRITE] = NORMAL(50),			\
	},								\
	UNUSED_DISK,							\
}

#define NVME_TLC_MODEL {						\
	.kind = WEIR_KIND_FLASH, .speed = 1,				\
	.slots = 256, .burst = 4, .command_ns = 1 * US,			\
	.bus_mbps = 7000, .cache_mib = 64, .cached_ns = 14 * US,	\
	.flush_ns = 300 * US, .discard_ns = 30 * US,			\
	.discard_mib_ns = 100, .zeroes_ns = 20 * US,			\
	.zeroes_mib_ns = 100 * US,					\
	.channels = 8, .dies = 8, .planes = 1, .stripe_kib = 16, .page_kib = 16,	\
	.block_pages = 1024, .op_permille = 130, .gc_low_permille = 10,	\
	.read_ns = 40 * US, .program_ns = 524 * US, .erase_ns = 4 * MS,	\
	.channel_mbps = 1400,						\
	.dist = {							\
		[WEIR_MEDIA_READ] = NORMAL(50),				\
		[WEIR_MEDIA_WRITE] = NORMAL(50),			\
	},								\
	UNUSED_DISK,							\
}

#define NVME_QLC_MODEL {						\
	.kind = WEIR_KIND_FLASH, .speed = 1,				\
	.slots = 128, .burst = 1, .command_ns = 6667,			\
	.bus_mbps = 1800, .cache_mib = 64, .cached_ns = 12 * US,	\
	.flush_ns = 1 * MS, .discard_ns = 100 * US,			\
	.discard_mib_ns = 200, .zeroes_ns = 20 * US,			\
	.zeroes_mib_ns = 500 * US,					\
	.channels = 4, .dies = 8, .planes = 1, .stripe_kib = 16, .page_kib = 16,	\
	.block_pages = 2048, .op_permille = 70, .gc_low_permille = 10,	\
	.read_ns = 120 * US, .program_ns = 5240 * US, .erase_ns = 10 * MS, \
	.channel_mbps = 667,						\
	.dist = {							\
		[WEIR_MEDIA_READ] = NORMAL(100),			\
		[WEIR_MEDIA_WRITE] = NORMAL(100),			\
	},								\
	UNUSED_DISK,							\
}

#define NVME_NODRAM_MODEL {						\
	.kind = WEIR_KIND_FLASH, .speed = 1,				\
	.slots = 256, .burst = 1, .command_ns = 1351,			\
	.bus_mbps = 5150, .cache_mib = 4, .cached_ns = 14 * US,		\
	.flush_ns = 300 * US, .discard_ns = 30 * US,			\
	.discard_mib_ns = 100, .zeroes_ns = 20 * US,			\
	.zeroes_mib_ns = 100 * US,					\
	.channels = 4, .dies = 4, .planes = 4,				\
	.stripe_kib = 16, .page_kib = 16, .program_kib = 192,		\
	.block_pages = 1024, .op_permille = 70, .gc_low_permille = 10,	\
	.map_permille = 62,						\
	.read_ns = 56 * US, .program_ns = 1489 * US, .erase_ns = 4 * MS, \
	.slc_mib = 96, .slc_program_ns = 214 * US, .idle_ns = 50 * MS,	\
	.channel_mbps = 1400,						\
	.dist = {							\
		[WEIR_MEDIA_READ] = NORMAL(50),				\
		[WEIR_MEDIA_WRITE] = NORMAL(50),			\
	},								\
	UNUSED_DISK,							\
}

#define NVME_CHEAP_MODEL {						\
	.kind = WEIR_KIND_FLASH, .speed = 1,				\
	.slots = 128, .burst = 1, .command_ns = 2857,			\
	.bus_mbps = 4700, .cache_mib = 4, .cached_ns = 12 * US,		\
	.flush_ns = 1 * MS, .discard_ns = 100 * US,			\
	.discard_mib_ns = 200, .zeroes_ns = 20 * US,			\
	.zeroes_mib_ns = 500 * US,					\
	.channels = 4, .dies = 1, .planes = 4,				\
	.stripe_kib = 16, .page_kib = 16, .program_kib = 256,		\
	.block_pages = 2048, .op_permille = 70, .gc_low_permille = 10,	\
	.map_permille = 125,						\
	.read_ns = 90 * US, .program_ns = 6554 * US, .erase_ns = 10 * MS, \
	.slc_mib = 80, .slc_program_ns = 138 * US, .idle_ns = 50 * MS,	\
	.channel_mbps = 1600,						\
	.dist = {							\
		[WEIR_MEDIA_READ] = NORMAL(100),			\
		[WEIR_MEDIA_WRITE] = NORMAL(100),			\
	},								\
	UNUSED_DISK,							\
}

#define NVME_DC_MODEL {							\
	.kind = WEIR_KIND_FLASH, .speed = 1,				\
	.slots = 256, .burst = 1, .command_ns = 2500,			\
	.bus_mbps = 3000, .cache_mib = 64, .cached_ns = 46 * US,	\
	.plp = 1, .flush_ns = 10 * US, .discard_ns = 30 * US,		\
	.discard_mib_ns = 100, .zeroes_ns = 20 * US,			\
	.zeroes_mib_ns = 100 * US,					\
	.channels = 8, .dies = 2, .planes = 2,				\
	.stripe_kib = 16, .page_kib = 16, .program_kib = 96,		\
	.block_pages = 1024, .op_permille = 145, .gc_low_permille = 10,	\
	.read_ns = 76 * US, .program_ns = 1498 * US, .erase_ns = 4 * MS, \
	.suspend_ns = 20 * US, .channel_mbps = 800,			\
	.dist = {							\
		[WEIR_MEDIA_READ] = NORMAL(50),				\
		[WEIR_MEDIA_WRITE] = NORMAL(50),			\
	},								\
	UNUSED_DISK,							\
}

#define OPTANE_MODEL {							\
	.kind = WEIR_KIND_FLASH, .speed = 1,				\
	.slots = 64, .burst = 1, .command_ns = 1 * US, .bus_mbps = 2400,	\
	.plp = 1,							\
	.discard_ns = 10 * US, .zeroes_ns = 10 * US,			\
	.zeroes_mib_ns = 500 * US,					\
	.channels = 4, .dies = 1, .planes = 1, .stripe_kib = 4, .page_kib = 4,	\
	.block_pages = 4, .gc_low_permille = 1,				\
	.read_ns = 5500, .program_ns = 8 * US,				\
	.dist = {							\
		[WEIR_MEDIA_READ] = LOGNORMAL(80),			\
		[WEIR_MEDIA_WRITE] = LOGNORMAL(80),			\
	},								\
	UNUSED_DISK,							\
}

#define CLOUD_MODEL {							\
	.kind = WEIR_KIND_NETWORK, .speed = 1,				\
	.slots = 256, .burst = 1, .plp = 1,				\
	.rtt_ns = 250 * US, .remote_read_ns = 350 * US,			\
	.remote_write_ns = 450 * US,					\
	.cap_iops = 3000, .cap_io_kib = 256, .cap_mbps = 131,		\
	.dist = {							\
		[WEIR_MEDIA_READ] = LOGNORMAL(300),			\
		[WEIR_MEDIA_WRITE] = LOGNORMAL(300),			\
	},								\
	UNUSED_FLASH, UNUSED_DISK,					\
}

const struct weir_profile weir_profiles[] = {
	{ .name = "none", .model = NONE_MODEL },
	{ .name = "hdd", .rotational = true, .write_cache = true, .model = HDD_MODEL },
	{ .name = "sata-ssd", .write_cache = true, .model = SATA_SSD_MODEL },
	{ .name = "nvme-tlc", .write_cache = true, .model = NVME_TLC_MODEL },
	{ .name = "nvme-qlc", .write_cache = true, .model = NVME_QLC_MODEL },
	{ .name = "nvme-nodram", .write_cache = true, .model = NVME_NODRAM_MODEL },
	{ .name = "nvme-cheap", .write_cache = true, .model = NVME_CHEAP_MODEL },
	{ .name = "nvme-dc", .model = NVME_DC_MODEL },
	{ .name = "optane", .model = OPTANE_MODEL },
	{ .name = "cloud", .model = CLOUD_MODEL },
};

const u32 nr_weir_profiles = sizeof(weir_profiles) / sizeof(*weir_profiles);

const char weir_profile_names[] =
	"none, hdd, sata-ssd, nvme-tlc, nvme-qlc, nvme-nodram, nvme-cheap, nvme-dc, optane, cloud";

const struct weir_profile *weir_profile_find(const char *name)
{
	size_t length = strlen(name);
	u32 i;

	if (length && name[length - 1] == '\n')
		length--;
	for (i = 0; i < nr_weir_profiles; i++)
		if (strlen(weir_profiles[i].name) == length &&
		    !strncmp(weir_profiles[i].name, name, length))
			return &weir_profiles[i];
	return NULL;
}
