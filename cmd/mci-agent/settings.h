/* settings: what the command line says that more than one part of the agent uses. */
#ifndef MCI_AGENT_SETTINGS_H
#define MCI_AGENT_SETTINGS_H

/* All is borrowed; paths and addresses hold wherever a program is started. */
struct settings {
	const char *workdir;
	/* addresses; log may be NULL: logs stay in the build's folder */
	const char *events, *log, *blob, *store;
	const char *runner;               /* NULL: mci-build's own choice */
};

#endif
