#include <stdio.h>

int
main(void)
{
#if __STDC_VERSION__ >= 201710L
	puts("hello from c17");
#elif __STDC_VERSION__ >= 201112L
	puts("hello from c11");
#else
	puts("hello from c99");
#endif
	return 0;
}
