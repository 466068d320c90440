/*
 * checkout: the work of mci-agent --checkout, a process of its own, as git takes its time: reads
 * an order on standard input, makes what it says into a folder, and prints one JSON object: rev,
 * maybe base and fresh (false: the folder had it already, from a run before), or error. The
 * repository's own configuration names nothing that is run: no hook, no filter, no command of a
 * submodule.
 */
#ifndef MCI_AGENT_CHECKOUT_H
#define MCI_AGENT_CHECKOUT_H

/* workdir holds the mirrors; dir is the folder to make. Its exit status: 0 when the folder is
 * there. */
int checkout_run(const char *workdir, const char *dir);

#endif
