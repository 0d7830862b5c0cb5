/*
 * Reads records of (type, length, bytes) from the standard input, decodes each as a value of its type and encodes that
 * again. Writes (status, length, bytes) for each: 0 with the bytes, or 1 not decoded, 2 bytes left over, 3 not encoded.
 * `types.h`, which the test writes, has the table of types.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "types.h"

static unsigned char input[1 << 20], output[1 << 20];

static int number(u_int *value)
{
	unsigned char bytes[4];

	if (fread(bytes, 1, 4, stdin) != 4)
		return 0;
	*value = (u_int)bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
	return 1;
}

static void answer(u_int status, u_int length)
{
	unsigned char head[8] = { 0, 0, 0, status, length >> 24, length >> 16, length >> 8, length };

	fwrite(head, 1, 8, stdout);
	fwrite(output, 1, length, stdout);
}

static u_int again(u_int type, u_int length, u_int *written)
{
	void *value = calloc(1, types[type].size);
	u_int status = 0;
	XDR in, out;

	xdrmem_create(&in, (char *)input, length, XDR_DECODE);
	if (!types[type].proc(&in, value))
		status = 1;
	else if (xdr_getpos(&in) != length)
		status = 2;
	else {
		xdrmem_create(&out, (char *)output, sizeof output, XDR_ENCODE);
		if (!types[type].proc(&out, value))
			status = 3;
		else
			*written = xdr_getpos(&out);
		xdr_destroy(&out);
	}
	xdr_free(types[type].proc, value);
	xdr_destroy(&in);
	free(value);
	return status;
}

int main(void)
{
	u_int type, length;

	while (number(&type) && number(&length)) {
		u_int written = 0, status;

		if (type >= sizeof types / sizeof types[0] || length > sizeof input)
			return 2;
		if (fread(input, 1, length, stdin) != length)
			return 2;
		status = again(type, length, &written);
		answer(status, written);
	}
	return 0;
}
