/* bare_tls WORKLOAD COUNT HOST:PORT FOLDER: SSL_write and SSL_read in a loop over OpenSSL's own socket, with the
 * certificates of the folder, and no more done to a reply than finding its end. BARE_READ_AHEAD=1: OpenSSL receives as
 * much as there is, where it ordinarily receives the head of each record by itself. */
#include <openssl/ssl.h>

#include "bare.h"

static void run(SSL *tls, const char *command, size_t length)
{
    must(SSL_write(tls, command, (int)length) == (int)length, "SSL_write");
    size_t received = 0;
    do {
        size_t room = sizeof buffer - received;
        int count = SSL_read(tls, buffer + received, room > LARGE ? LARGE : (int)room);
        must(count > 0, "SSL_read");
        received += (size_t)count;
    } while (!is_whole(received));
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

int main(int argc, char **argv)
{
    must(argc == 5, "usage: bare_tls WORKLOAD COUNT HOST:PORT FOLDER");
    long count = atol(argv[2]);
    SSL *tls = begin(connected(argv[3]), argv[4]);
    char command[256];
    size_t length = encode(command, argv[1]);
    /* Session tickets come with the first reply. */
    run(tls, command, length);
    run(tls, command, length);
    double wall_begin = wall(), cpu_begin = cpu();
    for (long i = 0; i < count; i++)
        run(tls, command, length);
    report(wall_begin, cpu_begin, count);
    SSL_free(tls);
    return 0;
}
