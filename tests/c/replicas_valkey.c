/* H1, H2 on real servers: Valkey 9.1, whose servers tell their zones.
 * ctest: timeout=120 */
#include "replica_reads.h"

int main(void)
{
    replica_reads("valkey", true);
    return 0;
}
