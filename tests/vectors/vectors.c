/*
 * Writes the values of values.txt and messages.txt, by name, through what rpcgen made of vectors.x and through
 * libtirpc: a line for each, `name | | bytes in hexadecimal, in words of four`.
 */

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rpc/rpc.h>
#include <rpc/rpc_msg.h>

#include "vectors.h"

static void show(const char *name, xdrproc_t proc, void *value)
{
	char buffer[4096];
	XDR xdr;

	xdrmem_create(&xdr, buffer, sizeof buffer, XDR_ENCODE);
	if (!proc(&xdr, value)) {
		fprintf(stderr, "%s cannot be encoded\n", name);
		exit(1);
	}
	printf("%s | |", name);
	for (u_int i = 0; i < xdr_getpos(&xdr); i++)
		printf("%s%02x", i % 4 ? "" : " ", (unsigned char)buffer[i]);
	printf("\n");
	xdr_destroy(&xdr);
}

/* A value of a type that has a function xdr_TYPE. */
#define SHOW(name, type, ...) \
	do { \
		type value = __VA_ARGS__; \
		show(name, (xdrproc_t)xdr_##type, &value); \
	} while (0)

/* The same for an array type, whose name stands for its address. */
#define SHOW_ARRAY(name, type, ...) \
	do { \
		type value = __VA_ARGS__; \
		show(name, (xdrproc_t)xdr_##type, value); \
	} while (0)

/* What rpcgen calls LENGTH and VALUES of a list. */
#define LIST(type, ...) { sizeof((type[])__VA_ARGS__) / sizeof(type), (type *)(type[])__VA_ARGS__ }

/* The one type whose function has another name. */
#define xdr_bool_t xdr_bool

static void numbers(void)
{
	show("void", (xdrproc_t)xdr_void, NULL);
	SHOW("bool/false", bool_t, FALSE);
	SHOW("bool/true", bool_t, TRUE);
	SHOW("i8/min", int8_t, -128);
	SHOW("u8/max", uint8_t, 255);
	SHOW("i16/min", int16_t, -32768);
	SHOW("u16/max", uint16_t, 65535);
	SHOW("i32/zero", int32_t, 0);
	SHOW("i32/minus-one", int32_t, -1);
	SHOW("i32/min", int32_t, INT32_MIN);
	SHOW("i32/max", int32_t, INT32_MAX);
	SHOW("u32/order", uint32_t, 0x01020304);
	SHOW("u32/max", uint32_t, UINT32_MAX);
	SHOW("i64/minus-two", int64_t, -2);
	SHOW("i64/min", int64_t, INT64_MIN);
	SHOW("u64/order", uint64_t, 0x0102030405060708);
	SHOW("u64/max", uint64_t, UINT64_MAX);
	SHOW("f32/one", float, 1.0f);
	SHOW("f32/minus-zero", float, -0.0f);
	SHOW("f32/smallest", float, 0x1p-149f);
	SHOW("f32/infinity", float, INFINITY);
	SHOW("f64/pi", double, 3.141592653589793);
	SHOW("f64/minus-infinity", double, -INFINITY);
	SHOW("f64/smallest", double, 0x1p-1074);
}

static void bytes_and_text(void)
{
	SHOW("string/0", text, "");
	SHOW("string/1", text, "a");
	SHOW("string/2", text, "ab");
	SHOW("string/3", text, "abc");
	SHOW("string/4", text, "abcd");
	SHOW("string/5", text, "abcde");
	SHOW("string/utf-8", text, "a\xc3\xb1\xe2\x82\xac");
	SHOW("opaque/0", blob, { 0, NULL });
	SHOW("opaque/1", blob, { 1, "\xff" });
	SHOW("opaque/4", blob, { 4, "\0\1\2\3" });
	SHOW("opaque/7", blob, { 7, "\t\t\t\t\t\t\t" });
	SHOW_ARRAY("fixed-opaque/3", fixed3, { 1, 2, 3 });
	SHOW_ARRAY("fixed-opaque/4", fixed4, { 1, 2, 3, 4 });
	SHOW_ARRAY("fixed-opaque/5", fixed5, { 1, 2, 3, 4, 5 });
	SHOW("bounded/opaque", blob4, { 3, "\1\2\3" });
}

static void containers(void)
{
	int minus_seven = -7;
	int *nothing = NULL;
	text abc = "abc";

	SHOW("list/empty", ints, { 0, NULL });
	SHOW("list/i32", ints, LIST(int, { 1, -1 }));
	SHOW("list/i16", shorts, LIST(short, { 1, -1 }));
	SHOW("list/u64", hypers, LIST(u_quad_t, { 1, UINT64_MAX }));
	SHOW("list/f64", doubles, LIST(double, { 0.5, -2.0 }));
	SHOW("list/bool", bools, LIST(bool_t, { TRUE, FALSE }));
	SHOW("list/string", texts, LIST(text, { "a", "" }));
	SHOW("list/list", lists, LIST(ints, { LIST(int, { 1 }), { 0, NULL }, LIST(int, { 2, 3 }) }));
	SHOW_ARRAY("array/i32", int3, { 1, -1, 7 });
	SHOW_ARRAY("array/i16", short2, { 1, -1 });
	SHOW_ARRAY("array/u64", hyper2, { 1, UINT64_MAX });
	SHOW_ARRAY("array/string", text2, { "a", "bc" });
	SHOW("option/none", maybe_int, NULL);
	SHOW("option/some", maybe_int, &minus_seven);
	SHOW("option/string", maybe_text, &abc);
	SHOW("option/option", maybe_maybe_int, &nothing);
	SHOW("tuple", pair, { 5, "five" });
	SHOW("result/ok", outcome, { .code = 0, .outcome_u.value = 9 });
	SHOW("result/error", outcome, { .code = 1, .outcome_u.reason = "no" });
	SHOW("boxed", int32_t, 3);
}

static void declared(void)
{
	node last = { 2, NULL };
	tree fork[] = {
		{ .which = 0, .tree_u.leaf = 1 },
		{ .which = 1, .tree_u.fork = { { 0, NULL } } },
		{ .which = 0, .tree_u.leaf = 2 },
	};
	point corner = { -1, 1LL << 32 };

	SHOW("enum/red", color, RED);
	SHOW("enum/green", color, GREEN);
	SHOW("enum/blue", color, BLUE);
	SHOW("struct/point", point, { -1, 1LL << 32 });
	SHOW("union/void", shape, { .which = RED });
	SHOW("union/circle", shape, { .which = GREEN, .shape_u.radius = 3 });
	SHOW("union/label", shape, { .which = BLUE, .shape_u.mark = { { -1, 1LL << 32 }, "here" } });
	SHOW("union/labels", status, { .code = 2, .status_u.by = 60 });
	SHOW("union/default", status, { .code = 77, .status_u.why = "lost" });
	SHOW("chain", node, { 1, &last });
	SHOW("tree", tree, { .which = 1, .tree_u.fork = { { 3, fork } } });
	SHOW("everything", everything, {
		.flag = TRUE,
		.tiny = -1,
		.tiny_unsigned = 200,
		.little = -300,
		.little_unsigned = 60000,
		.hue = GREEN,
		.id = { 1, 2, 3, 4, 5 },
		.data = { 2, "\7\10" },
		.lines = LIST(text, { "x", "yz" }),
		.corner = &corner,
		.grid = { { { 1, 2 } }, { { 3, 4 } } },
		.result = { .code = 1, .outcome_u.reason = "why" },
	});
	SHOW("rfc-4506-section-7", file, {
		.filename = "sillyprog",
		.type = { .kind = EXEC, .filetype_u.interpretor = "lisp" },
		.owner = "john",
		.data = { 6, "(quit)" },
	});
}

static struct opaque_auth some_auth = { 7, "okay!", 5 };

static void call(const char *name, struct opaque_auth credential)
{
	struct rpc_msg msg = { .rm_xid = 0x0a0b0c0d, .rm_direction = CALL };

	msg.rm_call.cb_rpcvers = RPC_MSG_VERSION;
	msg.rm_call.cb_prog = 0x20000bab;
	msg.rm_call.cb_vers = 1;
	msg.rm_call.cb_proc = 3;
	msg.rm_call.cb_cred = credential;
	show(name, (xdrproc_t)xdr_callmsg, &msg);
}

static void accepted(const char *name, enum accept_stat status)
{
	struct rpc_msg msg = { .rm_xid = 0x0a0b0c0d, .rm_direction = REPLY };

	msg.rm_reply.rp_stat = MSG_ACCEPTED;
	msg.acpted_rply.ar_verf = some_auth;
	msg.acpted_rply.ar_stat = status;
	if (status == SUCCESS) {
		msg.acpted_rply.ar_results.proc = (xdrproc_t)xdr_void;
	} else if (status == PROG_MISMATCH) {
		msg.acpted_rply.ar_vers.low = 2;
		msg.acpted_rply.ar_vers.high = 4;
	}
	show(name, (xdrproc_t)xdr_replymsg, &msg);
}

static void denied(const char *name, struct rejected_reply status)
{
	struct rpc_msg msg = { .rm_xid = 0x0a0b0c0d, .rm_direction = REPLY };

	msg.rm_reply.rp_stat = MSG_DENIED;
	msg.rjcted_rply = status;
	show(name, (xdrproc_t)xdr_replymsg, &msg);
}

static void messages(void)
{
	struct rejected_reply reject = { .rj_stat = RPC_MISMATCH };
	char name[32];

	call("call/none", (struct opaque_auth){ 0, NULL, 0 });
	call("call/credential", some_auth);
	accepted("reply/success", SUCCESS);
	accepted("reply/program-unavailable", PROG_UNAVAIL);
	accepted("reply/program-mismatch", PROG_MISMATCH);
	accepted("reply/procedure-unavailable", PROC_UNAVAIL);
	accepted("reply/garbage-args", GARBAGE_ARGS);
	accepted("reply/system-error", SYSTEM_ERR);
	reject.rj_vers.low = 2;
	reject.rj_vers.high = 2;
	denied("reply/rpc-mismatch", reject);
	for (int status = 0; status <= 14; status++) {
		memset(&reject, 0, sizeof reject);
		reject.rj_stat = AUTH_ERROR;
		reject.rj_why = status;
		snprintf(name, sizeof name, "reply/auth-error-%d", status);
		denied(name, reject);
	}
}

int main(void)
{
	numbers();
	bytes_and_text();
	containers();
	declared();
	messages();
	return 0;
}
