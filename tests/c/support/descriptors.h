/* What this process holds, by /proc: for tests that look for leaks. */
#ifndef TEST_DESCRIPTORS_H
#define TEST_DESCRIPTORS_H

/* Open file descriptors (without the one that counts them), and those of them that are sockets. */
int descriptors_open(void);
int descriptors_sockets(void);

/* The most bytes that a socket of this process has been given and the other side has not taken. */
int descriptors_most_unsent(void);

/* Threads of this process. */
int threads_running(void);

/* Resident memory in KiB. */
long resident_kib(void);

/* Bytes of the heap in use, by mallinfo2 where the C library has it; -1 where not. Under sanitizers
 * and valgrind this says nothing. */
long long heap_bytes(void);

#endif
