/*
 * Opens, starts, calls, stops and closes a client COUNT times at random moments, from three
 * threads, and prints what the process holds after the first cycles and in the end:
 *
 *     cycles CONFIG COUNT SEED LONGEST_MICROSECONDS
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spvd.h"

static unsigned seed;

static void die(const char *what, char *text)
{
	fprintf(stderr, "%s: %s\n", what, text ? text : "");
	exit(1);
}

/* files counts the open files of the process. */
static int files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;
	if (!d)
		return 0;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* held returns a number of /proc/self/status, in its unit. */
static long held(const char *name)
{
	char line[256];
	long value = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof line, f))
		if (!strncmp(line, name, strlen(name)))
			value = atol(line + strlen(name) + 1);
	if (f)
		fclose(f);
	return value;
}

static void report(const char *when)
{
	printf("%s files %d threads %ld anonymous %ld kB\n", when, files(), held("Threads"), held("RssAnon"));
	fflush(stdout);
}

/* read_events reads events until the client is closed. */
static void *read_events(void *arg)
{
	spvd_client client = *(spvd_client *)arg;
	char *text;
	for (;;) {
		int code = spvd_next_event(client, 1000, &text);
		spvd_free(text);
		if (code == SPVD_CLOSED || code == SPVD_NO_CLIENT)
			return NULL;
		if (code == SPVD_NOT_RUNNING)
			usleep(1000);
	}
}

/* make_calls calls methods until the client is closed. */
static void *make_calls(void *arg)
{
	static const char *calls[][2] = {
		{"subscribe", "[\"syncstatus\"]"}, {"subscribe", "[\"blocks\"]"}, {"getbalance", NULL},
		{"nonsense", "{"}, {"getblockhash", "[1]"}, {"subscribe", "[\"transactions\"]"}, {"listunspent", "[]"},
	};
	spvd_client client = *(spvd_client *)arg;
	char *text;
	for (int i = 0;; i++) {
		int code = spvd_call(client, i % 2 ? NULL : "default", calls[i % 7][0], calls[i % 7][1], &text);
		spvd_free(text);
		if (code == SPVD_CLOSED || code == SPVD_NO_CLIENT)
			return NULL;
		usleep(500);
	}
}

static void cycle(const char *config, int longest)
{
	spvd_client client;
	pthread_t threads[2];
	char *text;
	if (spvd_open(config, &client, &text) != SPVD_OK)
		die("open", text);
	pthread_create(&threads[0], NULL, read_events, &client);
	pthread_create(&threads[1], NULL, make_calls, &client);
	for (int runs = 1 + rand_r(&seed) % 3; runs > 0; runs--) {
		if (spvd_start(client, &text) != SPVD_OK)
			die("start", text);
		usleep(rand_r(&seed) % longest);
		if (rand_r(&seed) % 2)
			break;
		if (spvd_stop(client, &text) != SPVD_OK)
			die("stop", text);
	}
	if (spvd_close(client, &text) != SPVD_OK)
		die("close", text);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	if (spvd_start(client, &text) != SPVD_NO_CLIENT)
		die("start after close", text);
	spvd_free(text);
}

int main(int argc, char **argv)
{
	if (argc != 5)
		die("usage", "cycles CONFIG COUNT SEED LONGEST_MICROSECONDS");
	int count = atoi(argv[2]);
	seed = (unsigned)atoi(argv[3]);
	int warm = count < 100 ? count / 2 : 50;
	for (int i = 0; i < count; i++) {
		if (i == warm)
			report("before");
		cycle(argv[1], atoi(argv[4]));
	}
	report("after");
	return 0;
}
