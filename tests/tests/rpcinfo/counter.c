/* A server over every transport, which registers itself as rpcgen's servers do; with ASKS defined, a client that finds it by its
 * registry. */
#include "counter.h"
#include <netconfig.h>
#include <stdio.h>

#ifdef ASKS
int main(int count, char **words)
{
    int one = 1, *sum;
    CLIENT *client = count > 2 ? clnt_create(words[1], COUNTER, COUNTER_V2, words[2]) : NULL;
    if (client == NULL) {
        clnt_pcreateerror("create");
        return 1;
    }
    sum = add_2(&one, client);
    printf("%d\n", sum ? *sum : -1);
    return 0;
}
#else
void counter_1(struct svc_req *request, SVCXPRT *transport);
void counter_2(struct svc_req *request, SVCXPRT *transport);

static int sum;

int *add_1_svc(int *more, struct svc_req *request)
{
    sum += *more;
    return &sum;
}

int *add_2_svc(int *more, struct svc_req *request)
{
    return add_1_svc(more, request);
}

int main(void)
{
    struct netconfig *conf = getnetconfigent("local");
    SVCXPRT *local = svcunix_create(RPC_ANYSOCK, 0, 0, "/run/counter.sock");
    if (svc_create(counter_1, COUNTER, COUNTER_V1, "visible") == 0
        || svc_create(counter_2, COUNTER, COUNTER_V2, "visible") == 0
        || local == NULL || svc_reg(local, COUNTER, COUNTER_V2, counter_2, conf) == 0)
        return 1;
    svc_run();
    return 1;
}
#endif
