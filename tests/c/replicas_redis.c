/* H1, H2 on real servers: Redis 7.0, whose servers tell no zones: the option availability_zones does.
 * ctest: timeout=120 */
#include "replica_reads.h"

int main(void)
{
    replica_reads("redis", false);
    return 0;
}
