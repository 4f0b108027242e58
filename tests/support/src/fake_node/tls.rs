//! What a script says of a node's TLS, and the context that comes of it.

use std::path::PathBuf;

use openssl::error::ErrorStack;
use openssl::ssl::{SslContext, SslFiletype, SslMethod, SslOptions, SslVerifyMode, SslVersion};

use super::words::Word;
use crate::certificates::Certificates;

/// The lines of a script that begin with `tls`, for one node. The first of each kind holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tls {
    /// The folder of certificates and the name of the node's own; `Some(None)` for none: `tls off`.
    certificate: Option<Option<(PathBuf, String)>>,
    client_auth: Option<SslVerifyMode>,
    version: Option<SslVersion>,
    tickets: Option<usize>,
    dribble: Option<u64>,
    silent: Option<bool>,
}

/// How a node takes connections that are to speak TLS.
pub struct Acceptor {
    pub context: SslContext,
    /// Milliseconds before each byte of what goes out, handshake included.
    pub dribble: Option<u64>,
    /// Nothing ever goes out.
    pub silent: bool,
}

impl Tls {
    /// Reads a line.
    pub fn parse(words: &[Word]) -> Result<Self, String> {
        let texts: Vec<String> = words
            .iter()
            .map(|word| String::from_utf8_lossy(&word.fill(|_| None)).into_owned())
            .collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut tls = Self::default();
        match texts[..] {
            ["tls", "off"] => tls.certificate = Some(None),
            ["tls", folder] => tls.certificate = Some(Some((folder.into(), "server".into()))),
            ["tls", folder, name] => tls.certificate = Some(Some((folder.into(), name.into()))),
            ["tls-client-auth", mode] => {
                tls.client_auth = Some(match mode {
                    "required" => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
                    "optional" => SslVerifyMode::PEER,
                    "none" => SslVerifyMode::NONE,
                    _ => return Err("tls-client-auth required|optional|none".into()),
                });
            }
            ["tls-version", "1.2"] => tls.version = Some(SslVersion::TLS1_2),
            ["tls-version", "1.3"] => tls.version = Some(SslVersion::TLS1_3),
            ["tls-tickets", count] => {
                tls.tickets = Some(count.parse().map_err(|_| "tls-tickets COUNT")?);
            }
            ["tls-dribble", ms] => {
                tls.dribble = Some(ms.parse().map_err(|_| "tls-dribble MILLISECONDS")?);
            }
            ["tls-silent"] => tls.silent = Some(true),
            _ => {
                return Err("tls FOLDER [CERTIFICATE] or tls off, tls-client-auth MODE, \
                    tls-version 1.2|1.3, tls-tickets COUNT, tls-dribble MS, tls-silent"
                    .into());
            }
        }
        Ok(tls)
    }

    /// Takes over what another line says and none before it said.
    pub fn add(&mut self, other: Self) {
        self.certificate = self.certificate.take().or(other.certificate);
        self.client_auth = self.client_auth.or(other.client_auth);
        self.version = self.version.or(other.version);
        self.tickets = self.tickets.or(other.tickets);
        self.dribble = self.dribble.or(other.dribble);
        self.silent = self.silent.or(other.silent);
    }

    /// Whether there are lines of which nothing can come without a folder.
    pub fn lacks_folder(&self) -> bool {
        self.certificate.is_none() && *self != Self::default()
    }

    /// What the node does with connections; `None` where it speaks without TLS.
    pub fn acceptor(&self) -> Result<Option<Acceptor>, String> {
        let Some(Some((folder, name))) = &self.certificate else { return Ok(None) };
        let certificates = Certificates::open(folder)?;
        let (certificate, key) = certificates.pair(name)?;
        let make = || -> Result<SslContext, ErrorStack> {
            let mut builder = SslContext::builder(SslMethod::tls_server())?;
            builder.set_certificate_chain_file(certificate)?;
            builder.set_private_key_file(key, SslFiletype::PEM)?;
            builder.set_ca_file(certificates.file("ca.pem"))?;
            builder.set_verify(self.client_auth.unwrap_or(SslVerifyMode::NONE));
            // Without it a session of a client with a certificate cannot be taken up again.
            builder.set_session_id_context(b"fake-node")?;
            builder.set_options(SslOptions::NO_RENEGOTIATION);
            builder.set_min_proto_version(self.version.or(Some(SslVersion::TLS1_2)))?;
            builder.set_max_proto_version(self.version)?;
            if let Some(count) = self.tickets {
                builder.set_num_tickets(count)?;
            }
            // The name that a client asks for is remembered only where somebody takes it.
            builder.set_servername_callback(|_, _| Ok(()));
            Ok(builder.build())
        };
        let context = make().map_err(|error| format!("TLS: {error}"))?;
        let silent = self.silent.unwrap_or(false);
        Ok(Some(Acceptor { context, dribble: self.dribble, silent }))
    }
}

#[cfg(test)]
mod tests {
    use super::super::words;
    use super::*;

    #[test]
    fn the_first_of_each_kind_holds() {
        let line = |text: &str| Tls::parse(&words::split(text).unwrap());
        let mut tls = line("tls-version 1.2").unwrap();
        assert!(tls.lacks_folder());
        for text in ["tls \"/a b\" names", "tls-silent", "tls-version 1.3", "tls off"] {
            tls.add(line(text).unwrap());
        }
        assert!(!tls.lacks_folder());
        assert_eq!(tls.certificate, Some(Some(("/a b".into(), "names".into()))));
        assert_eq!((tls.version, tls.silent), (Some(SslVersion::TLS1_2), Some(true)));
        assert!(line("tls off").unwrap().acceptor().unwrap().is_none());
        for bad in ["tls", "tls-version 1.1", "tls-client-auth yes", "tls-dribble x", "tls a b c"] {
            assert!(line(bad).is_err(), "{bad}");
        }
    }
}
