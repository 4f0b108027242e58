/* Throwaway certificates: the first lines of the script tests/support/certificates say which there are.
 * The script is the one that REDISCLUSTER_CERTIFICATES names. Whatever goes wrong here ends the test. */
#ifndef TEST_CERTIFICATES_H
#define TEST_CERTIFICATES_H

/* The folder of this process: that of the shared TLS cluster where REDISCLUSTER_TEST_CERTIFICATES names one,
 * else one that is made at the first call and removed when the process ends. It is to be left as it is. */
const char *certificates_folder(void);

/* The path of a file in it: "ca.pem", "client.key". Valid until the process ends. */
const char *certificates_file(const char *name);

#endif
