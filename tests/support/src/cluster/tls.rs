//! How the servers of a cluster speak TLS, and how this module then speaks to them.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Duration;

use openssl::ssl::{SslConnector, SslMethod, SslStream, SslVerifyMode};

use crate::certificates::Certificates;

/// Whether servers demand certificates of their clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// A client without one is turned away.
    Required,
    /// One that is shown must be good.
    Optional,
    /// None is asked for.
    Off,
}

/// A cluster that speaks nothing but TLS: to clients, to replicas and on its bus.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The folder of certificates; filled where it is missing or empty.
    pub folder: PathBuf,
    /// Which of its certificates the servers have: `server`, `names`, …
    pub certificate: String,
    /// Whether clients need one.
    pub auth: ClientAuth,
}

impl Tls {
    /// Servers with the certificate `server` of a folder, which demand one of clients.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), certificate: "server".into(), auth: ClientAuth::Required }
    }

    /// What a server's configuration says of it.
    pub(super) fn lines(&self, certificates: &Certificates) -> Result<Vec<String>, String> {
        let (certificate, key) = certificates.pair(&self.certificate)?;
        let auth = match self.auth {
            ClientAuth::Required => "yes",
            ClientAuth::Optional => "optional",
            ClientAuth::Off => "no",
        };
        Ok(vec![
            format!("tls-cert-file \"{}\"", certificate.display()),
            format!("tls-key-file \"{}\"", key.display()),
            format!("tls-ca-cert-file \"{}\"", certificates.file("ca.pem").display()),
            format!("tls-auth-clients {auth}"),
            "tls-cluster yes".into(),
            "tls-replication yes".into(),
        ])
    }
}

/// What connections to the servers begin with: our own certificate.
pub(super) fn connector(certificates: &Certificates) -> Result<SslConnector, String> {
    let (certificate, key) = certificates.pair("client")?;
    let make = || {
        let mut builder = SslConnector::builder(SslMethod::tls_client())?;
        builder.set_certificate_chain_file(certificate)?;
        builder.set_private_key_file(key, openssl::ssl::SslFiletype::PEM)?;
        // The servers are ours, and some have certificates that are there to be refused by others.
        builder.set_verify(SslVerifyMode::NONE);
        Ok(builder.build())
    };
    make().map_err(|error: openssl::error::ErrorStack| format!("TLS: {error}"))
}

/// A connection with TLS or without.
pub(super) enum Stream {
    Plain(TcpStream),
    Tls(Box<SslStream<TcpStream>>),
}

impl Stream {
    pub fn new(stream: TcpStream, connector: Option<&SslConnector>) -> Result<Self, String> {
        let Some(connector) = connector else { return Ok(Self::Plain(stream)) };
        let ssl = connector.configure().map_err(|error| error.to_string())?;
        let ssl = ssl.use_server_name_indication(false).verify_hostname(false);
        match ssl.connect("", stream) {
            Ok(stream) => Ok(Self::Tls(Box::new(stream))),
            Err(error) => Err(format!("TLS handshake: {error}")),
        }
    }

    pub fn set_read_timeout(&self, time: Duration) {
        let stream = match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref(),
        };
        let _ = stream.set_read_timeout(Some(time));
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer),
            Self::Tls(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
