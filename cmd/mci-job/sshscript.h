/* sshscript: what runs here and there for the runner ssh (ssh.h). */
#ifndef JOB_SSHSCRIPT_H
#define JOB_SSHSCRIPT_H

/*
 * For sh here: $1 the host, $2 the folder with what is carried besides, $3 the folder that is built, $4 options
 * of ssh for the job's own connection. 3 takes annotations, 4 says when a script may go on, where they are
 * open. In the folder are "job", which bash there reads, and what that names; there come "result" (how it
 * went: "ended STATUS", "start" or "lost"), "said" (what ssh said) and "back/output".
 */
extern const char sshscript[];

#endif
