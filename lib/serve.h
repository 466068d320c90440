/*
 * serve: the skeleton of every server program: what its options are, where it listens (-l, the
 * sockets that it is handed, this user's own), the folder that it has for itself, what it may hold
 * for its clients, how it says that it is ready, how it stops, by a signal or at the end of its
 * lifeline (lifeline.h), and is told to read its settings anew.
 * A service is a table of methods and a struct (service.h); a server program's serve.c is its options,
 * what it opens, and one call.
 */
#ifndef MCI_SERVE_H
#define MCI_SERVE_H

#include <stdint.h>

#include "command.h"
#include "error.h"
#include "handed.h"
#include "loop.h"
#include "server.h"

/* How long what is open is answered when the program is told to stop. */
#define SERVE_GRACE "5s"

/* The least of --memory: a line of a megabyte needs room of two while it grows. */
#define SERVE_MEMORY (8 * 1024 * 1024)

struct serve_options {
	struct option_list listen;
	const char *folder, *mode;
	int64_t grace, memory, ready;
};

/* Their rows, for the program's table: member is a struct serve_options in its struct. */
#define SERVE_OPTIONS(type, member) \
	{ .name = "dir", .value = "DIR", .help = "the folder of what is kept", .kind = OPTION_TEXT, \
	  .offset = offsetof(type, member.folder) }, \
	SERVE_OPTIONS_BARE(type, member)
/* The same for one that keeps nothing. */
#define SERVE_OPTIONS_BARE(type, member) \
	{ .letter = 'l', .name = "listen", .value = "ADDRESS", \
	  .help = "where clients connect (may be given again)", .kind = OPTION_LIST, \
	  .offset = offsetof(type, member.listen) }, \
	{ .name = "grace", .value = "DURATION", \
	  .help = "how long to answer what is open when told to stop (" SERVE_GRACE ")", \
	  .kind = OPTION_DURATION, .offset = offsetof(type, member.grace) }, \
	{ .name = "memory", .value = "SIZE", .help = "what to hold for all clients together (64M)", \
	  .kind = OPTION_SIZE, .offset = offsetof(type, member.memory), .min = SERVE_MEMORY }, \
	{ .name = "mode", .value = "MODE", .help = "of its sockets, in octal (0600)", \
	  .kind = OPTION_TEXT, .offset = offsetof(type, member.mode) }, \
	{ .name = "ready-fd", .value = "N", .help = "write a newline to this descriptor when it serves", \
	  .kind = OPTION_NUMBER, .offset = offsetof(type, member.ready), .min = 1, .max = INT32_MAX }

struct serve;

/*
 * Another service whose client the program is: an option of its own struct, which is its address
 * when the program is opened: what was given; else inproc: in a process that both are in; else what
 * the environment says; else this user's socket of that name.
 */
struct serve_peer {
	const char *service; /* "events": MCI_EVENTS, events.sock */
	size_t offset;       /* of the option's const char * in the struct */
	bool may_lack;       /* it is NULL where nobody says where it is */
};

struct serve_program {
	const char *name;     /* for messages: "mci-events" */
	const char *service;  /* by which others find it: "events"; NULL: it shares no process */
	const char *variable; /* of the environment, with its address for clients and itself: "MCI_EVENTS" */
	const char *socket;   /* among this user's sockets, where nobody says otherwise: "events.sock" */
	const char *also;     /* what sockets that are handed over are called that are no way in for lines, as
	                       * "http"; NULL: all are */
	const char *folder;   /* below this user's state, where --dir does not say otherwise: "events";
	                       * NULL: it keeps nothing */
	/* Opens what it serves and adds it (serve_add). Its folder is there, and locked. 0 or -1. */
	int (*open)(struct serve *s, void *arg, struct error *e);
	/* Once open was called, in any case: nobody is connected any more, and no request left. */
	void (*close)(void *arg);
	/* SIGHUP. NULL: it stops, as on SIGTERM. */
	void (*reload)(void *arg);
	/* It is to stop: calls done(of) when it has ended what it does, and is connected to until then.
	 * Called again when somebody asks again, who does not want to wait. NULL: nothing is to end
	 * first. */
	void (*stop)(void *arg, void (*done)(void *of), void *of);
	bool ready_later; /* it says itself when it is ready (serve_ready) */
	const struct serve_peer *peers;
	size_t npeers;
};

/* Runs the program until it is told to stop; its exit status. What goes wrong is said on standard
 * error. For
 * main. */
int serve_run(const struct serve_program *p, const struct serve_options *o, void *arg);

/*
 * A process that is several such programs, each in a thread of its own with a loop of its own
 * (mci-single(1)). What is the process's (environment, umask, signals, lifeline, memory) is read or
 * set before there are threads, and is the main thread's.
 */
struct serve_house {
	const char *const *services; /* that are in it; each reaches the others at inproc:SERVICE */
	size_t nservices;
	const struct handed *handed; /* a socket that has a service's name is that one's */
};
/* One of them: what its options and the environment say, as values. NULL with an error. */
struct serve *serve_new(const struct serve_program *p, const struct serve_options *o, void *arg,
    const struct serve_house *house, struct error *e);
/* What it may hold for its clients, in bytes: the process's budget is the sum. */
size_t serve_memory(const struct serve *s);
/*
 * In its thread: runs it until the end of file of stop, a descriptor; its exit status. It writes a
 * newline to ready and closes that when it serves. What goes wrong is said on standard error, by
 * the program's name.
 */
int serve_until(struct serve *s, int stop, int ready);
/* NULL is allowed. */
void serve_free(struct serve *s);
/* In the main thread: has the signals that ask a process to stop told to the loop, with SIGHUP or
 * without; those that are ignored are not. 0 or -1. Part of serve_run. */
int serve_on_signals(struct loop *loop, bool hup, loop_signal *told, void *arg, struct error *e);
/* When one has come: whoever asks twice does not want to wait, the next one ends the process. */
void serve_hurry(bool hup);

/* Where the program is, for its clients: given, else its variable, else its socket among this
 * user's. Caller
 * frees; NULL with an error when there can be no folder of sockets. */
char *serve_address(const struct serve_program *p, const char *given, struct error *e);
/* Its folder: given, else the one below this user's state. Not created. Caller frees; NULL with an
 * error. */
char *serve_data(const struct serve_program *p, const char *given, struct error *e);

/* Inside open. */
struct loop *serve_loop(const struct serve *s);
/* Its folder. */
const char *serve_folder(const struct serve *s);
/* The descriptors that were handed over by the name of serve_program.also, as addresses; the n-th,
 * NULL behind
 * the last. */
const char *serve_also(const struct serve *s, size_t n);
int serve_add(struct serve *s, const struct service *service, void *self, struct error *e);
/* Behind a service that was added: one more way in for others (server.h). */
struct server_door *serve_door(struct serve *s, const struct service *service, void *self);
/* Serves one connection on descriptors that it takes over in any case. 0 or -1. */
int serve_connect(struct serve *s, int in, int out, struct error *e);
int serve_listen(struct serve *s, struct server_door *d, const char *address, struct error *e);

/* Of a program that is ready later: says so, once. 0, or -1 with an error. */
int serve_ready(struct serve *s, struct error *e);
/* As a signal that asks it to. */
void serve_stop(struct serve *s);

/* For the start of any process that serves, before descriptors are made: as many descriptors as the
 * system allows, a reader that has left is a failed write and not a signal, what is made is this user's
 * alone, and nobody looks into the process (process_private). Part of serve_run. */
void serve_begin(void);

#endif
