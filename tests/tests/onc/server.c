/*
 * A server of echo.x as C programs have them. `server PATH VERSION...` answers without a registry: at a TCP and a UDP port of
 * its own and at the local socket PATH, and says where. `server registered VERSION...` registers with rpcbind, over every transport.
 */

#include <netconfig.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <rpc/rpcb_clnt.h>

#include "echo.h"

void echo_program_1(struct svc_req *, SVCXPRT *);
void echo_program_2(struct svc_req *, SVCXPRT *);

/* The reply is sent before the arguments are freed. */
#define ECHO(type, name) \
	type *name##_svc(type *value, struct svc_req *request) \
	{ \
		(void)request; \
		return value; \
	}

ECHO(char *, echo_old_1)
ECHO(scalars, echo_scalars_2)
ECHO(texts, echo_texts_2)
ECHO(lists, echo_lists_2)
ECHO(presence, echo_presence_2)
ECHO(item, echo_item_2)
ECHO(folder, echo_folder_2)
ECHO(shape, echo_shape_2)
ECHO(status, echo_status_2)
ECHO(answer, echo_answer_2)
ECHO(paint, echo_paint_2)
ECHO(colour, echo_colour_2)
ECHO(id, echo_id_2)
ECHO(numbers, echo_numbers_2)
ECHO(blob, echo_blob_2)
ECHO(bool_t, echo_bool_2)
ECHO(int, echo_int_2)
ECHO(double, echo_double_2)
ECHO(maybe_point, echo_maybe_2)
ECHO(char *, echo_string_2)
ECHO(large, echo_large_2)

void *echo_nothing_1_svc(void *none, struct svc_req *request)
{
	(void)request;
	return none;
}

void *echo_null_2_svc(void *none, struct svc_req *request)
{
	(void)request;
	return none;
}

u_quad_t *count_2_svc(u_quad_t *more, struct svc_req *request)
{
	static u_quad_t total;

	(void)request;
	total += *more;
	return &total;
}

char **caller_2_svc(void *none, struct svc_req *request)
{
	static char text[400], *result = text;
	struct authunix_parms *who = (struct authunix_parms *)request->rq_clntcred;

	(void)none;
	strcpy(text, "nobody");
	if (request->rq_cred.oa_flavor == AUTH_SYS) {
		u_int i;
		int at = snprintf(text, sizeof text, "%.255s %d %d", who->aup_machname, (int)who->aup_uid,
				  (int)who->aup_gid);

		for (i = 0; i < who->aup_len; i++)
			at += snprintf(text + at, sizeof text - at, " %d", (int)who->aup_gids[i]);
	}
	return &result;
}

/* A procedure that gives no result has answered itself, or does not answer. */
void *refuse_2_svc(refusal *how, struct svc_req *request)
{
	SVCXPRT *transport = request->rq_xprt;

	switch (*how) {
	case NO_PROGRAM:
		svcerr_noprog(transport);
		break;
	case NO_VERSION:
		svcerr_progvers(transport, 3, 7);
		break;
	case NO_PROCEDURE:
		svcerr_noproc(transport);
		break;
	case NO_DECODING:
		svcerr_decode(transport);
		break;
	case NO_SYSTEM:
		svcerr_systemerr(transport);
		break;
	case BAD_CREDENTIAL:
		svcerr_auth(transport, AUTH_BADCRED);
		break;
	case REJECTED_CREDENTIAL:
		svcerr_auth(transport, AUTH_REJECTEDCRED);
		break;
	case WEAK_CREDENTIAL:
		svcerr_weakauth(transport);
		break;
	}
	return NULL;
}

static void (*const dispatch[])(struct svc_req *, SVCXPRT *) = { NULL, echo_program_1, echo_program_2 };

static void serve(SVCXPRT *transport, char **versions)
{
	for (; *versions != NULL; versions++) {
		int version = atoi(*versions);

		if (transport == NULL || !svc_reg(transport, ECHO_PROGRAM, version, dispatch[version], NULL)) {
			fprintf(stderr, "server: version %d cannot be served\n", version);
			exit(1);
		}
	}
}

/* A port of all addresses. */
static SVCXPRT *at_port(int type)
{
	int fd = socket(AF_INET, type, 0);
	struct sockaddr_in any = { .sin_family = AF_INET };
	socklen_t length = sizeof any;

	if (fd < 0 || bind(fd, (struct sockaddr *)&any, sizeof any) < 0 ||
	    getsockname(fd, (struct sockaddr *)&any, &length) < 0)
		return NULL;
	printf("%d ", ntohs(any.sin_port));
	if (type == SOCK_DGRAM)
		return svc_dg_create(fd, 65000, 65000);
	return listen(fd, 16) < 0 ? NULL : svc_vc_create(fd, 0, 0);
}

/* The local transport is none of the "visible" ones. */
static int register_all(char **versions)
{
	SVCXPRT *local = svcunix_create(RPC_ANYSOCK, 0, 0, "/run/c-server.sock");
	struct netconfig *netid = getnetconfigent("local");

	for (; *versions != NULL; versions++) {
		int version = atoi(*versions);

		if (svc_create(dispatch[version], ECHO_PROGRAM, version, "visible") == 0)
			return 0;
		rpcb_unset(ECHO_PROGRAM, version, netid);
		if (!svc_reg(local, ECHO_PROGRAM, version, dispatch[version], netid))
			return 0;
	}
	return 1;
}

int main(int count, char **words)
{
	char **versions = words + 2;

	if (count < 3)
		return 2;
	if (strcmp(words[1], "registered") == 0) {
		if (!register_all(versions))
			return 1;
		printf("registered");
	} else {
		serve(at_port(SOCK_STREAM), versions);
		serve(at_port(SOCK_DGRAM), versions);
		serve(svcunix_create(RPC_ANYSOCK, 0, 0, words[1]), versions);
	}
	printf("\n");
	fflush(stdout);
	svc_run();
	return 1;
}
