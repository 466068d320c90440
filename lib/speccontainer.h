/*
 * speccontainer: what a spec says of its container and of the services beside it: mounts, ports, and
 * "services", a list of {"id", "image" or "script", "env", "ready", "expose"}.
 */
#ifndef MCI_SPECCONTAINER_H
#define MCI_SPECCONTAINER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "specvalue.h"

/* How long a service may take until it is ready, unless it says. */
#define SPEC_READY_WITHIN (INT64_C(60) * 1000000000)

/* A folder or file of the build's, at another place in the container: "FROM:TO", "FROM:TO:ro", [FROM, TO] or
 * {"from", "to", "readonly"}. */
struct spec_mount {
	char *from; /* below the build's folder; never with ".." or absolute */
	char *to;   /* absolute */
	bool readonly;
};

/* When a service is ready: as soon as all that is set here is true. Nothing set: its first port. */
struct spec_ready {
	char *command;  /* succeeds, beside the service */
	int port;       /* somebody listens there; 0: none */
	char *log;      /* a line that it prints holds this text */
	int64_t within; /* nanoseconds */
};

struct spec_server {
	char *id;
	char *image;      /* NULL: the job's place runs the script */
	char **script;    /* lines for one sh -e; NULL: what the image runs by itself */
	size_t nscript;
	struct spec_pair *env;
	size_t nenv;
	struct spec_ready ready;
	int *expose;      /* ports, 1 to 65535 */
	size_t nexpose;
};

extern const struct value_type value_type_words;    /* char **, NULL-terminated; a lone text is one word */
extern const struct value_type value_type_ports;    /* int *; a lone number is one */
extern const struct value_type value_type_mounts;   /* struct spec_mount * */
extern const struct value_type value_type_services; /* struct spec_server * */

#endif
