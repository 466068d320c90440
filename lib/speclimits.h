/*
 * speclimits: what a job may use: CPUs, memory, processes, open files, the size of one file, disk, bytes of
 * log, time. Each is a row: its name, in which unit people write it, and what is least.
 */
#ifndef MCI_SPECLIMITS_H
#define MCI_SPECLIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bytes.h"
#include "error.h"
#include "specvalue.h"

enum limit {
	LIMIT_CPUS,      /* thousandths of one */
	LIMIT_MEMORY,    /* bytes, of all its processes together */
	LIMIT_PROCESSES, /* and threads, at once */
	LIMIT_FILES,     /* open at once, in each process */
	LIMIT_FILE_SIZE, /* bytes of one file */
	LIMIT_DISK,      /* bytes that it adds to its workspace and /tmp */
	LIMIT_LOG,       /* bytes that it prints */
	LIMIT_TIMEOUT,   /* nanoseconds; only where a machine says what jobs may have (limits_set) */
	LIMIT_COUNT
};

struct limits {
	int64_t of[LIMIT_COUNT]; /* 0: none */
};

/* "memory", "file-size"... */
const char *limit_name(enum limit which);
/* Appends a value as people write it: 2G, 1.5, 20m. */
void limit_write(struct bytes *b, enum limit which, int64_t value);
/* Takes NAME=VALUE. 0, or -1 with an error that names what is wrong. */
int limits_set(struct limits *l, const char *text, struct error *e);

extern const struct value_type value_type_limits; /* struct limits: an object, without timeout */
extern const struct value_type value_type_cpus;   /* int64_t, thousandths: 2, 1.5 or "1.5" */
extern const struct value_type value_type_memory; /* int64_t, bytes: "512M"; a number is G */
extern const struct value_type value_type_cores;  /* int64_t: that many CPUs, 1 to 1024 */

#endif
