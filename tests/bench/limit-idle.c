/*
 * limit-idle DATABASE: the least that a server of HTTP with a database and digests takes: opens the libraries that
 * it needs as it does, prints a line, and waits until it is killed.
 */
#include <jansson.h>
#include <microhttpd.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

static enum MHD_Result
refuse(void *arg, struct MHD_Connection *x, const char *url, const char *method, const char *version,
    const char *data, size_t *n, void **state)
{
	(void)arg, (void)x, (void)url, (void)method, (void)version, (void)data, (void)n, (void)state;
	return MHD_NO;
}

int
main(int argc, char **argv)
{
	static const char rows[] = "pragma journal_mode=wal; create table t(a); insert into t values(1)";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int n;
	sqlite3 *db;

	if (argc != 2 || MHD_start_daemon(MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, refuse, NULL,
	    MHD_OPTION_END) == NULL || sqlite3_open(argv[1], &db) != SQLITE_OK ||
	    sqlite3_exec(db, rows, NULL, NULL, NULL) != SQLITE_OK ||
	    EVP_Digest("a", 1, digest, &n, EVP_sha256(), NULL) != 1)
		return 1;
	json_decref(json_loads("{}", 0, NULL));
	puts("ready");
	fflush(stdout);
	pause();
	return 0;
}
