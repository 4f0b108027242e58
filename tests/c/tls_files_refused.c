/* K2: a file of certificates or keys that is missing, unreadable, empty, no PEM, cut off, encrypted without the
 * right password or does not fit, and a folder without a certificate: CONFIG when the pool is made, with the
 * option and the file, before anything is dialled. Nothing is prompted for, and no password is told. */
#include "certificates.h"
#include "fake_node.h"
#include "files.h"
#include "options.h"
#include "tls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static fake_node *fake;

/* Options of a client whose ssl_ca_certs are good, and up to three values. */
static void refused(const char *option, const char *file, const char *words, const char *const values[6])
{
    rediscluster_options *options =
        options_of(fake_node_address(fake, 1), "ssl", "yes", "ssl_ca_certs", certificates_file("ca.pem"), NULL);
    rediscluster_error *error = NULL;
    char named[64];
    for (int i = 0; i < 6 && values[i] != NULL; i += 2)
        CHECK_OK(rediscluster_options_set(options, values[i], values[i + 1], &error), error);
    error = pool_refused_from(options, REDISCLUSTER_ERROR_CONFIG);
    snprintf(named, sizeof named, "option \"%s\"", option);
    CHECK_CONTAINS(rediscluster_error_message(error), named);
    CHECK_CONTAINS(rediscluster_error_message(error), file);
    CHECK_CONTAINS(rediscluster_error_message(error), words);
    CHECK(strstr(rediscluster_error_message(error), "correct horse") == NULL);
    CHECK(strstr(rediscluster_error_message(error), "wrong horse") == NULL);
    CHECK(!rediscluster_error_is_retryable(error));
    rediscluster_error_free(error);
}

static void authorities(const char *file, const char *words)
{
    const char *values[6] = {"ssl_ca_certs", file};
    refused("ssl_ca_certs", file, words, values);
}

static void certificate(const char *file, const char *words)
{
    const char *values[6] = {"ssl_certfile", file, "ssl_keyfile", certificates_file("client.key")};
    refused("ssl_certfile", file, words, values);
}

static void key(const char *file, const char *password, const char *words)
{
    const char *values[6] = {"ssl_certfile", certificates_file("client.pem"), "ssl_keyfile", file, "ssl_password", password};
    if (password == NULL)
        values[4] = NULL;
    refused("ssl_keyfile", file, words, values);
}

static void every_file(void)
{
    const char *empty = files_write("empty.pem", ""), *half_key, *encrypted, *closed;
    const char *missing = "/no/such/file.pem", *folder = certificates_file("empty-folder");
    const char *keys[] = {"client-encrypted.key", "client-encrypted-traditional.key", "client-rsa-encrypted.key",
                          "client-rsa-encrypted-traditional.key"};
    const char *values[6] = {"ssl_ca_data", "This is no certificate."};
    const char *in_one[6] = {"ssl_certfile", certificates_file("client.pem")};
    char *text = files_read(certificates_file("client.key")), data[400];
    text[strlen(text) / 2] = '\0';
    half_key = files_write("half.key", text);
    free(text);
    closed = files_join("closed.pem", certificates_file("client.pem"), NULL);
    CHECK(chmod(closed, 0) == 0);
    /* PEM lets anything be encrypted; OpenSSL would ask for the password of this. */
    encrypted = files_write("encrypted.pem", "-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\n"
                                             "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n-----END CERTIFICATE-----\n");

    authorities(missing, "cannot be read");
    authorities(empty, "holds no certificate in PEM form");
    authorities(certificates_file("garbage.pem"), "holds no certificate in PEM form");
    authorities(certificates_file("truncated.pem"), "holds a certificate that cannot be read");
    authorities(certificates_file("client.key"), "holds no certificate in PEM form");
    authorities(folder, "holds no certificate");
    authorities(encrypted, "holds an encrypted certificate");
    authorities(files_join("beside.pem", certificates_file("ca.pem"), encrypted, NULL), "holds an encrypted certificate");
    if (access(closed, R_OK) != 0) /* root reads everything */
        authorities(closed, "cannot be read");
    refused("ssl_ca_data", "", "holds no certificate in PEM form", values);
    text = files_read(certificates_file("truncated.pem"));
    snprintf(data, sizeof data, "%s", text);
    free(text);
    values[1] = data;
    refused("ssl_ca_data", "", "holds a certificate that cannot be read", values);
    /* Good ones beside it do not make up for it. */
    authorities(files_join("one-of-two.pem", certificates_file("ca.pem"), certificates_file("truncated.pem"), NULL),
                "holds a certificate that cannot be read");

    certificate(missing, "cannot be read");
    certificate(folder, "cannot be read");
    certificate(empty, "holds no certificate in PEM form");
    certificate(certificates_file("garbage.pem"), "holds no certificate in PEM form");
    certificate(certificates_file("truncated.pem"), "holds a certificate that cannot be read");
    certificate(encrypted, "holds an encrypted certificate");
    if (access(closed, R_OK) != 0)
        certificate(closed, "cannot be read");
    refused("ssl_certfile", certificates_file("client.pem"), "holds no private key in PEM form (ssl_keyfile names",
            in_one);

    key(missing, NULL, "cannot be read");
    key(folder, NULL, "cannot be read");
    key(empty, NULL, "holds no private key in PEM form");
    key(certificates_file("garbage.pem"), NULL, "holds no private key in PEM form");
    key(half_key, NULL, "holds no private key in PEM form");
    key(half_key, "correct horse", "holds no private key in PEM form");
    key(certificates_file("client.pem"), NULL, "holds no private key in PEM form");
    key(certificates_file("unfit.key"), NULL, "does not fit the certificate in ");
    key(certificates_file("client-rsa.key"), NULL, "does not fit the certificate in ");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        key(certificates_file(keys[i]), NULL, "holds an encrypted key: set ssl_password");
        key(certificates_file(keys[i]), "wrong horse", "holds an encrypted key that ssl_password does not open");
    }
    key(certificates_file("client-rsa-encrypted.key"), "correct horse", "does not fit the certificate in ");
    in_one[1] = files_join("both.pem", certificates_file("client.pem"), certificates_file("client-encrypted.key"), NULL);
    refused("ssl_certfile", in_one[1], "holds an encrypted key: set ssl_password", in_one);
}

int main(void)
{
    const char *answer = "correct horse\ncorrect horse\n";
    FILE *words = tmpfile();
    int out, err, answers[2], left = 0;
    fake = fake_node_start_format("tls %s\nnode 1\nhandshake\ntopology 0-16383=1", certificates_folder());

    /* Whoever prompts finds no terminal, but an answer on standard input, and leaves his words behind. */
    (void)setsid();
    CHECK(words != NULL && pipe(answers) == 0);
    CHECK(write(answers[1], answer, strlen(answer)) == (ssize_t)strlen(answer));
    CHECK(dup2(answers[0], 0) == 0);
    CHECK((out = dup(1)) >= 0 && (err = dup(2)) >= 0);
    fflush(NULL);
    every_file(); /* where a failed check is still seen */
    CHECK(dup2(fileno(words), 1) == 1 && dup2(fileno(words), 2) == 2);
    every_file();
    fflush(NULL);
    CHECK(dup2(out, 1) == 1 && dup2(err, 2) == 2);
    CHECK_INT(lseek(fileno(words), 0, SEEK_END), 0);
    CHECK(ioctl(0, FIONREAD, &left) == 0);
    CHECK_INT(left, strlen(answer));
    CHECK_INT(fake_node_connections_of(fake, 1).total, 0);
    fclose(words);
    close(out);
    close(err);
    close(answers[0]);
    close(answers[1]);
    fake_node_stop(fake);
    return 0;
}
