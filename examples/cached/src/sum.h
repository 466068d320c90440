/* The sum of n numbers. */
int sum(const int *numbers, int n);
