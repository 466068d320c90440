/*
 * holders: who has a file locked (flock(2)), whoever took the lock and whoever inherited it, from
 * /proc/PID/fdinfo (proc_pid_fdinfo(5)): those processes that this one may look at, and of the others whoever
 * took it, if that runs the same program. To end what was left behind by one that was killed, and may be
 * stopped.
 */
#ifndef MCI_HOLDERS_H
#define MCI_HOLDERS_H

/* Sends signal to each of them but this process, and to all that they have started. Reads all of /proc,
 * does not wait. fd is open on the file. */
void holders_signal(int fd, int signal);

#endif
