#include <stdio.h>

#include "sum.h"

int
main(void)
{
	static const int numbers[] = { 1, 2, 3 };

	printf("1 + 2 + 3 = %d\n", sum(numbers, 3));
	return sum(numbers, 3) == 6 ? 0 : 1;
}
