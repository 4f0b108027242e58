/* K4 on Redis 7.0: an ACL user, and the default user's password, at every node and on every connection, after reconnects too.
 * ctest: timeout=120 */
#include "users.h"

int main(void)
{
    users_on_every_node("redis");
    return 0;
}
