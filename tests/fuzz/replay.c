/* Gives a fuzz target every input that is kept for it, so that a finding stays fixed without clang. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
replay(const char *folder, const char *name)
{
	char path[4096];
	uint8_t *data;
	FILE *f;
	long size;
	int done = -1;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "rb");
	if (f == NULL || fseek(f, 0, SEEK_END) < 0 || (size = ftell(f)) < 0) {
		perror(path);
		exit(1);
	}
	rewind(f);
	/* exactly as long as the input, so that the sanitizers see the first byte behind it */
	data = malloc(size > 0 ? (size_t)size : 1);
	if (data != NULL && fread(data, 1, (size_t)size, f) == (size_t)size) {
		fprintf(stderr, "%s\n", path);
		done = LLVMFuzzerTestOneInput(data, (size_t)size);
	}
	free(data);
	fclose(f);
	return done;
}

int
main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/'), *name = slash == NULL ? argv[0] : slash + 1;
	char folder[1024];
	struct dirent *entry;
	int n = 0, failed = 0;
	DIR *d;

	snprintf(folder, sizeof(folder), "tests/fuzz/corpus/%s", name);
	d = opendir(argc > 1 ? argv[1] : folder);
	while (d != NULL && (entry = readdir(d)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		failed += replay(argc > 1 ? argv[1] : folder, entry->d_name) < 0;
		n++;
	}
	if (d != NULL)
		closedir(d);
	printf("%s 1 - %s: %d inputs\n1..1\n", n > 0 && failed == 0 ? "ok" : "not ok", name, n);
	return n == 0 || failed > 0;
}
