/* Counts, preloaded into a program: allocations, bytes copied by memcpy and memmove or moved by realloc, receives and
 * their bytes. Written to standard error at the end. Threads count together. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/types.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static _Atomic unsigned long allocations, copied, receives, received;

static void add(_Atomic unsigned long *count, unsigned long more) { atomic_fetch_add_explicit(count, more, memory_order_relaxed); }

void *malloc(size_t size)
{
    add(&allocations, 1);
    return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    add(&allocations, 1);
    return __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    add(&allocations, 1);
    size_t before = memory == NULL ? 0 : malloc_usable_size(memory);
    char *was = memory;
    char *moved = __libc_realloc(memory, size);
    /* The largest ones are remapped, not copied; they are counted all the same. */
    if (moved != was)
        add(&copied, before < size ? before : size);
    return moved;
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
    add(&allocations, 1);
    *out = __libc_memalign(alignment, size);
    return *out == NULL;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *result = to;
    add(&copied, size);
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return result;
}

void *memmove(void *to, const void *from, size_t size)
{
    void *result = to;
    add(&copied, size);
    if ((char *)to <= (const char *)from || (char *)to >= (const char *)from + size) {
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    } else {
        char *last = (char *)to + size - 1;
        const char *source = (const char *)from + size - 1;
        __asm__ volatile("std; rep movsb; cld" : "+D"(last), "+S"(source), "+c"(size) : : "memory");
    }
    return result;
}

ssize_t recv(int fd, void *space, size_t size, int flags)
{
    ssize_t count = recvfrom(fd, space, size, flags, NULL, NULL);
    add(&receives, 1);
    if (count > 0 && !(flags & MSG_PEEK))
        add(&received, (unsigned long)count);
    return count;
}

__attribute__((destructor)) static void tell(void)
{
    fprintf(stderr, "counted allocations %lu copied %lu receives %lu received %lu\n", allocations, copied, receives, received);
}
