// SPDX-License-Identifier: GPL-2.0
/*
 * Prints "now idle": the monotonic clock, and of that the time the CPUs were
 * idle as the kernel's tick code accounts it, both in nanoseconds. It sleeps
 * first, so that what was set off before and is finished in the background
 * falls on this side.
 *
 * A shell cannot do this: it reads /proc/timer_list a few bytes at a time, and
 * takes tens of milliseconds for it that differ from time to time.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SETTLE_NS 100000000L

static void die(const char *why)
{
	fprintf(stderr, "/proc/timer_list: %s\n", why);
	exit(1);
}

/* idle_ns() - idle_sleeptime + iowait_sleeptime of every CPU */
static long long idle_ns(void)
{
	static char text[1 << 20];
	const char *at = text;
	long long sum = 0;
	size_t len = 0;
	ssize_t got;
	int fd;

	fd = open("/proc/timer_list", O_RDONLY);
	if (fd < 0)
		die(strerror(errno));
	while ((got = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += got;
	if (got < 0)
		die(strerror(errno));
	close(fd);

	if (!strstr(text, "idle_sleeptime"))
		die("no idle_sleeptime in it");
	while ((at = strstr(at, "_sleeptime"))) {
		at += strcspn(at, "0123456789");
		sum += strtoll(at, NULL, 10);
	}
	return sum;
}

int main(void)
{
	const struct timespec settle = { .tv_nsec = SETTLE_NS };
	struct timespec now;
	long long idle;

	nanosleep(&settle, NULL);
	idle = idle_ns();
	clock_gettime(CLOCK_MONOTONIC, &now);
	printf("%lld %lld\n", now.tv_sec * 1000000000LL + now.tv_nsec, idle);
	return 0;
}
