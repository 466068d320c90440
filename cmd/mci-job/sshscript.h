/* sshscript: what runs here and there for the runner ssh (ssh.h). */
#ifndef JOB_SSHSCRIPT_H
#define JOB_SSHSCRIPT_H

struct sshscript {
	/*
	 * For sh here: $1 the host, $2 the folder with what is carried besides, $3 the folder that is
	 * built, $4 options of ssh for the job's own connection, $5 the file of outputs, $6 the script
	 * and $7 the folder of secrets, or empty, $8 the path of the socket of the connection that all
	 * share, empty: there is none, $9 mci-blob, and the two others of these. 3 takes annotations,
	 * 4 says when a script may go on, where they are open. In the folder is "go/job", which bash
	 * there reads; there come "result" (how it went: "ended STATUS", "start" or "lost") and "said"
	 * (what ssh said).
	 */
	const char *here;
	/* for bash there: what keeps everything, and what runs the job */
	const char *keeps, *runs;
};

extern const struct sshscript sshscript;

#endif
