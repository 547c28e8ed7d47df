/* Stands between a program and the C library, by LD_PRELOAD, for what is done in one folder: logs the calls, lets one of
 * them fail, or kills the process before it. In the environment:
 *
 *   SHIM_FOLDER   the folder; calls on other files are let be
 *   SHIM_LOG      a file to which a line is added for each call: function, a blank, the file's name in the folder
 *   SHIM_FAULT    FUNCTION NAME FIRST COUNT WHAT: of the calls of FUNCTION on a file whose name ends in NAME (* is any), those
 *                 from the FIRST on, COUNT of them, fail with the error number WHAT; 0 kills the process
 *   SHIM_ARM      calls are logged, counted and failed only while there is such a file
 *   SHIM_CLOCK    seconds since 1970 that the clock of the day says
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static long calls;

/* The whole path of what a call is about: a name relative to a folder, or the open file itself where there is none. */
static int find(int fd, const char *name, char *path) {
    char link[64];
    int length = 0;
    if (name && !strncmp(name, "/proc/self/fd/", 14)) {
        fd = atoi(name + 14);
        name = NULL;
    }
    if (name && name[0] == '/') return snprintf(path, PATH_MAX, "%s", name) > 0;
    snprintf(link, sizeof link, fd == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", fd);
    length = syscall(SYS_readlinkat, AT_FDCWD, link, path, PATH_MAX - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    if (name && name[0]) snprintf(path + length, PATH_MAX - length, "/%s", name);
    return 1;
}

static int ends_in(const char *text, const char *end) {
    size_t length = strlen(text), other = strlen(end);
    return length >= other && !strcmp(text + length - other, end);
}

/* The error that the call shall have; 0 if it shall be done. */
static int fault(const char *function, int fd, const char *name) {
    static __thread int within;
    const char *folder = getenv("SHIM_FOLDER"), *log = getenv("SHIM_LOG"), *arm = getenv("SHIM_ARM");
    const char *spec = getenv("SHIM_FAULT");
    char path[PATH_MAX], line[PATH_MAX + 64], which[32], where[256];
    int what = 0, saved = errno, file;
    long first, count;
    if (within || !folder) return 0;
    if (arm && syscall(SYS_faccessat, AT_FDCWD, arm, F_OK)) {
        errno = saved;
        return 0;
    }
    within = 1;
    if (find(fd, name, path) && !strncmp(path, folder, strlen(folder))) {
        const char *inside = path + strlen(folder);
        inside = inside[0] == '/' ? inside + 1 : inside[0] ? inside : ".";
        if (log && (file = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT, 0666)) >= 0) {
            int length = snprintf(line, sizeof line, "%s %s\n", function, inside);
            syscall(SYS_write, file, line, length);
            syscall(SYS_close, file);
        }
        if (spec && sscanf(spec, "%31s %255s %ld %ld %d", which, where, &first, &count, &what) == 5 &&
            (!strcmp(which, "*") || !strcmp(which, function)) && (!strcmp(where, "*") || ends_in(inside, where))) {
            long number = __atomic_add_fetch(&calls, 1, __ATOMIC_SEQ_CST);
            if (number < first || number >= first + count) what = 0;
            else if (!what) kill(getpid(), SIGKILL);
        } else {
            what = 0;
        }
    }
    within = 0;
    errno = saved;
    return what;
}

#define FAIL(function, fd, name) \
    int why = fault(function, fd, name); \
    if (why) { \
        errno = why; \
        return -1; \
    }
#define NEXT(function) ((__typeof__(&function))dlsym(RTLD_NEXT, #function))

#define OPEN(function) \
    int function(const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        FAIL("open", AT_FDCWD, path) \
        return NEXT(function)(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define OPENAT(function) \
    int function(int fd, const char *path, int flags, ...) { \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = va_arg(rest, mode_t); \
        va_end(rest); \
        FAIL("open", fd, path) \
        return NEXT(function)(fd, path, flags, mode); \
    }
OPENAT(openat)
OPENAT(openat64)

#define CALL(type, function, logged, fd, name, parameters, arguments) \
    type function parameters { \
        FAIL(logged, fd, name) \
        return NEXT(function) arguments; \
    }
CALL(ssize_t, write, "write", fd, NULL, (int fd, const void *from, size_t size), (fd, from, size))
CALL(ssize_t, pwrite, "write", fd, NULL, (int fd, const void *from, size_t size, off_t at), (fd, from, size, at))
CALL(ssize_t, pwrite64, "write", fd, NULL, (int fd, const void *from, size_t size, off64_t at), (fd, from, size, at))
CALL(ssize_t, read, "read", fd, NULL, (int fd, void *to, size_t size), (fd, to, size))
CALL(ssize_t, pread, "read", fd, NULL, (int fd, void *to, size_t size, off_t at), (fd, to, size, at))
CALL(ssize_t, pread64, "read", fd, NULL, (int fd, void *to, size_t size, off64_t at), (fd, to, size, at))
CALL(int, ftruncate, "truncate", fd, NULL, (int fd, off_t size), (fd, size))
CALL(int, ftruncate64, "truncate", fd, NULL, (int fd, off64_t size), (fd, size))
CALL(int, fsync, "fsync", fd, NULL, (int fd), (fd))
CALL(int, fdatasync, "fsync", fd, NULL, (int fd), (fd))
CALL(int, flock, "flock", fd, NULL, (int fd, int how), (fd, how))
CALL(int, renameat, "rename", from, old, (int from, const char *old, int to, const char *new), (from, old, to, new))
CALL(int, linkat, "link", from, old, (int from, const char *old, int to, const char *new, int how), (from, old, to, new, how))
CALL(int, unlinkat, "unlink", fd, name, (int fd, const char *name, int how), (fd, name, how))
CALL(int, mkdirat, "mkdir", fd, name, (int fd, const char *name, mode_t mode), (fd, name, mode))
CALL(int, fstat, "stat", fd, NULL, (int fd, struct stat *to), (fd, to))
CALL(int, fstat64, "stat", fd, NULL, (int fd, struct stat64 *to), (fd, to))
CALL(int, fstatat, "stat", fd, name, (int fd, const char *name, struct stat *to, int how), (fd, name, to, how))
CALL(int, fstatat64, "stat", fd, name, (int fd, const char *name, struct stat64 *to, int how), (fd, name, to, how))
CALL(int, statx, "stat", fd, name, (int fd, const char *name, int how, unsigned what, struct statx *to), (fd, name, how, what, to))

/* A file that is closed is closed, whatever is said of it. */
int close(int fd) {
    int why = fault("close", fd, NULL), closed = NEXT(close)(fd);
    if (why) errno = why;
    return why ? -1 : closed;
}

int clock_gettime(clockid_t which, struct timespec *to) {
    const char *seconds = getenv("SHIM_CLOCK");
    int told = syscall(SYS_clock_gettime, which, to);
    if (which == CLOCK_REALTIME && seconds) to->tv_sec = atoll(seconds);
    return told;
}
