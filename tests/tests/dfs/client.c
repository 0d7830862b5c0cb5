/*
 * A client of the network file system on libnfs: mounts once, and then does what each line of its input says.
 * It answers each line with "ok", perhaps with what was asked for behind it, or with "error" and a number.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <nfsc/libnfs.h>

/* More than one call of the server carries at a time. */
static char piece[3 << 20];

/* A local file becomes a remote one. */
static int put(struct nfs_context *nfs, const char *local, const char *remote)
{
	struct nfsfh *to;
	ssize_t length;
	int error, from = open(local, O_RDONLY);

	if (from < 0)
		return -errno;
	error = nfs_creat(nfs, remote, 0644, &to);
	if (error < 0) {
		close(from);
		return error;
	}
	while (error >= 0 && (length = read(from, piece, sizeof(piece))) > 0) {
		ssize_t done = 0;

		while (done < length) {
			error = nfs_write(nfs, to, length - done, piece + done);
			if (error <= 0)
				break;
			done += error;
		}
	}
	close(from);
	if (error >= 0)
		error = nfs_fsync(nfs, to);
	nfs_close(nfs, to);
	return error < 0 ? error : 0;
}

/* A remote file becomes a local one. */
static int get(struct nfs_context *nfs, const char *remote, const char *local)
{
	struct nfsfh *from;
	int error, to;

	error = nfs_open(nfs, remote, O_RDONLY, &from);
	if (error < 0)
		return error;
	to = open(local, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (to < 0)
		error = -errno;
	while (error >= 0 && (error = nfs_read(nfs, from, sizeof(piece), piece)) > 0)
		if (write(to, piece, error) != error)
			error = -EIO;
	close(to);
	nfs_close(nfs, from);
	return error;
}

/* The size, the type and permissions, and the number of names. */
static int look(struct nfs_context *nfs, const char *path)
{
	struct nfs_stat_64 found;
	int error = nfs_lstat64(nfs, path, &found);

	if (error == 0)
		printf("ok %llu %llo %llu\n", (unsigned long long)found.nfs_size,
		       (unsigned long long)found.nfs_mode, (unsigned long long)found.nfs_nlink);
	return error;
}

static int list(struct nfs_context *nfs, const char *path)
{
	struct nfsdir *directory;
	struct nfsdirent *entry;
	int error = nfs_opendir(nfs, path, &directory);

	if (error < 0)
		return error;
	printf("ok");
	while ((entry = nfs_readdir(nfs, directory)) != NULL)
		if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0)
			printf(" %s", entry->name);
	printf("\n");
	nfs_closedir(nfs, directory);
	return 0;
}

static int follow(struct nfs_context *nfs, const char *path)
{
	char target[1024];
	int error = nfs_readlink(nfs, path, target, sizeof(target));

	if (error >= 0)
		printf("ok %s\n", target);
	return error < 0 ? error : 0;
}

/* Sets `answered` where the answer is more than "ok". */
static int obey(struct nfs_context *nfs, const char *verb, const char *a, const char *b, int *answered)
{
	if (!strcmp(verb, "put"))
		return put(nfs, a, b);
	if (!strcmp(verb, "get"))
		return get(nfs, a, b);
	if (!strcmp(verb, "mkdir"))
		return nfs_mkdir(nfs, a);
	if (!strcmp(verb, "rmdir"))
		return nfs_rmdir(nfs, a);
	if (!strcmp(verb, "remove"))
		return nfs_unlink(nfs, a);
	if (!strcmp(verb, "rename"))
		return nfs_rename(nfs, a, b);
	if (!strcmp(verb, "symlink"))
		return nfs_symlink(nfs, a, b);
	if (!strcmp(verb, "link"))
		return nfs_link(nfs, a, b);
	if (!strcmp(verb, "truncate"))
		return nfs_truncate(nfs, a, strtoull(b, NULL, 10));
	if (!strcmp(verb, "chmod"))
		return nfs_chmod(nfs, a, strtol(b, NULL, 8));
	if (!strcmp(verb, "pipe"))
		return nfs_mknod(nfs, a, S_IFIFO | 0600, 0);
	*answered = 1;
	if (!strcmp(verb, "stat"))
		return look(nfs, a);
	if (!strcmp(verb, "list"))
		return list(nfs, a);
	if (!strcmp(verb, "readlink"))
		return follow(nfs, a);
	return -ENOSYS;
}

int main(int argc, char **argv)
{
	static char line[65536], a[16384], b[16384], verb[32];
	struct nfs_context *nfs = nfs_init_context();
	struct nfs_url *url;

	if (argc != 2 || nfs == NULL || (url = nfs_parse_url_dir(nfs, argv[1])) == NULL) {
		fprintf(stderr, "usage: client nfs://HOST/PATH?OPTIONS\n");
		return 2;
	}
	if (nfs_mount(nfs, url->server, url->path) != 0) {
		fprintf(stderr, "client: %s\n", nfs_get_error(nfs));
		return 1;
	}
	while (fgets(line, sizeof(line), stdin) != NULL) {
		int answered = 0, error;

		a[0] = b[0] = verb[0] = 0;
		sscanf(line, "%31s %16383s %16383s", verb, a, b);
		error = obey(nfs, verb, a, b, &answered);
		if (error < 0)
			printf("error %d %s\n", -error, nfs_get_error(nfs));
		else if (!answered)
			printf("ok\n");
		fflush(stdout);
	}
	nfs_destroy_url(url);
	nfs_destroy_context(nfs);
	return 0;
}
