//! TLS, by native-tls over the system's OpenSSL: whom to trust, who we are, and a session over a socket.

mod agreeing;
mod authorities;
mod cause;
mod ciphertext;
mod identity;
mod session;

use std::fs;

use native_tls::{Protocol, TlsConnector, TlsConnectorBuilder};
use zeroize::Zeroizing;

use crate::error::{Error, Result, Status};
use crate::options::{CertReqs, Options, TlsVersion};
use crate::os::fork::PerProcess;

use super::failure::Failure;

pub use agreeing::{Agreed, Agreeing};
pub use ciphertext::Records;
pub use session::Session;

/// What all TLS connections of a pool are made by: the certificates, read once.
///
/// OpenSSL keeps locks in the context behind a `TlsConnector`, and the closing of a connection takes one.
/// A child whose parent was closing one at the fork would find it locked for good, so it makes a context
/// of its own, of what was read before.
pub struct Connector {
    builder: TlsConnectorBuilder,
    /// None: it could not be made again. The first one was made with the rest.
    native: PerProcess<Option<TlsConnector>>,
    /// A client certificate is shown to servers that ask for one.
    has_identity: bool,
}

impl Connector {
    /// Reads the files that the `ssl_` options name. With a CA given, no other is trusted.
    ///
    /// # Errors
    /// CONFIG: what cannot be read or does not fit, with option and file.
    pub fn new(options: &Options) -> Result<Self> {
        let mut builder = TlsConnector::builder();
        builder.min_protocol_version(Some(match options.ssl_min_version {
            TlsVersion::Tls12 => Protocol::Tlsv12,
            TlsVersion::Tls13 => Protocol::Tlsv13,
        }));
        if options.ssl_cert_reqs == CertReqs::None {
            builder.danger_accept_invalid_certs(true);
        }
        if options.ssl_cert_reqs == CertReqs::None || !options.ssl_check_hostname {
            builder.danger_accept_invalid_hostnames(true);
        }
        if let Some(authorities) = authorities::read(options)? {
            builder.disable_built_in_roots(true);
            for certificate in authorities {
                builder.add_root_certificate(certificate);
            }
        }
        let identity = identity::read(options)?;
        let has_identity = identity.is_some();
        if let Some(identity) = identity {
            builder.identity(identity);
        }
        let native = builder.build().map_err(|error| {
            Error::new(Status::Config, format!("TLS cannot be set up as the options say: {error}"))
        })?;
        let made = PerProcess::new();
        made.get_or_make(|| Some(native.clone()));
        Ok(Self { builder, native: made, has_identity })
    }

    /// This process's.
    fn native(&self) -> Result<&TlsConnector, Failure> {
        let native = self.native.get_or_make(|| self.builder.build().ok());
        let failure = || Failure::Tls("TLS cannot be set up again after the fork".into());
        Option::as_ref(native).ok_or_else(failure)
    }
}

/// What a file holds, in memory that is overwritten when dropped: it may be a key.
fn contents(option: &str, path: &str) -> Result<Zeroizing<Vec<u8>>> {
    fs::read(path)
        .map(Zeroizing::new)
        .map_err(|error| refused(option, format_args!("{path} cannot be read: {error}")))
}

fn refused(option: &str, problem: impl std::fmt::Display) -> Error {
    Error::new(Status::Config, format!("option \"{option}\": {problem}"))
}
