/* Preloaded, makes the n-th system call on files below one folder fail, or the process die right before it.
 *
 *   GORACS_FAIL_IO=CALLS:N:WHAT    CALLS  names joined by commas: open write fsync rename close mkdir unlink truncate, or all
 *                                  N      from 1, counted over all of them
 *                                  WHAT   EIO, ENOSPC (that call and all such after it), EIO1 (that call alone), KILL
 *   GORACS_FAIL_BELOW=FOLDER       only files whose path begins with this count
 *   GORACS_FAIL_COUNT=FILE         where the number of calls counted is written at the end
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { kLongestPath = 4096 };

static char calls[256], below[kLongestPath];
static long at;
static int error_number, once, dies;
static atomic_long passes;

__attribute__((constructor)) static void read_environment(void) {
  const char* plan = getenv("GORACS_FAIL_IO");
  const char* folder = getenv("GORACS_FAIL_BELOW");
  char what[32] = "";
  if (plan == NULL || folder == NULL || sscanf(plan, "%255[^:]:%ld:%31s", calls, &at, what) != 3) return;
  snprintf(below, sizeof(below), "%s", folder);
  once = strcmp(what, "EIO1") == 0;
  dies = strcmp(what, "KILL") == 0;
  error_number = strcmp(what, "ENOSPC") == 0 ? ENOSPC : EIO;
}

__attribute__((destructor)) static void write_count(void) {
  const char* path = getenv("GORACS_FAIL_COUNT");
  if (path == NULL || at == 0) return;
  char text[32];
  const int size = snprintf(text, sizeof(text), "%ld\n", atomic_load(&passes));
  const int file = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return;
  if (syscall(SYS_write, file, text, size) != size) abort();
  syscall(SYS_close, file);
}

static int is_asked_for(const char* call) {
  if (strcmp(calls, "all") == 0) return 1;
  const size_t length = strlen(call);
  for (const char* found = strstr(calls, call); found != NULL; found = strstr(found + 1, call))
    if ((found == calls || found[-1] == ',') && (found[length] == ',' || found[length] == '\0')) return 1;
  return 0;
}

/* Whether this call fails; errno says how. */
static int fails(const char* call, const char* path) {
  if (at == 0 || path == NULL || strncmp(path, below, strlen(below)) != 0 || !is_asked_for(call)) return 0;
  const long pass = atomic_fetch_add(&passes, 1) + 1;
  if (pass < at || (pass > at && (once || dies))) return 0;
  if (dies) {
    syscall(SYS_kill, getpid(), SIGKILL);
    for (;;) pause();
  }
  errno = error_number;
  return 1;
}

static int fails_on(const char* call, int file) {
  if (at == 0) return 0;
  char link[64], path[kLongestPath];
  snprintf(link, sizeof(link), "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof(path) - 1);
  if (length <= 0) return 0;
  path[length] = '\0';
  return fails(call, path);
}

#define GORACS_NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define GORACS_ON_PATH(name, call, type, arguments, path, ...)       \
  type name arguments {                                             \
    static __typeof__(&name) next;                                  \
    if (next == NULL) next = GORACS_NEXT(name);                     \
    return fails(call, path) ? (type)-1 : next(__VA_ARGS__);        \
  }
#define GORACS_ON_FILE(name, call, type, arguments, ...)             \
  type name arguments {                                             \
    static __typeof__(&name) next;                                  \
    if (next == NULL) next = GORACS_NEXT(name);                     \
    return fails_on(call, file) ? (type)-1 : next(__VA_ARGS__);     \
  }
#define GORACS_OPEN(name, arguments, ...)                            \
  int name arguments {                                              \
    static __typeof__(&name) next;                                  \
    if (next == NULL) next = GORACS_NEXT(name);                     \
    va_list more;                                                   \
    va_start(more, flags);                                          \
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) ? va_arg(more, mode_t) : 0; \
    va_end(more);                                                   \
    return fails("open", path) ? -1 : next(__VA_ARGS__, mode);      \
  }

GORACS_OPEN(open, (const char* path, int flags, ...), path, flags)
GORACS_OPEN(open64, (const char* path, int flags, ...), path, flags)
GORACS_OPEN(openat, (int folder, const char* path, int flags, ...), folder, path, flags)
GORACS_OPEN(openat64, (int folder, const char* path, int flags, ...), folder, path, flags)

FILE* fopen64(const char* path, const char* mode) {
  static __typeof__(&fopen64) next;
  if (next == NULL) next = GORACS_NEXT(fopen64);
  return fails("open", path) ? NULL : next(path, mode);
}
FILE* fopen(const char* path, const char* mode) {
  static __typeof__(&fopen) next;
  if (next == NULL) next = GORACS_NEXT(fopen);
  return fails("open", path) ? NULL : next(path, mode);
}

GORACS_ON_FILE(write, "write", ssize_t, (int file, const void* bytes, size_t size), file, bytes, size)
GORACS_ON_FILE(writev, "write", ssize_t, (int file, const struct iovec* parts, int count), file, parts, count)
GORACS_ON_FILE(pwrite, "write", ssize_t, (int file, const void* bytes, size_t size, off_t offset), file, bytes, size, offset)
GORACS_ON_FILE(pwrite64, "write", ssize_t, (int file, const void* bytes, size_t size, off64_t offset), file, bytes, size, offset)
GORACS_ON_FILE(ftruncate, "truncate", int, (int file, off_t size), file, size)
GORACS_ON_FILE(ftruncate64, "truncate", int, (int file, off64_t size), file, size)
GORACS_ON_FILE(fsync, "fsync", int, (int file), file)
GORACS_ON_FILE(fdatasync, "fsync", int, (int file), file)
GORACS_ON_PATH(rename, "rename", int, (const char* from, const char* to), to, from, to)
GORACS_ON_PATH(mkdir, "mkdir", int, (const char* path, mode_t mode), path, path, mode)
GORACS_ON_PATH(unlink, "unlink", int, (const char* path), path, path)
GORACS_ON_PATH(rmdir, "unlink", int, (const char* path), path, path)
GORACS_ON_PATH(remove, "unlink", int, (const char* path), path, path)

/* A close that fails has closed the file none the less. */
int close(int file) {
  static __typeof__(&close) next;
  if (next == NULL) next = GORACS_NEXT(close);
  const int failing = fails_on("close", file), status = next(file);
  if (!failing) return status;
  errno = error_number;
  return -1;
}

int unlinkat(int folder, const char* path, int flags) {
  static __typeof__(&unlinkat) next;
  if (next == NULL) next = GORACS_NEXT(unlinkat);
  return fails_on("unlink", folder) ? -1 : next(folder, path, flags);
}
