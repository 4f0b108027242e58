/* Reads from the replicas of real servers, the same for Redis and Valkey. */
#ifndef TEST_REPLICA_READS_H
#define TEST_REPLICA_READS_H

#include <stdbool.h>

/* On three primaries with two replicas each, of this server: reads are the replicas', evenly, writes the primary's; a
 * replica that dies is read from no more; read_from=az, by the zones that the servers tell or, where they tell none, by
 * the option. */
void replica_reads(const char *server, bool servers_tell_zones);

#endif
