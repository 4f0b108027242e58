/* Nodes that follow a script: tests/support/fake_node.md has the grammar and the control words. The
 * program is the one that REDISCLUSTER_FAKE_NODE names. Whatever goes wrong here ends the test. */
#ifndef TEST_FAKE_NODE_H
#define TEST_FAKE_NODE_H

typedef struct fake_node fake_node;

/* Starts the nodes of a script and returns when they listen. */
fake_node *fake_node_start(const char *script);

/* The same of a script that is formatted as by printf: "tls %s\n…", certificates_folder(). */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
fake_node *fake_node_start_format(const char *format, ...);

/* How many nodes there are, and the port of one, from 1. */
int fake_node_count_nodes(const fake_node *self);
int fake_node_port(const fake_node *self, int node);

/* "127.0.0.1:PORT" of a node, from 1. Valid until fake_node_stop. */
const char *fake_node_address(const fake_node *self, int node);

/* Says a control word ("kill 1", "use after", …), formatted as by printf; the answer is dropped. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void fake_node_control(fake_node *self, const char *format, ...);

/* How many such commands ("GET", "CLUSTER SLOTS") came, at all nodes or at one. */
long fake_node_count(fake_node *self, const char *command);
long fake_node_count_on(fake_node *self, int node, const char *command);

typedef struct fake_node_connections {
    long open;  /* now */
    long max;   /* ever, together */
    long total; /* ever */
} fake_node_connections;

fake_node_connections fake_node_connections_of(fake_node *self, int node);

typedef struct fake_node_handshakes {
    long done;   /* commands could be said after them */
    long failed; /* they ended otherwise, by either side */
} fake_node_handshakes;

/* The TLS handshakes of a node. */
fake_node_handshakes fake_node_handshakes_of(fake_node *self, int node);

/* The whole log, one event a line; the caller frees it. */
char *fake_node_log(fake_node *self);

/* Ends the nodes. NULL does nothing. */
void fake_node_stop(fake_node *self);

#endif
