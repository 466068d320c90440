#include "sum.h"

int
sum(const int *numbers, int n)
{
	int total = 0;

	for (int i = 0; i < n; i++)
		total += numbers[i];
	return total;
}
