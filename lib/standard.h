/*
 * standard: the three standard streams as every program of the kit has them: always there, never cut short
 * because somebody made them non-blocking, and what goes to a terminal is not obeyed by it (safe.h).
 */
#ifndef MCI_STANDARD_H
#define MCI_STANDARD_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The first thing in main. What process_begin does; and stdout and stderr of stdio(3) become streams that
 * write as standard_write does: stdout at each newline on a terminal, else in large pieces, stderr at once.
 */
void standard_begin(void);
/*
 * All of it to STDOUT_FILENO or STDERR_FILENO, waiting where the descriptor does not block; on a
 * terminal made safe. 0, or -1 and errno. What stdout of stdio holds back stands behind it.
 */
int standard_write(int fd, const void *p, size_t n);
/* Whether colour goes through to a terminal on standard output; it does unless said otherwise, and never to
 * one on standard error. */
void standard_color(bool color);

#endif
