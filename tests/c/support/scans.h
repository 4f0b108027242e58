/* Scans whose keys are counted: they are "PREFIX0", "PREFIX1" and so on. */
#ifndef TEST_SCANS_H
#define TEST_SCANS_H

#include "check.h"

/* Takes a page, one of NULL too, and counts each of its keys. */
void scan_count(const rediscluster_reply *page, const char *prefix, int *seen, int count);

/* Scans to the end; how many pages there were. */
int scan_all(rediscluster_scan *scan, const char *prefix, int *seen, int count);

/* A scan that must come to be. */
rediscluster_scan *scan_of(rediscluster_client *client, const char *pattern, int64_t count, const char *type);

#endif
