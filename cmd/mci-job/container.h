/*
 * container: the command lines for podman(1) that start and end containers of ours. All of one have
 * files in the scratch folder that begin with its stem: STEM.pid and STEM.conmon, once it runs, and
 * STEM.undo, the command that removes it (leftovers.h).
 */
#ifndef JOB_CONTAINER_H
#define JOB_CONTAINER_H

#include <stdbool.h>
#include <sys/types.h>

#include "childsetup.h"
#include "error.h"
#include "settings.h"
#include "words.h"

struct container {
	char *name;  /* as podman knows it; distinct among all of this machine */
	char *stem;  /* path of its files, without suffix */
};

/* Whether there is a podman, and what it needs: 0, or -1 with an error that says the way out. */
int container_check(const struct settings *settings, struct error *e);
/* Names one for what people call label: a job's attempt, or a service of it. */
void container_name(struct container *c, const char *scratch, const char *label);
/* Appends podman with its own options, and in front what it takes to run it on this machine. */
void container_podman(struct words *w, const struct settings *settings);
/* Appends podman run with what all our containers have, and leaves word how this one is removed. 0 or -1. */
int container_run(struct words *w, const struct settings *settings, const struct container *c,
    const char *network, struct error *e);
/* Appends what bounds the processes in it, n of limits, as podman would else raise or be bound itself. */
void container_limits(struct words *w, const struct childsetup_limit *limits, size_t n);
/* A network that is no other's, which reaches outside where that can be had here. */
const char *container_network(void);
/* Appends what lets ports of it be reached on this machine, by container_network. hosts gets the
 * numbers that they have here, free ones of the range. 0 or -1. */
int container_expose(struct words *w, const struct settings *settings, const int *ports, size_t n, int *hosts,
    struct error *e);
/* Appends the image, or the folder that stands for one, behind all options. folder is that of the build. */
void container_image(struct words *w, const char *image, const char *folder);
/* The process that is the first in it, in our numbers; 0: it does not run yet. */
pid_t container_pid(const struct container *c);
/* Whether pid is its first process, or the one that podman leaves beside it. */
bool container_has(const struct container *c, pid_t pid);
/* It has ended, and podman has removed it. */
void container_gone(const struct container *c);
void container_free(struct container *c);

#endif
