/* keys: the keys of a job as lines, for tests and editors. */
#ifndef KEYS_H
#define KEYS_H

/*
 * Prints a line for each key: its name, its synonym, the name that it has under .monkeyci besides, the
 * type of its value, how YAML's plain scalars are read below it (text, value, word), who serves it
 * (served, machine, in-place, unserved), and "graph" for one that mci-job refuses; split by tabs.
 */
void keys_print(void);

#endif
