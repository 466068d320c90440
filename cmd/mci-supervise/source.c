#include "source.h"

#include <stdbool.h>
#include <stdlib.h>

#include "default.h"
#include "parse.h"
#include "textfile.h"

int
source_text(const struct source *s, struct bytes *into, struct error *e)
{
	/* a repository with builds to look at, once there is somebody to build them */
	static const char demo[] = "\n\ndemo: mci demo $DIR/demo\n\tonce\n\tafter agent\n";
	static const char single[] = "\n\nsingle\n";
	struct span text = default_wiring();

	if (s->file != NULL && textfile_read(into, s->file, WIRING_SIZE, e) < 0)
		return -1;
	if (s->file == NULL)
		bytes_add(into, text.p, text.n);
	if (s->demo)
		bytes_add(into, demo, sizeof(demo) - 1);
	if (s->single)
		bytes_add(into, single, sizeof(single) - 1);
	return 0;
}

/* Keeps the first problem. */
struct first {
	struct error *e;
	bool is;
};

static void
keep_first(void *arg, const struct error *e)
{
	struct first *f = arg;

	if (!f->is && f->e != NULL)
		*f->e = *e;
	f->is = true;
}

int
source_parse(const struct source *s, struct span text, const char *name, struct wiring *w,
    void (*complain)(void *arg, const struct error *e), void *arg, struct error *e)
{
	struct wiring_place place = { .name = name, .dir = s->dir, .run = s->run, .http = s->http };
	struct first first = { .e = e };

	return wiring_read(w, text, &place, complain != NULL ? complain : keep_first,
	    complain != NULL ? arg : &first);
}

int
source_read(const struct source *s, struct wiring *w,
    void (*complain)(void *arg, const struct error *e), void *arg, struct error *e)
{
	AUTO_BYTES text = { 0 };

	*w = (struct wiring){ 0 };
	if (source_text(s, &text, e) == 0)
		return source_parse(
		    s, (struct span){ text.data, text.len }, s->name, w, complain, arg, e);
	if (complain != NULL)
		complain(arg, e);
	return -1;
}

void
source_close(struct source *s)
{
	free(s->file);
	free(s->name);
	free(s->dir);
	free(s->run);
	free(s->http);
	*s = (struct source){ 0 };
}
