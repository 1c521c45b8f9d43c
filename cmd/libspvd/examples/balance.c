/*
 * Syncs with a network, shows the progress, and prints the balance of an account.
 *
 *     cc balance.c -I.. -L../../../build/clib -lspvd -o balance
 *     ./balance '{"dir":"/tmp/spvd","network":"simnet","connect":["127.0.0.1:18555"],
 *                 "accounts":[{"name":"default","xpub":"spub..."}]}'
 *
 * It ends with code 1 and one line on standard error if something fails.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spvd.h"

/* fail prints the error of a call and ends the program. */
static void fail(const char *what, char *error)
{
	fprintf(stderr, "%s: %s\n", what, error ? error : "no reason is given");
	spvd_free(error);
	exit(1);
}

/* call calls a method of the default wallet and returns the result, which is to be freed. */
static char *call(spvd_client client, const char *method, const char *params)
{
	char *reply;
	if (spvd_call(client, NULL, method, params, &reply) != SPVD_OK)
		fail(method, reply);
	return reply;
}

/* show prints the value of a member. A real program uses a JSON library here. */
static void show(const char *label, const char *json, const char *member)
{
	const char *at = strstr(json, member);
	if (at)
		printf("%s%.*s", label, (int)strcspn(at + strlen(member), ",}"), at + strlen(member));
}

int main(int argc, char **argv)
{
	spvd_client client;
	char *text;

	if (argc != 2) {
		fprintf(stderr, "usage: balance CONFIG\n");
		return 2;
	}
	if (spvd_abi() != SPVD_ABI) {
		fprintf(stderr, "the library has another interface than the header\n");
		return 1;
	}
	if (spvd_open(argv[1], &client, &text) != SPVD_OK)
		fail("open", text);
	if (spvd_start(client, &text) != SPVD_OK)
		fail("start", text);

	/* The status comes at once, and again whenever it changes. */
	spvd_free(call(client, "subscribe", "[\"syncstatus\"]"));
	for (int synced = 0; !synced;) {
		if (spvd_next_event(client, 60 * 1000, &text) != SPVD_OK)
			fail("sync", text);
		synced = strstr(text, "\"synced\":true") != NULL;
		if (synced)
			show("synced at block ", text, "\"height\":");
		spvd_free(text);
	}
	text = call(client, "getbalance", NULL);
	show("\nbalance: ", text, "\"cumulativetotal\":");
	printf(" DCR\n");
	spvd_free(text);

	if (spvd_close(client, &text) != SPVD_OK)
		fail("close", text);
	return 0;
}
