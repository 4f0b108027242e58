//! TLS: whom to trust, and who we are.

use super::row;
use crate::options::field::{Field, file, text};
use crate::options::row::Row;
use crate::options::{CertReqs, TlsVersion};

pub(super) static ROWS: &[Row] = &[
    row(
        c"ssl",
        "tls",
        c"no",
        Field::Flag { get: |o| o.ssl, set: |o, v| o.ssl = v },
        c"Whether connections, those of the discovery included, are made with TLS. A URL that begins \
          with rediss:// sets it. Without it the other ssl_ options have no effect.",
    ),
    row(
        c"ssl_cert_reqs",
        "tls",
        c"required",
        Field::Word {
            words: &["required", "optional", "none"],
            get: |o| match o.ssl_cert_reqs {
                CertReqs::Required => 0,
                CertReqs::None => 2,
            },
            set: |o, v| {
                o.ssl_cert_reqs = if v == 2 { CertReqs::None } else { CertReqs::Required };
            },
        },
        c"Whether a server's certificate is checked. required: it must be valid, signed by a trusted \
          authority, and hold the server's name. none: anything is taken, and who listens in between \
          can read everything. optional is the same as required.",
    ),
    row(
        c"ssl_ca_certs",
        "tls",
        c"",
        file(|o| o.ssl_ca_certs.as_deref(), |o, v| o.ssl_ca_certs = v),
        c"A file with the certificates of trusted authorities in PEM form, or a folder of such files. Where \
          this or ssl_ca_data is given, no other authority is trusted; without either, those of the \
          system are. Read when a pool is made, and by rediscluster_pool_reload_tls.",
    ),
    row(
        c"ssl_ca_data",
        "tls",
        c"",
        Field::Pem { get: |o| o.ssl_ca_data.as_deref(), set: |o, v| o.ssl_ca_data = v },
        c"The certificates of trusted authorities themselves, in PEM form with its line breaks; together \
          with those of ssl_ca_certs where both are given.",
    ),
    row(
        c"ssl_certfile",
        "tls",
        c"",
        file(|o| o.ssl_certfile.as_deref(), |o, v| o.ssl_certfile = v),
        c"A file with the client's certificate in PEM form, those of intermediate authorities behind it. \
          Shown to servers that ask for one. Read when ssl_ca_certs is.",
    ),
    row(
        c"ssl_keyfile",
        "tls",
        c"",
        file(|o| o.ssl_keyfile.as_deref(), |o, v| o.ssl_keyfile = v),
        c"A file with the private key of ssl_certfile in PEM form (PKCS#8 or the traditional form). Without \
          it the key stands in the file of the certificate. Read when ssl_ca_certs is.",
    ),
    row(
        c"ssl_password",
        "tls",
        c"",
        Field::Secret { get: |o| o.ssl_password.as_ref(), set: |o, v| o.ssl_password = v },
        c"The password of an encrypted key. Nobody is ever prompted for it. It is shown nowhere: reading it \
          gives *** where it is set.",
    ),
    row(
        c"ssl_check_hostname",
        "tls",
        c"yes",
        Field::Flag { get: |o| o.ssl_check_hostname, set: |o, v| o.ssl_check_hostname = v },
        c"Whether a server's certificate must hold the name or address that is dialled (ssl_server_name, \
          else the host name the cluster tells of the node, else its host). With no, the certificate of \
          any server of the same authority will do.",
    ),
    row(
        c"ssl_server_name",
        "tls",
        c"",
        text(|o| o.ssl_server_name.as_deref(), |o, v| o.ssl_server_name = v),
        c"The name that the certificates of all nodes hold, where it is not the host that is dialled: for \
          certificates with names in a cluster that announces addresses. It is also what servers are \
          told is wanted (SNI).",
    ),
    row(
        c"ssl_min_version",
        "tls",
        c"1.2",
        Field::Word {
            words: &["1.2", "1.3"],
            get: |o| o.ssl_min_version as usize,
            set: |o, v| {
                o.ssl_min_version = if v == 0 { TlsVersion::Tls12 } else { TlsVersion::Tls13 };
            },
        },
        c"The lowest version of TLS that is spoken.",
    ),
];
