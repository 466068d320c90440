#include "remote.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "kernel.h"
#include "memory.h"

static const char *const schemes[] = { "https://", "http://", "ssh://", "git://" };
#define NSCHEMES (sizeof(schemes) / sizeof(schemes[0]))

/* HOST:PATH: the first colon comes before the first slash, and not twice (gitremote-helpers(7)). */
static bool
is_host_and_path(const char *url)
{
	size_t n = strcspn(url, ":/");

	return n > 0 && url[n] == ':' && url[n + 1] != ':' && url[n + 1] != '/' && url[n + 1] != '\0';
}

static bool
has_control(const char *text)
{
	for (; *text != '\0'; text++) {
		if ((unsigned char)*text < ' ' || *text == 127)
			return true;
	}
	return false;
}

int
remote_check(const char *url, struct error *e)
{
	if (has_control(url))
		return error_set(e, ERROR_INPUT, "the repository's url has a control character");
	if (*url == '/')
		return 0;
	for (size_t i = 0; i < NSCHEMES; i++) {
		size_t n = strlen(schemes[i]);

		/* a host that begins with - would be an option of ssh */
		if (strncmp(url, schemes[i], n) == 0 && url[n] != '-' && url[n] != '\0')
			return 0;
	}
	if (*url != '-' && is_host_and_path(url))
		return 0;
	return error_set(e, ERROR_INPUT, "the repository's url '%.200s' is none of https://, http://, "
	    "ssh://, git://, HOST:PATH and the absolute path of a folder", url);
}

void
remote_allow(bool own)
{
	setenv("GIT_ALLOW_PROTOCOL", own ? "file:https:http:ssh:git" : "https:http:ssh:git", 1);
}

/* The host of an url, in place; n 0 for a folder. */
static struct span
host_of(const char *url)
{
	const char *p = strstr(url, "://"), *end, *at;

	if (*url == '/')
		return (struct span){ url, 0 };
	p = p == NULL ? url : p + 3;
	end = p + strcspn(p, "/");
	at = memrchr(p, '@', (size_t)(end - p));
	p = at == NULL ? p : at + 1;
	return (struct span){ p, strcspn(p, ":/") };
}

/* A file without a name that holds this text; its path for ssh, which closes what it inherits. */
static char *
file_of(const char *text, struct error *e)
{
	size_t n = strlen(text);
	int fd = memfd_create("ssh", MFD_CLOEXEC);

	if (fd < 0 || fchmod(fd, 0600) < 0 || kernel_write_all(fd, text, n) < 0 ||
	    (n > 0 && text[n - 1] != '\n' && kernel_write_all(fd, "\n", 1) < 0)) {
		error_sys(e, "a file for an ssh key");
		return NULL;
	}
	return xformat("/proc/%d/fd/%d", (int)getpid(), fd);
}

static const char *
member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

static bool
fits(const json_t *key, struct span host)
{
	const char *of = member(key, "host");

	return *of == '\0' || span_is(host, of);
}

/* Options of ssh for one key; what hosts it knows goes to hosts. */
static int
key_use(struct bytes *command, struct bytes *hosts, const json_t *key, struct error *e)
{
	AUTO_FREE char *path = file_of(member(key, "private"), e);

	if (path == NULL)
		return error_before(e, "key %.80s: ", member(key, "name"));
	bytes_format(command, " -i %s", path);
	bytes_text(hosts, member(key, "known-hosts"));
	if (hosts->len > 0 && hosts->data[hosts->len - 1] != '\n')
		bytes_char(hosts, '\n');
	return 0;
}

/* Nothing asks, no configuration, no agent; a host that is not known is not spoken to. */
#define SSH "ssh -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=yes -o ForwardAgent=no " \
	"-o ClearAllForwardings=yes -o PermitLocalCommand=no"

int
remote_harden(const char *url, const json_t *keys, struct error *e)
{
	AUTO_BYTES command = { 0 };
	AUTO_BYTES hosts = { 0 };
	AUTO_FREE char *known = NULL;
	struct span host = host_of(url);
	size_t used = 0, i;
	json_t *key;

	bytes_text(&command, SSH);
	json_array_foreach(keys, i, key) {
		if (!fits(key, host))
			continue;
		used++;
		if (key_use(&command, &hosts, key, e) < 0)
			return -1;
	}
	if (used > 0)
		bytes_text(&command, " -o IdentitiesOnly=yes -o IdentityAgent=none");
	if (hosts.len > 0) {
		known = file_of(bytes_string(&hosts), e);
		if (known == NULL)
			return -1;
		bytes_format(&command, " -o UserKnownHostsFile=%s -o GlobalKnownHostsFile=/dev/null", known);
	}
	setenv("GIT_SSH_COMMAND", bytes_string(&command), 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	setenv("GIT_TEMPLATE_DIR", "", 1);
	setenv("GIT_LFS_SKIP_SMUDGE", "1", 1);
	unsetenv("GIT_SSH");
	unsetenv("GIT_ASKPASS");
	unsetenv("SSH_ASKPASS");
	unsetenv("GIT_PROXY_COMMAND");
	unsetenv("GIT_EXEC_PATH");
	return 0;
}
