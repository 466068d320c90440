#include "definition.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "kernel.h"
#include "memory.h"
#include "state.h"

static const char *const extensions[] = { ".yaml", ".yml", ".json" };

static const char example[] =
    "    #!/bin/sh\n"
    "    echo '{\"id\":\"build\",\"script\":[\"make\"]}'\n"
    "    echo '{\"id\":\"test\",\"script\":[\"make check\"],\"depends-on\":[\"build\"]}'";

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

static bool
is_document(const char *name)
{
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		if (ends_with(name, extensions[i]))
			return true;
	}
	return false;
}

static bool
is_executable(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static bool
is_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
file_add(struct definition *d, char *path)
{
	d->files = xrealloc(d->files, d->nfiles + 1, sizeof(char *));
	d->files[d->nfiles++] = path;
}

/* The definition is this one file; path is given, absolute. */
static void
file_set(struct definition *d, const char *name, char *path)
{
	d->kind = is_document(name) ? DEFINITION_DOCUMENT : DEFINITION_SCRIPT;
	d->name = xstrdup(name);
	d->path = path;
	if (d->kind == DEFINITION_DOCUMENT)
		file_add(d, xstrdup(path));
}

/* What is wrong with a script that cannot be run; 0 when nothing is. */
static int
script_check(const char *name, const char *path, struct error *e)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return error_set(e, errno == ENOENT ? ERROR_NOT_FOUND : ERROR_INPUT, "%s: %s", name,
		    strerror(errno));
	if (is_document(name) || (S_ISREG(st.st_mode) && access(path, X_OK) == 0))
		return 0;
	if (!S_ISREG(st.st_mode))
		return error_set(e, ERROR_INPUT, "%s: not a file that can be run", name);
	return error_set(e, ERROR_INPUT,
	    "%s: not executable (chmod +x %s), and its name does not end in "
	    ".yaml, .yml or .json",
	    name, name);
}

/* -f and operands with a slash, relative to cwd. */
static int
given_find(struct definition *d, const char *cwd, const char *given, struct error *e)
{
	char *path;

	if (strcmp(given, "-") == 0) {
		d->kind = DEFINITION_STDIN;
		d->name = xstrdup("-");
		return 0;
	}
	path = given[0] == '/' ? xstrdup(given) : xformat("%s/%s", cwd, given);
	if (script_check(given, path, e) < 0) {
		free(path);
		return -1;
	}
	file_set(d, given, path);
	return 0;
}

/* The names in a folder that may be its definition, in order; NULL-terminated. */
struct names {
	char **list;
	size_t n;
};

static void
names_free(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
}
#define AUTO_NAMES __attribute__((cleanup(names_free))) struct names

static int
name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* build and build.*, but not what editors leave behind. */
static bool
is_candidate(const char *name)
{
	return strncmp(name, "build", 5) == 0 && (name[5] == '\0' || name[5] == '.') &&
	       name[strlen(name) - 1] != '~';
}

static int
names_read(struct names *names, const char *folder, struct error *e)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;

	if (dir == NULL)
		return error_sys(e, "%s", folder);
	while ((entry = readdir(dir)) != NULL) {
		if (!is_candidate(entry->d_name))
			continue;
		names->list = xrealloc(names->list, names->n + 1, sizeof(char *));
		names->list[names->n++] = xstrdup(entry->d_name);
	}
	closedir(dir);
	if (names->n > 1)
		qsort(names->list, names->n, sizeof(char *), name_order);
	return 0;
}

static int
several(const struct names *names, struct error *e)
{
	AUTO_BYTES list = { 0 };

	for (size_t i = 0; i < names->n; i++)
		bytes_format(&list, "%s.mci/%s", i + 1 == names->n ? " and " : i > 0 ? ", " : "",
		    names->list[i]);
	return error_set(
	    e, ERROR_INPUT, "%s are all there: keep one, or choose with -f", bytes_string(&list));
}

/* Takes what cannot be a definition out of the list; *plain is the first that lacks its x bit. */
static void
names_sift(struct names *names, const char *folder, char **plain)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->n; i++) {
		AUTO_FREE char *path = xformat("%s/%s", folder, names->list[i]);

		if (!is_folder(path) && (is_document(names->list[i]) || is_executable(path))) {
			names->list[kept++] = names->list[i];
			continue;
		}
		if (*plain == NULL && !is_folder(path))
			*plain = xstrdup(names->list[i]);
		free(names->list[i]);
	}
	names->n = kept;
}

static int
mci_find(struct definition *d, const char *folder, struct error *e)
{
	AUTO_NAMES names = { 0 };
	AUTO_FREE char *plain = NULL;
	AUTO_FREE char *name = NULL;

	if (names_read(&names, folder, e) < 0)
		return -1;
	names_sift(&names, folder, &plain);
	if (names.n > 1)
		return several(&names, e);
	if (names.n == 0 && plain != NULL)
		return error_set(e, ERROR_INPUT, "%s/%s: not executable (chmod +x %s/%s)", folder,
		    plain, folder, plain);
	if (names.n == 0)
		return error_set(e, ERROR_NOT_FOUND,
		    "%s: no build, build.yaml, build.json or executable "
		    "build.* in it; a script can be as short as this:\n%s",
		    folder, example);
	name = xformat(".mci/%s", names.list[0]);
	file_set(d, name, xformat("%s/%s", folder, names.list[0]));
	return 0;
}

/* The original's files: all that are there count, in the order of extensions. */
static int
monkey_find(struct definition *d, const char *folder, struct error *e)
{
	static const char *const foreign[] = { "build.clj", "build.edn" };
	AUTO_BYTES name = { 0 };

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		AUTO_FREE char *path = xformat("%s/%s", folder, foreign[i]);

		if (access(path, F_OK) == 0)
			return error_set(e, ERROR_INPUT,
			    "%s: scripts in Clojure are not run here; write .mci/build "
			    "(any language) or .monkeyci/build.yaml",
			    path);
	}
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		char *path = xformat("%s/build%s", folder, extensions[i]);

		if (access(path, F_OK) != 0) {
			free(path);
			continue;
		}
		file_add(d, path);
		bytes_format(&name, "%s.monkeyci/build%s", name.len > 0 ? "," : "", extensions[i]);
	}
	if (d->nfiles == 0)
		return error_set(
		    e, ERROR_NOT_FOUND, "%s: no build.yaml, build.yml or build.json in it", folder);
	d->kind = DEFINITION_DOCUMENT;
	d->monkey = true;
	d->name = bytes_give(&name);
	d->path = xstrdup(d->files[0]);
	return 0;
}

static int
project_find(struct definition *d, const char *cwd, struct error *e)
{
	AUTO_FREE char *mci = NULL;
	AUTO_FREE char *monkey = NULL;

	if (d->project == NULL)
		return error_set(e, ERROR_NOT_FOUND,
		    "nothing to build: no .mci folder in %s or above it. "
		    "Make .mci/build, a script (chmod +x) that prints jobs, such as\n%s",
		    cwd, example);
	mci = xformat("%s/.mci", d->project);
	monkey = xformat("%s/.monkeyci", d->project);
	if (!is_folder(mci))
		return monkey_find(d, monkey, e);
	if (mci_find(d, mci, e) == 0)
		return 0;
	/* a .mci with nothing but its conf does not hide the original's files */
	return e->code == ERROR_NOT_FOUND && is_folder(monkey) ? monkey_find(d, monkey, e) : -1;
}

int
definition_find(struct definition *d, const char *cwd, const char *given, struct error *e)
{
	struct error unread;
	int status;

	if (e == NULL)
		e = &unread;
	*d = (struct definition){ .project = state_project(cwd) };
	if (given == NULL) {
		status = project_find(d, cwd, e);
	} else {
		if (d->project == NULL)
			d->project = xstrdup(cwd);
		status = given_find(d, cwd, given, e);
	}
	if (status < 0)
		definition_free(d);
	return status;
}

/* They are in no file: what they name may be nobody's business. */
static int
specs_give(struct definition *d, const char *specs, struct error *e)
{
	d->kind = DEFINITION_STDIN;
	d->name = xstrdup("-");
	d->input = memfd_create("specs", MFD_CLOEXEC);
	if (d->input < 0 || kernel_write_all(d->input, specs, strlen(specs)) < 0 ||
	    lseek(d->input, 0, SEEK_SET) < 0)
		return error_sys(e, "specs");
	return 0;
}

int
definition_of(struct definition *d, const char *project, const char *specs, struct error *e)
{
	*d = (struct definition){ .project = xstrdup(project) };
	return specs[0] != '\0' ? specs_give(d, specs, e) : project_find(d, project, e);
}

bool
definition_meant(const char *word)
{
	struct stat st;
	bool document = false;

	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		document |= ends_with(word, extensions[i]);
	return document || (stat(word, &st) == 0 && S_ISREG(st.st_mode));
}

int
definition_move(struct definition *d, const char *dir, struct error *e)
{
	struct definition moved;

	if (d->kind == DEFINITION_STDIN)
		return 0;
	if (definition_find(&moved, dir, NULL, e) < 0)
		return -1;
	/* parts know the project by this text */
	free(moved.project);
	moved.project = d->project;
	d->project = NULL;
	definition_free(d);
	*d = moved;
	return 0;
}

void
definition_free(struct definition *d)
{
	free(d->project);
	free(d->name);
	free(d->path);
	for (size_t i = 0; i < d->nfiles; i++)
		free(d->files[i]);
	free(d->files);
	if (d->input > 0)
		close(d->input);
	*d = (struct definition){ 0 };
}
