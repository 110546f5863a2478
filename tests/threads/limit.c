/* Lets a process have MOST_THREADS threads beside its first at a time, as a limit of the system would. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int alive;

struct start {
    void *(*run)(void *);
    void *argument;
};

static void leave(void *unused) {
    (void)unused;
    atomic_fetch_sub(&alive, 1);
}

static void *begin(void *given) {
    struct start start = *(struct start *)given;
    void *result;
    free(given);
    pthread_cleanup_push(leave, NULL);
    result = start.run(start.argument);
    pthread_cleanup_pop(1);
    return result;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument) {
    int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = dlsym(RTLD_NEXT, "pthread_create");
    const char *most = getenv("MOST_THREADS");
    struct start *start = malloc(sizeof *start);
    int failed = EAGAIN;
    if (!start)
        return EAGAIN;
    start->run = run;
    start->argument = argument;
    if (atomic_fetch_add(&alive, 1) < (most ? atoi(most) : 1000000))
        failed = create(thread, attributes, begin, start);
    if (failed) {
        atomic_fetch_sub(&alive, 1);
        free(start);
    }
    return failed;
}
