/* scope: what namespaces leave open where a job has the machine's network: sockets that are no file. */
#ifndef JOB_SCOPE_H
#define JOB_SCOPE_H

/* A Landlock ruleset that lets whoever is under it reach abstract sockets and processes only of its own kind;
 * borrowed. -1: the kernel has none (before Linux 6.12). */
int scope_ruleset(void);

#endif
