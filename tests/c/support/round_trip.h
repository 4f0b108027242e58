/* The plain round trip on a cluster of real servers: what every kind of server must do alike. */
#ifndef TEST_ROUND_TRIP_H
#define TEST_ROUND_TRIP_H

/* Starts 3 + 3 servers of this kind ("redis", "valkey") and uses them: discovery by each of the three commands, gets by slot,
 * key, node and at random, both protocols, values of every size, pipelines. */
void round_trip(const char *server);

#endif
