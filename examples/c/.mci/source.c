/* Writes a chain of jobs, each waiting for the one before. */
#include <stdio.h>

int
main(void)
{
	for (int i = 1; i <= 5; i++) {
		printf("{\"id\":\"step-%d\",\"argv\":[\"echo\",\"step %d of 5\"]", i, i);
		if (i > 1)
			printf(",\"depends-on\":[\"step-%d\"]", i - 1);
		printf("}\n");
	}
	return 0;
}
