/* The plain round trip through the C API on real Valkey servers, which CI has: discovery, gets, values, kinds of replies,
 * pipelines. Servers that are not installed are a failure, not a pass.
 * ctest: timeout=120 */
#include "round_trip.h"

int main(void)
{
    round_trip("valkey");
    return 0;
}
