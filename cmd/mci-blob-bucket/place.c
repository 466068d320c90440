#include "place.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "number.h"
#include "profile.h"
#include "sign.h"
#include "textfile.h"
#include "utf8.h"

/* S3 User Guide, "Naming Amazon S3 objects" */
#define KEY_LIMIT 1024
#define ATTEMPTS 8

static char *
variable(const char *name)
{
	const char *value = getenv(name);

	return value == NULL || *value == '\0' ? NULL : xstrdup(value);
}

/* Takes the first that is said, and frees the others. */
static char *
first_of(char *a, char *b)
{
	if (a != NULL) {
		free(b);
		return a;
	}
	return b;
}

static int
read_file(struct profile *p, const char *profile, const char *said, const char *usual, bool config,
    struct error *e)
{
	const char *home = getenv("HOME");
	AUTO_FREE char *path = variable(said);
	AUTO_BYTES text = { 0 };
	bool given = path != NULL;
	int done;

	if (path == NULL && home == NULL)
		return 0;
	if (path == NULL)
		path = xformat("%s/.aws/%s", home, usual);
	if (textfile_read(&text, path, PROFILE_LIMIT, e) < 0)
		return !given && (e->sys == ENOENT || e->sys == ENOTDIR) ? 0 : -1;
	done = profile_read(p, profile, (struct span){ text.data, text.len }, config, path, e);
	explicit_bzero(text.data, text.len);
	return done;
}

static int
read_files(struct profile *p, struct error *e)
{
	AUTO_FREE char *named = variable("AWS_PROFILE");
	const char *profile = named != NULL ? named : "default";
	struct error drop;

	if (e == NULL)
		e = &drop;
	if (read_file(p, profile, "AWS_SHARED_CREDENTIALS_FILE", "credentials", false, e) < 0 ||
	    read_file(p, profile, "AWS_CONFIG_FILE", "config", true, e) < 0)
		return -1;
	if (named != NULL && !p->found)
		return error_set(e, ERROR_USAGE,
		    "AWS_PROFILE: no profile '%s' in ~/.aws/credentials and "
		    "~/.aws/config",
		    named);
	return 0;
}

/* A key is one pair: its secret is not taken from elsewhere than its id. */
static int
take_key(struct place *p, struct profile *f, struct error *e)
{
	p->id = variable("AWS_ACCESS_KEY_ID");
	p->secret = variable("AWS_SECRET_ACCESS_KEY");
	p->token = variable("AWS_SESSION_TOKEN");
	if (p->id == NULL && p->secret == NULL) {
		free(p->token);
		p->id = f->id;
		p->secret = f->secret;
		p->token = f->token;
		f->id = f->secret = f->token = NULL;
	}
	if (p->id == NULL && p->secret == NULL)
		return error_set(e, ERROR_USAGE,
		    "%s: no key to sign with: set AWS_ACCESS_KEY_ID and "
		    "AWS_SECRET_ACCESS_KEY, or write aws_access_key_id and aws_secret_access_key to a "
		    "profile in ~/.aws/credentials (AWS_PROFILE names it)",
		    p->name);
	if (p->id == NULL || p->secret == NULL)
		return error_set(e, ERROR_USAGE, "%s: %s is missing: a key is an id and its secret",
		    p->name, p->id == NULL ? "AWS_ACCESS_KEY_ID" : "AWS_SECRET_ACCESS_KEY");
	for (const char *c = p->id; *c != '\0'; c++) {
		if (*c <= ' ' || *c > '~' || *c == '/')
			return error_set(e, ERROR_USAGE,
			    "%s: the access key id holds a character that "
			    "none has",
			    p->name);
	}
	for (const char *c = p->token == NULL ? "" : p->token; *c != '\0'; c++) {
		if (*c <= ' ' || *c > '~')
			return error_set(e, ERROR_USAGE,
			    "%s: the session token holds a character that none "
			    "has",
			    p->name);
	}
	return 0;
}

/* Oracle's endpoints hold it: NAMESPACE.compat.objectstorage.REGION.oraclecloud.com. */
static char *
region_of(const char *endpoint)
{
	static const char before[] = ".objectstorage.";
	const char *at = endpoint == NULL ? NULL : strstr(endpoint, before);

	if (at == NULL)
		return NULL;
	at += sizeof(before) - 1;
	return xmemdup(at, strcspn(at, "."));
}

static bool
plain(const char *text, const char *more)
{
	for (; *text != '\0'; text++) {
		bool is = (*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') ||
		    (*text >= 'A' && *text <= 'Z') || *text == '-' || *text == '.' || *text == '_';

		if (!is && strchr(more, *text) == NULL)
			return false;
	}
	return true;
}

/* Splits an endpoint, whose path stays in front of the bucket's. */
static int
take_endpoint(struct place *p, const char *endpoint, struct error *e)
{
	const char *host = strstr(endpoint, "://"), *path;
	bool tls = strncmp(endpoint, "https://", 8) == 0;
	AUTO_BYTES base = { 0 };
	size_t n;

	if (!tls && strncmp(endpoint, "http://", 7) != 0)
		return error_set(e, ERROR_USAGE,
		    "AWS_ENDPOINT_URL: '%s': expected https://HOST or "
		    "http://HOST:PORT",
		    endpoint);
	host += 3;
	n = strcspn(host, "/");
	p->host = xmemdup(host, n);
	if (n == 0 || !plain(p->host, ":[]"))
		return error_set(e, ERROR_USAGE, "AWS_ENDPOINT_URL: '%s': no host is called so", endpoint);
	p->origin = xmemdup(endpoint, (size_t)(host - endpoint) + n);
	/* libcurl leaves the usual port out of its own header, and what is signed is what is sent */
	path = host + n;
	while (*path != '\0' && path[strlen(path) - 1] == '/' && path[1] == '\0')
		path++;
	bytes_text(&base, path);
	while (base.len > 0 && base.data[base.len - 1] == '/')
		base.len--;
	bytes_char(&base, '/');
	sign_encode(&base, p->bucket, false);
	p->base = xstrdup(bytes_string(&base));
	return 0;
}

/* AWS wants the bucket in the host's name, where its certificate fits. */
static int
take_host(struct place *p, char *endpoint, struct error *e)
{
	AUTO_FREE char *said = endpoint;

	if (said == NULL && strchr(p->bucket, '.') == NULL) {
		p->host = xformat("%s.s3.%s.amazonaws.com", p->bucket, p->region);
		p->origin = xformat("https://%s", p->host);
		p->base = xstrdup("");
		return 0;
	}
	if (said == NULL)
		said = xformat("https://s3.%s.amazonaws.com", p->region);
	return take_endpoint(p, said, e);
}

static int
take_address(struct place *p, const char *address, struct error *e)
{
	const char *bucket = address + 5, *slash, *end;
	struct place whole = { .prefix = "" };

	if (strncmp(address, "s3://", 5) != 0)
		return error_set(e, ERROR_USAGE, "%s: expected s3://BUCKET/PREFIX", address);
	slash = bucket + strcspn(bucket, "/");
	p->bucket = xmemdup(bucket, (size_t)(slash - bucket));
	if (*p->bucket == '\0' || !plain(p->bucket, ""))
		return error_set(e, ERROR_USAGE, "%s: no bucket is called '%s'", address, p->bucket);
	slash += strspn(slash, "/");
	end = slash + strlen(slash);
	while (end > slash && end[-1] == '/')
		end--;
	p->prefix = end > slash ? xformat("%.*s/", (int)(end - slash), slash) : xstrdup("");
	p->name = xformat("s3://%s%s%.*s", p->bucket, end > slash ? "/" : "", (int)(end - slash), slash);
	whole.name = p->name;
	if (end > slash) {
		AUTO_FREE char *name = xmemdup(slash, (size_t)(end - slash));

		return place_check(&whole, name, e);
	}
	return 0;
}

static int
take_rest(struct place *p, struct profile *f, struct error *e)
{
	AUTO_FREE char *endpoint = first_of(variable("AWS_ENDPOINT_URL_S3"), variable("AWS_ENDPOINT_URL"));
	AUTO_FREE char *attempts = first_of(variable("AWS_MAX_ATTEMPTS"), f->attempts);
	char *given;

	f->attempts = NULL;
	endpoint = first_of(endpoint, f->s3_endpoint);
	endpoint = first_of(endpoint, f->endpoint);
	p->region = first_of(first_of(variable("AWS_REGION"), variable("AWS_DEFAULT_REGION")), f->region);
	p->region = first_of(first_of(p->region, region_of(endpoint)), NULL);
	p->ca = first_of(variable("AWS_CA_BUNDLE"), f->ca);
	f->s3_endpoint = f->endpoint = f->region = f->ca = NULL;
	if (p->region == NULL)
		p->region = xstrdup("us-east-1");
	if (*p->region == '\0' || !plain(p->region, ""))
		return error_set(e, ERROR_USAGE, "AWS_REGION: no region is called '%s'", p->region);
	p->attempts = ATTEMPTS;
	if (attempts != NULL && number_parse(attempts, strlen(attempts), 1, 100, &p->attempts, e) < 0)
		return error_before(e, "AWS_MAX_ATTEMPTS: ");
	given = endpoint;
	endpoint = NULL;
	return take_host(p, given, e);
}

int
place_open(struct place *p, const char *address, struct error *e)
{
	struct profile f = { 0 };
	int done;

	*p = (struct place){ 0 };
	done = take_address(p, address, e);
	if (done == 0)
		done = read_files(&f, e);
	if (done == 0)
		done = take_key(p, &f, e);
	if (done == 0)
		done = take_rest(p, &f, e);
	profile_free(&f);
	if (done < 0)
		place_close(p);
	return done;
}

void
place_path(const struct place *p, const char *name, struct bytes *path)
{
	bytes_text(path, p->base);
	bytes_char(path, '/');
	if (name == NULL) {
		if (*p->base != '\0')
			path->len--;
		return;
	}
	sign_encode(path, p->prefix, true);
	sign_encode(path, name, true);
}

int
place_check(const struct place *p, const char *name, struct error *e)
{
	size_t n = strlen(name);

	if (n + strlen(p->prefix) > KEY_LIMIT)
		return error_set(e, ERROR_INPUT,
		    "%s: the name %.40s... is longer than the %d bytes that S3 takes", p->name, name,
		    KEY_LIMIT);
	if (!utf8_valid(name, n))
		return error_set(e, ERROR_INPUT, "%s: a name has to be UTF-8", p->name);
	for (const char *c = name; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return error_set(e, ERROR_INPUT, "%s: a name holds a control character", p->name);
	}
	for (const char *part = name;; part++) {
		size_t length = strcspn(part, "/");

		if (length == 0 || (length <= 2 && strncmp(part, "..", length) == 0))
			return error_set(e, ERROR_INPUT,
			    "%s: '%s' is no name: it has an empty part, '.' or '..'", p->name, name);
		part += length;
		if (*part == '\0')
			return 0;
	}
}

void
place_close(struct place *p)
{
	if (p->secret != NULL)
		explicit_bzero(p->secret, strlen(p->secret));
	free(p->name);
	free(p->bucket);
	free(p->prefix);
	free(p->origin);
	free(p->host);
	free(p->base);
	free(p->region);
	free(p->id);
	free(p->secret);
	free(p->token);
	free(p->ca);
	*p = (struct place){ 0 };
}
