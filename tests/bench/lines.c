/* lines BYTES: prints that many bytes in lines of 75 bytes, in writes of 64 KiB. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	static char block[65550];
	long long left = argc > 1 ? atoll(argv[1]) : 0;
	size_t size = 0;

	while (size + 75 <= sizeof(block)) {
		memset(block + size, 'a' + (int)(size / 75 % 26), 74);
		block[size + 74] = '\n';
		size += 75;
	}
	while (left > 0) {
		ssize_t n = write(1, block, left < (long long)size ? (size_t)left : size);

		if (n < 0) {
			perror("lines");
			return 1;
		}
		left -= n;
	}
	return 0;
}
