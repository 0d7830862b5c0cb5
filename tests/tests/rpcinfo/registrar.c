/* Speaks to the registry at port 111, one call for each run, and prints what it is told:
 *
 *     registrar TRANSPORT PROCEDURE rpcbind-version program version [netid-or-protocol [address-or-port]]
 *
 * TRANSPORT is local, or tcp or udp, and then HOST in the environment says where. */
#include <netconfig.h>
#include <rpc/rpc.h>
#include <rpc/pmap_prot.h>
#include <rpc/rpcb_prot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

static CLIENT *client;

static void call(rpcproc_t procedure, xdrproc_t args, void *arg, xdrproc_t result, void *out)
{
    struct timeval patience = { 10, 0 };
    if (clnt_call(client, procedure, args, arg, result, out, patience) != RPC_SUCCESS) {
        puts(clnt_sperror(client, "call"));
        exit(0);
    }
}

static void open_client(const char *transport, rpcvers_t version)
{
    struct netconfig *conf = getnetconfigent(transport);
    struct sockaddr_un local = { AF_UNIX, "/run/rpcbind.sock" };
    struct netbuf buffer = { sizeof local, sizeof local, &local }, *address = &buffer;
    char text[100];
    if (strcmp(transport, "local") != 0) {
        const char *host = getenv("HOST");
        snprintf(text, sizeof text, "%s.0.111", host ? host : "127.0.0.1");
        address = uaddr2taddr(conf, text);
    }
    client = clnt_tli_create(RPC_ANYFD, conf, address, PMAPPROG, version, 0, 0);
    if (client == NULL) {
        clnt_pcreateerror("create");
        exit(1);
    }
}

static void ask_version_2(const char *what, struct pmap map)
{
    u_long port = 0;
    bool_t done = 9;
    struct pmaplist *all = NULL;
    if (strcmp(what, "dump") == 0) {
        call(PMAPPROC_DUMP, (xdrproc_t) xdr_void, NULL, (xdrproc_t) xdr_pmaplist_ptr, &all);
        puts("a list");
    } else if (strcmp(what, "getport") == 0) {
        call(PMAPPROC_GETPORT, (xdrproc_t) xdr_pmap, &map, (xdrproc_t) xdr_u_long, &port);
        printf("port %lu\n", port);
    } else {
        rpcproc_t procedure = strcmp(what, "set") == 0 ? PMAPPROC_SET : PMAPPROC_UNSET;
        call(procedure, (xdrproc_t) xdr_pmap, &map, (xdrproc_t) xdr_bool, &done);
        printf("%d\n", done);
    }
}

static void ask(const char *what, struct rpcb map)
{
    char *address = NULL;
    bool_t done = 9;
    struct netbuf system = { 0, 0, NULL };
    if (strcmp(what, "u2t") == 0) {
        call(RPCBPROC_UADDR2TADDR, (xdrproc_t) xdr_wrapstring, &map.r_addr, (xdrproc_t) xdr_netbuf, &system);
        printf("%u of %u:", system.len, system.maxlen);
        for (unsigned at = 0; at < system.len; at++)
            printf(" %02x", ((unsigned char *) system.buf)[at]);
        puts("");
        call(RPCBPROC_TADDR2UADDR, (xdrproc_t) xdr_netbuf, &system, (xdrproc_t) xdr_wrapstring, &address);
        printf("back `%s`\n", address);
    } else if (strncmp(what, "get", 3) == 0) {
        rpcproc_t procedure = strcmp(what, "getaddr") == 0 ? RPCBPROC_GETADDR : RPCBPROC_GETVERSADDR;
        call(procedure, (xdrproc_t) xdr_rpcb, &map, (xdrproc_t) xdr_wrapstring, &address);
        printf("address `%s`\n", address);
    } else {
        rpcproc_t procedure = strcmp(what, "set") == 0 ? RPCBPROC_SET : RPCBPROC_UNSET;
        call(procedure, (xdrproc_t) xdr_rpcb, &map, (xdrproc_t) xdr_bool, &done);
        printf("%d\n", done);
    }
}

int main(int count, char **words)
{
    if (count < 6)
        return 2;
    rpcvers_t speaks = atoi(words[3]);
    char *netid = count > 6 ? words[6] : "", *address = count > 7 ? words[7] : "";
    open_client(words[1], speaks);
    if (speaks == PMAPVERS) {
        int is_tcp = strcmp(netid, "tcp") == 0, is_udp = strcmp(netid, "udp") == 0;
        struct pmap map = { atoi(words[4]), atoi(words[5]), is_tcp ? 6 : is_udp ? 17 : atoi(netid), atoi(address) };
        ask_version_2(words[2], map);
    } else {
        struct rpcb map = { atoi(words[4]), atoi(words[5]), netid, address, "what I say" };
        ask(words[2], map);
    }
    return 0;
}
