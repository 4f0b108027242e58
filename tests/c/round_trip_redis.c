/* The plain round trip through the C API on real Redis servers: discovery, gets, values, kinds of replies, pipelines.
 * ctest: timeout=120 */
#include "round_trip.h"

int main(void)
{
    round_trip("redis");
    return 0;
}
