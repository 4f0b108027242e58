/* tls WORKLOAD COUNT HOST:PORT FOLDER: SSL_write and SSL_read in a loop over OpenSSL's own socket, with the
 * certificates of the folder, and no more done to a reply than finding its end. BARE_READ_AHEAD=1: OpenSSL receives as
 * much as there is, where it ordinarily receives the head of each record by itself. */
#include <openssl/ssl.h>

#include "floor.h"

static char buffer[2 * LARGE];

/* A reply whose length is known from the first one is only counted. */
static void run(SSL *tls, const struct command *command, size_t *length)
{
    must(SSL_write(tls, command->bytes, (int)command->length) == (int)command->length, "SSL_write");
    size_t received = 0;
    while (*length == 0 || received < *length) {
        size_t room = sizeof buffer - received;
        int count = SSL_read(tls, buffer + received, room > LARGE ? LARGE : (int)room);
        must(count > 0, "SSL_read");
        received += (size_t)count;
        if (*length == 0)
            *length = reply_length(buffer, received);
    }
}

static SSL *begin(int fd, const char *folder)
{
    char ca[512], certificate[512], key[512];
    snprintf(ca, sizeof ca, "%s/ca.pem", folder);
    snprintf(certificate, sizeof certificate, "%s/client.pem", folder);
    snprintf(key, sizeof key, "%s/client.key", folder);
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    must(context != NULL && SSL_CTX_load_verify_locations(context, ca, NULL) == 1, ca);
    must(SSL_CTX_use_certificate_file(context, certificate, SSL_FILETYPE_PEM) == 1, certificate);
    must(SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) == 1, key);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (getenv("BARE_READ_AHEAD") != NULL)
        SSL_CTX_set_read_ahead(context, 1);
    SSL *tls = SSL_new(context);
    must(tls != NULL && SSL_set_fd(tls, fd) == 1 && SSL_connect(tls) == 1, "the TLS handshake");
    SSL_CTX_free(context);
    return tls;
}

static struct command command_of(const char *workload)
{
    if (strcmp(workload, "lrange") == 0)
        return encoded(4, (const char *const[]){"LRANGE", LIST_KEY, "0", "-1"});
    return encoded(2, (const char *const[]){"GET", strcmp(workload, "large") == 0 ? LARGE_KEY : SMALL_KEY});
}

int main(int argc, char **argv)
{
    must(argc == 5, "usage: tls WORKLOAD COUNT HOST:PORT FOLDER");
    long count = atol(argv[2]);
    SSL *tls = begin(connected(argv[3]), argv[4]);
    struct command command = command_of(argv[1]);
    size_t length = 0;
    /* Session tickets come with the first reply. */
    run(tls, &command, &length);
    run(tls, &command, &length);
    double wall_begin = wall(), cpu_begin = cpu();
    for (long i = 0; i < count; i++)
        run(tls, &command, &length);
    report(wall_begin, cpu_begin, count);
    SSL_free(tls);
    free(command.bytes);
    return 0;
}
