/*
 * A client of echo.x as C programs have them: `client TRANSPORT PLACE DEED...`. TRANSPORT and PLACE are `tcp HOST:PORT`,
 * `udp HOST:PORT`, `local PATH`, or `find-tcp HOST` and `find-udp HOST` to ask that host's rpcbind.
 *
 * Deeds: `echo` (see there), `count N`, `caller NAME UID GID...`, `errors`.
 */

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "echo.h"

static const char *transport, *place;

static void fail(const char *what)
{
	fprintf(stderr, "client: %s%s\n", what, clnt_spcreateerror(""));
	exit(1);
}

static CLIENT *at_port(rpcprog_t program, rpcvers_t version)
{
	const struct timeval patience = { 1, 0 };
	struct sockaddr_in address = { .sin_family = AF_INET }, any = address;
	CLIENT *client;
	const char *colon = strchr(place, ':');
	char host[64] = "";
	int fd = RPC_ANYSOCK;

	if (colon == NULL || colon - place >= (long)sizeof host)
		fail("no port");
	memcpy(host, place, colon - place);
	address.sin_port = htons(atoi(colon + 1));
	inet_aton(host, &address.sin_addr);
	if (strcmp(transport, "tcp") == 0)
		return clnttcp_create(&address, program, version, &fd, 0, 0);
	/* As root the library would take one of few ports, and the next handle would get what comes late for this one. */
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) < 0)
		fail("no port");
	client = clntudp_bufcreate(&address, program, version, patience, &fd, 65000, 65000);
	if (client != NULL)
		clnt_control(client, CLSET_FD_CLOSE, NULL);
	return client;
}

static CLIENT *connected(rpcprog_t program, rpcvers_t version)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = RPC_ANYSOCK;
	CLIENT *client;

	if (strncmp(transport, "find-", 5) == 0)
		client = clnt_create(place, program, version, transport + 5);
	else if (strcmp(transport, "local") == 0) {
		strncpy(address.sun_path, place, sizeof address.sun_path - 1);
		client = clntunix_create(&address, program, version, &fd, 0, 0);
	} else
		client = at_port(program, version);
	if (client == NULL)
		fail("no connection");
	return client;
}

typedef void *stub(void *, CLIENT *);

#define ROW(type, name, stub_) { sizeof(type), (xdrproc_t)xdr_##name, (stub *)stub_ }

/* Of each procedure that gives back what it gets: what the value is, and what rpcgen made to call it. */
static const struct {
	size_t size;
	xdrproc_t proc;
	stub *call;
} rows[] = {
	ROW(scalars, scalars, echo_scalars_2),
	ROW(texts, texts, echo_texts_2),
	ROW(lists, lists, echo_lists_2),
	ROW(presence, presence, echo_presence_2),
	ROW(item, item, echo_item_2),
	ROW(folder, folder, echo_folder_2),
	ROW(shape, shape, echo_shape_2),
	ROW(status, status, echo_status_2),
	ROW(answer, answer, echo_answer_2),
	ROW(paint, paint, echo_paint_2),
	ROW(colour, colour, echo_colour_2),
	ROW(id, id, echo_id_2),
	ROW(numbers, numbers, echo_numbers_2),
	ROW(blob, blob, echo_blob_2),
	ROW(bool_t, bool, echo_bool_2),
	ROW(int, int, echo_int_2),
	ROW(double, double, echo_double_2),
	ROW(maybe_point, maybe_point, echo_maybe_2),
	ROW(char *, wrapstring, echo_string_2),
	ROW(large, large, echo_large_2),
};

static unsigned char input[1 << 20], output[1 << 20];

static int number(u_int *value)
{
	unsigned char bytes[4];

	if (fread(bytes, 1, 4, stdin) != 4)
		return 0;
	*value = (u_int)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
	return 1;
}

/* The bytes of what the server gave back; -1: there is nothing. */
static int there_and_back(CLIENT *client, u_int row, u_int length)
{
	void *value = calloc(1, rows[row].size), *result;
	int written = -1;
	XDR in, out;

	xdrmem_create(&in, (char *)input, length, XDR_DECODE);
	if (!rows[row].proc(&in, value)) {
		fprintf(stderr, "client: row %u is not decoded\n", row);
		return -1;
	}
	result = rows[row].call(value, client);
	if (result == NULL)
		clnt_perror(client, "client");
	else {
		xdrmem_create(&out, (char *)output, sizeof output, XDR_ENCODE);
		if (rows[row].proc(&out, result))
			written = xdr_getpos(&out);
		xdr_destroy(&out);
		xdr_free(rows[row].proc, result);
	}
	xdr_free(rows[row].proc, value);
	xdr_destroy(&in);
	free(value);
	return written;
}

/* Reads records of (row, length, bytes), has each value echoed, and writes (length, bytes) of what came back. */
static int echo(CLIENT *client)
{
	u_int row, length;

	while (number(&row) && number(&length)) {
		unsigned char head[4];
		int i, written;

		if (row >= sizeof rows / sizeof rows[0] || length > sizeof input ||
		    fread(input, 1, length, stdin) != length)
			return 2;
		written = there_and_back(client, row, length);
		if (written < 0)
			return 1;
		for (i = 0; i < 4; i++)
			head[i] = written >> (24 - 8 * i);
		fwrite(head, 1, 4, stdout);
		fwrite(output, 1, written, stdout);
	}
	return 0;
}

/*
 * A handle is given up after some calls. Over UDP the library sends its call again for each late copy of an earlier reply, and
 * takes that for a second of waiting; each call then makes as many late copies for the next, and more, until it gives up after 25.
 */
static int count(int times)
{
	CLIENT *client = NULL;
	u_quad_t one = 1, *found, total = 0;
	int i;

	for (i = 0; i < times; i++) {
		if (i % 8 == 0) {
			if (client != NULL)
				clnt_destroy(client);
			client = connected(ECHO_PROGRAM, ECHO_V2);
		}
		found = count_2(&one, client);
		if (found == NULL) {
			clnt_perror(client, "client");
			return 1;
		}
		total = *found;
	}
	printf("%llu\n", (unsigned long long)total);
	return 0;
}

/* Says who it is, by AUTH_SYS, and prints what the server makes of that. */
static int caller(CLIENT *client, int words, char **ids)
{
	gid_t groups[16];
	char **text;
	int i;

	for (i = 0; i < 16 && i + 3 < words; i++)
		groups[i] = atoi(ids[i + 3]);
	client->cl_auth = authsys_create(ids[0], atoi(ids[1]), atoi(ids[2]), i, groups);
	text = caller_2(NULL, client);
	if (text == NULL) {
		clnt_perror(client, "client");
		return 1;
	}
	printf("%s\n", *text);
	return 0;
}

/* A credential of a flavour that nobody knows. */
static int marshal(AUTH *auth, XDR *out)
{
	u_int flavour = 390999, nothing = 0;

	(void)auth;
	return xdr_u_int(out, &flavour) && xdr_u_int(out, &nothing) && xdr_u_int(out, &nothing) &&
	       xdr_u_int(out, &nothing);
}

static void outcome(const char *what, CLIENT *client, rpcproc_t procedure, int argument)
{
	const struct timeval patience = { 5, 0 };
	struct rpc_err error;
	enum clnt_stat status = clnt_call(client, procedure, (xdrproc_t)xdr_int, (char *)&argument,
					  (xdrproc_t)xdr_void, NULL, patience);

	clnt_geterr(client, &error);
	printf("%s: %d", what, status);
	if (status == RPC_PROGVERSMISMATCH)
		printf(" from %u to %u", (u_int)error.re_vers.low, (u_int)error.re_vers.high);
	if (status == RPC_AUTHERROR)
		printf(" for %d", error.re_why);
	printf("\n");
}

/* Provokes each refusal, and prints the `enum clnt_stat` that comes of it. */
static int errors(void)
{
	static struct auth_ops ops;
	CLIENT *client = connected(ECHO_PROGRAM, ECHO_V2), *strange = connected(ECHO_PROGRAM, ECHO_V2);
	AUTH auth;

	outcome("another program", connected(ECHO_PROGRAM + 1, ECHO_V2), ECHO_INT, 0);
	outcome("another version", connected(ECHO_PROGRAM, 9), ECHO_INT, 0);
	outcome("another procedure", client, 99, 0);
	outcome("no colour", client, ECHO_COLOUR, 77);
	outcome("a panic", client, REFUSE, NO_SYSTEM);
	ops = *strange->cl_auth->ah_ops;
	ops.ah_marshal = marshal;
	auth = *strange->cl_auth;
	auth.ah_ops = &ops;
	strange->cl_auth = &auth;
	outcome("another flavour", strange, ECHO_INT, 0);
	outcome("none of it", client, ECHO_INT, 0);
	return 0;
}

int main(int words, char **word)
{
	const char *deed;

	if (words < 4)
		return 2;
	transport = word[1], place = word[2], deed = word[3];
	if (strcmp(deed, "echo") == 0)
		return echo(connected(ECHO_PROGRAM, ECHO_V2));
	if (strcmp(deed, "count") == 0 && words == 5)
		return count(atoi(word[4]));
	if (strcmp(deed, "caller") == 0 && words >= 7)
		return caller(connected(ECHO_PROGRAM, ECHO_V2), words - 4, word + 4);
	if (strcmp(deed, "errors") == 0)
		return errors();
	return 2;
}
