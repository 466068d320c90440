/*
 * keeper: the first of mci-job's two processes. It does nothing but wait for the worker, pass signals on
 * to it, and end everything that is left when it is gone.
 */
#ifndef JOB_KEEPER_H
#define JOB_KEEPER_H

/*
 * Runs worker in a child of its own and returns what mci-job exits with. scratch is a private folder for
 * this run, removed at the end; lifeline is readable when the keeper has died.
 */
int keeper_run(int (*worker)(void *arg, const char *scratch, int lifeline), void *arg);

#endif
