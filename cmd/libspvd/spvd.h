/*
 * spvd.h: a Decred light client inside a program.
 *
 * The library keeps headers, committed filters and watch-only wallets in step with the network,
 * proves everything that peers send, and holds no private key. It is the engine of the daemon
 * spvd, without a socket: methods, parameters, results and errors are those of its JSON-RPC
 * interface (docs/rpc.md), and so are subscriptions.
 *
 *     spvd_client client;
 *     char *text;
 *     if (spvd_open("{\"dir\":\"/home/me/.app\",\"network\":\"testnet\"}", &client, &text) != SPVD_OK) ...
 *     spvd_start(client, NULL);
 *     spvd_call(client, NULL, "subscribe", "[\"syncstatus\"]", NULL);
 *     while (spvd_next_event(client, -1, &text) == SPVD_OK) { ...; spvd_free(text); }
 *     spvd_close(client, NULL);
 *
 * Text. All text is UTF-8 and ends with a zero byte. The library copies what it is given before
 * a function returns. Text that it returns through a "char **" belongs to the caller, who frees
 * it with spvd_free and nothing else. Such a pointer may be NULL: then there is no text. It is
 * set by every call, to NULL if there is nothing to say.
 *
 * Errors. A function returns SPVD_OK, or the number of an error. Positive numbers are the ones
 * below, negative ones those of JSON-RPC. The text is then a JSON object with the members "code",
 * the same number, and "message": one sentence, with the next step. No error ends the process.
 *
 * Threads. Every function may be called from any thread at any time, also for a client that
 * another thread is closing. A function that waits occupies its thread and delays no other. The
 * library calls nothing back. It has threads of its own, which do nothing between spvd_stop and
 * spvd_start; it masks no signals of the program, and its handlers pass on what is not for it.
 *
 * Processes. After fork the child must not use the library before it has called exec. The library
 * cannot be unloaded: dlclose must not be called.
 *
 * Clients. There may be any number in a process, each with a directory or a network of its own.
 * A handle is never used twice: one that was closed, or never was one, is refused with
 * SPVD_NO_CLIENT.
 *
 * Files. The directory has the form of the daemon's, so that a program and spvd can take turns.
 * What a call has acknowledged survives the end of the process, whatever its cause.
 *
 * Versions. SPVD_ABI is the version of this interface and grows when something in it changes
 * its meaning; functions and numbers may be added without that. A program compares it with
 * spvd_abi() when it loads the library. Methods only gain members and parameters.
 */
#ifndef SPVD_H
#define SPVD_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SPVD_ABI 1

/* The errors of the library itself. */
enum {
	SPVD_OK = 0,
	SPVD_FAILED = 1,      /* the disk, a file or the system: the message says which */
	SPVD_CONFIG = 2,      /* the configuration is wrong */
	SPVD_IN_USE = 3,      /* another process or client uses the directory */
	SPVD_RUNNING = 4,     /* the client runs already */
	SPVD_NOT_RUNNING = 5, /* the client does not run: call spvd_start first */
	SPVD_CLOSED = 6,      /* the client was closed meanwhile */
	SPVD_NO_EVENT = 7,    /* no event has come in time */
	SPVD_NO_CLIENT = 8    /* the handle is not one of an open client */
};

/* A client; zero is none. */
typedef uintptr_t spvd_client;

/* Text that the library reads. */
typedef const char spvd_text;

/*
 * Opens the data of a network and sets *client, to zero on an error. It makes no connection.
 *
 * The configuration is a JSON object. "dir" is required and names the data directory, which is
 * created. All else may be left out, and is the setting of the daemon of that name:
 *
 *     "network"      "mainnet" (default), "testnet" or "simnet"
 *     "connect"      the only peers to connect to: ["HOST:PORT", ...]
 *     "addpeer"      peers besides those that are found
 *     "proxy"        "IP:PORT" of a SOCKS5 proxy for every connection
 *     "accounts"     watched by the default wallet: [{"name": ..., "xpub": ...}, ...]
 *     "birthday"     first block to search for what is imported: height, date, or "new"
 *     "bootstrap"    snapshots to begin with: directories, or addresses of web servers
 *     "snapshotdir"  directory to write a snapshot into
 *     "listen"       addresses to serve other light clients at: ["IP:PORT", ...]
 *     "waypoints"    file of known blocks
 *     "blocksonly"   true: leaves alone what is not mined
 *     "lowbandwidth" true: fewer peers, and leaves alone what is not mined; excludes "listen"
 *     "keepfilters"  true: keeps the filters of all blocks, also those far below "birthday"
 *     "prune"        true: deletes the filters that nothing needs any longer; excludes "keepfilters"
 *     "deepreorg"    least depth of a reorganisation that is warned of
 *     "verifyvotes"  least payment, in coins, whose votes are verified
 *     "searchnewaddresses", "useragent"
 *     "logfile", "debuglevel"   without a file nothing is logged
 *
 * A member that does not exist is refused. Errors: SPVD_CONFIG, SPVD_IN_USE, SPVD_FAILED.
 */
int spvd_open(spvd_text *config, spvd_client *client, char **error);

/*
 * Starts to connect and to sync, beside the caller, and returns at once. It may be called again
 * after spvd_stop, or when the client has ended by itself.
 * Errors: SPVD_RUNNING, SPVD_CLOSED, SPVD_NO_CLIENT.
 */
int spvd_start(spvd_client client, char **error);

/*
 * Ends what spvd_start has begun, with calls that wait and all subscriptions, and returns when it
 * has ended: within two seconds. Without a start it does nothing.
 * Errors: SPVD_FAILED with the trouble by which the client had ended before, SPVD_NO_CLIENT.
 */
int spvd_stop(spvd_client client, char **error);

/*
 * Calls a method of JSON-RPC. The wallet is the one that the call is for; NULL or "" is the
 * default one. The parameters are a JSON array or object; NULL or "" is none. *reply is the result
 * as JSON.
 *
 * Before spvd_start and after spvd_stop, wallets can be read and imported to. Methods that exist
 * on websockets only, such as subscribe, need a client that runs. A subscription lasts until
 * spvd_stop; a later one goes on from the cursor of the last event.
 * Errors: those of the method, SPVD_NOT_RUNNING, SPVD_CLOSED, SPVD_NO_CLIENT.
 */
int spvd_call(spvd_client client, spvd_text *wallet, spvd_text *method, spvd_text *params, char **reply);

/*
 * Waits for the next event of all subscriptions: at most so many milliseconds, not at all for
 * zero, without a bound for a negative number. *event is the notification that a websocket
 * gets, with the member "wallet" added. Several threads may wait; each event goes to one.
 *
 * Nothing is queued: events that are not read become one that holds all of them, or has "gap" set.
 * Errors: SPVD_NO_EVENT; SPVD_NOT_RUNNING, at once also for threads that wait, when the client is
 * stopped or has ended by itself, which the message explains; SPVD_CLOSED, SPVD_NO_CLIENT.
 */
int spvd_next_event(spvd_client client, int64_t milliseconds, char **event);

/*
 * Stops the client, closes its files and releases its directory. The handle ends, whatever is
 * returned. Errors: SPVD_FAILED, SPVD_NO_CLIENT.
 */
int spvd_close(spvd_client client, char **error);

/* Frees text that the library has returned. NULL is nothing. */
void spvd_free(char *text);

/* Returns SPVD_ABI of the library. */
int spvd_abi(void);

/* Returns the version of the library, as text to free. */
char *spvd_version(void);

#ifdef __cplusplus
}
#endif

#endif
