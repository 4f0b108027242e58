/* Cells: the layout of rediscluster_cell is frozen; rediscluster_reply_cells gives the same tree as the accessors, in
 * pre-order, with every byte inside the block; a cell's address is its element's handle; only a root has cells. */
#include "commands.h"
#include "fake_node.h"
#include "pools.h"

#include <stddef.h>
#include <string.h>

/* C99 has no static assertion: an array of negative size is one. */
#define FROZEN(name, condition) typedef char frozen_##name[(condition) ? 1 : -1]
FROZEN(size, sizeof(rediscluster_cell) == 24);
FROZEN(value_size, sizeof(rediscluster_cell_value) == 8);
FROZEN(kind, offsetof(rediscluster_cell, kind) == 0);
FROZEN(flags, offsetof(rediscluster_cell, flags) == 1);
FROZEN(reserved, offsetof(rediscluster_cell, reserved) == 2);
FROZEN(span, offsetof(rediscluster_cell, span) == 4);
FROZEN(value, offsetof(rediscluster_cell, value) == 8);
FROZEN(offset, offsetof(rediscluster_cell, offset) == 16);
FROZEN(kind_width, sizeof(((rediscluster_cell *)0)->kind) == 1);
FROZEN(flags_width, sizeof(((rediscluster_cell *)0)->flags) == 1);
FROZEN(span_width, sizeof(((rediscluster_cell *)0)->span) == 4);
FROZEN(offset_width, sizeof(((rediscluster_cell *)0)->offset) == 8);
FROZEN(signed_integer, (int64_t)-1 < 0 && sizeof(((rediscluster_cell_value *)0)->integer) == 8);
FROZEN(flag_bits, REDISCLUSTER_CELL_ROOT == 1 && REDISCLUSTER_CELL_LAST == 2
                      && REDISCLUSTER_CELL_ATTRIBUTES == 4);
FROZEN(kinds, REDISCLUSTER_REPLY_NIL == 0 && REDISCLUSTER_REPLY_STRING == 1
                  && REDISCLUSTER_REPLY_STATUS == 2 && REDISCLUSTER_REPLY_ERROR == 3
                  && REDISCLUSTER_REPLY_INTEGER == 4 && REDISCLUSTER_REPLY_DOUBLE == 5
                  && REDISCLUSTER_REPLY_BOOLEAN == 6 && REDISCLUSTER_REPLY_BIGNUMBER == 7
                  && REDISCLUSTER_REPLY_VERBATIM == 8 && REDISCLUSTER_REPLY_ARRAY == 9
                  && REDISCLUSTER_REPLY_MAP == 10 && REDISCLUSTER_REPLY_SET == 11
                  && REDISCLUSTER_REPLY_PUSH == 12);

/* The element at this cell, and all in it, is the same by accessors and by cells. Returns its cells. */
static size_t same(const rediscluster_reply *element, const rediscluster_cell *cell,
                   const rediscluster_cell *first, size_t size)
{
    size_t cells = 1, length;
    const uint8_t *bytes = rediscluster_reply_bytes(element, &length);
    CHECK((const void *)element == (const void *)cell);
    CHECK_INT(cell->kind, rediscluster_reply_kind(element));
    if (bytes != NULL) {
        const uint8_t *there = (const uint8_t *)cell + cell->offset;
        CHECK_INT(cell->value.length, length);
        CHECK(there == bytes);
        CHECK(there >= (const uint8_t *)first && there + length + 1 <= (const uint8_t *)first + size);
    } else {
        CHECK_INT(cell->offset, 0);
    }
    switch (rediscluster_reply_kind(element)) {
    case REDISCLUSTER_REPLY_INTEGER:
        CHECK(cell->value.integer == rediscluster_reply_integer(element));
        break;
    case REDISCLUSTER_REPLY_BOOLEAN:
        CHECK_INT(cell->value.integer, rediscluster_reply_boolean(element));
        break;
    case REDISCLUSTER_REPLY_DOUBLE:
        CHECK(cell->value.number == rediscluster_reply_double(element));
        break;
    case REDISCLUSTER_REPLY_ARRAY:
    case REDISCLUSTER_REPLY_MAP:
    case REDISCLUSTER_REPLY_SET:
    case REDISCLUSTER_REPLY_PUSH: {
        const rediscluster_reply *child = rediscluster_reply_at(element, 0);
        CHECK_INT(cell->value.count, rediscluster_reply_count(element));
        for (size_t i = 0; i < cell->value.count; i++) {
            const rediscluster_cell *at = cell + cells;
            CHECK_INT((at->flags & REDISCLUSTER_CELL_LAST) != 0, i + 1 == cell->value.count);
            CHECK_INT(at->flags & REDISCLUSTER_CELL_ROOT, 0);
            CHECK_INT(at->flags & REDISCLUSTER_CELL_ATTRIBUTES, 0);
            cells += same(child, at, first, size);
            child = rediscluster_reply_next(child);
        }
        CHECK(child == NULL);
        break;
    }
    default:
        break;
    }
    CHECK_INT(cell->span, cells);
    return cells;
}

static void check(rediscluster_connection *connection, const char *key)
{
    rediscluster_reply *reply = ask(connection, "GET", key, NULL);
    const rediscluster_cell *cells = NULL;
    size_t count = 0, size = 0;
    rediscluster_reply_cells(reply, &cells, &count, &size);
    CHECK((const void *)cells == (const void *)reply);
    CHECK(size >= count * sizeof *cells);
    CHECK(cells->flags & REDISCLUSTER_CELL_ROOT);
    CHECK_INT(same(reply, cells, cells, size), count);
    /* Any output may be left out. */
    rediscluster_reply_cells(reply, NULL, NULL, NULL);
    count = 0;
    rediscluster_reply_cells(reply, NULL, &count, NULL);
    CHECK_INT(count, cells->span);
    if (rediscluster_reply_count(reply) > 0) {
        rediscluster_reply_cells(rediscluster_reply_at(reply, 0), &cells, &count, &size);
        CHECK(cells == NULL && count == 0 && size == 0);
    }
    rediscluster_reply_free(reply);
}

int main(void)
{
    fake_node *fake = fake_node_start(
        "node 1\n"
        "on GET all => send \"*10\\r\\n%2\\r\\n+a\\r\\n:-1\\r\\n$1\\r\\nb\\r\\n*2\\r\\n*0\\r\\n~1\\r\\n,2.5\\r\\n"
        "_\\r\\n#t\\r\\n#f\\r\\n(123\\r\\n=5\\r\\ntxt:x\\r\\n-ERR no\\r\\n$0\\r\\n\\r\\n*-1\\r\\n:7\\r\\n\"\n"
        "on GET number => int 5\n"
        "on GET nothing => nil\n"
        "on GET long => fill 300000\n"
        "on GET longs => send \"*4\\r\\n\"; fill 20000; int 1; fill 70000; send \"*2\\r\\n\"; int 2; fill 3\n"
        "handshake\nstore\ntopology 0-16383=1");
    rediscluster_pool *pool = pool_of(fake_node_address(fake, 1), "protocol", "3", NULL);
    rediscluster_connection *connection = take_slot(pool, 0, -2);
    check(connection, "all");
    check(connection, "number");
    check(connection, "nothing");
    check(connection, "long");
    check(connection, "longs");
    give_back(connection);
    rediscluster_pool_free(pool);
    fake_node_stop(fake);
    return 0;
}
