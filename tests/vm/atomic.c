// SPDX-License-Identifier: GPL-2.0
/*
 * atomic DEVICE LETTER POSITION BYTES: one write with RWF_ATOMIC. Exit status: 0 done,
 * 2 the kernel or the disk has no such writes, 1 any other failure.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#ifndef RWF_ATOMIC
#define RWF_ATOMIC 0x40
#endif

int main(int argc, char **argv)
{
	struct iovec iov;
	int fd;

	if (argc != 5)
		return 1;
	fd = open(argv[1], O_RDWR | O_DIRECT);
	iov.iov_len = strtoul(argv[4], NULL, 0);
	if (fd < 0 || posix_memalign(&iov.iov_base, 65536, iov.iov_len)) {
		perror(argv[1]);
		return 1;
	}
	memset(iov.iov_base, argv[2][0], iov.iov_len);
	if (pwritev2(fd, &iov, 1, strtoul(argv[3], NULL, 0), RWF_ATOMIC) == (ssize_t)iov.iov_len)
		return 0;
	perror("pwritev2");
	return errno == EOPNOTSUPP || errno == EINVAL ? 2 : 1;
}
