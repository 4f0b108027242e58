//! The client's certificate and its key.

use native_tls::Identity;
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use zeroize::Zeroizing;

use super::authorities::certificates;
use super::{contents, refused};
use crate::error::{Error, Result, Status};
use crate::options::{Options, Secret};

const CERTIFICATE: &str = "ssl_certfile";
const KEY: &str = "ssl_keyfile";

/// What the options name; None where they name nothing. The key may stand in the certificate's file.
pub(super) fn read(options: &Options) -> Result<Option<Identity>> {
    let Some(certificate_file) = &options.ssl_certfile else { return Ok(None) };
    let certificate = contents(CERTIFICATE, certificate_file)?;
    certificates(&certificate)
        .map_err(|problem| refused(CERTIFICATE, format_args!("{certificate_file} {problem}")))?;

    let (option, key_file) = match &options.ssl_keyfile {
        Some(file) => (KEY, file),
        None => (CERTIFICATE, certificate_file),
    };
    let key = match option {
        KEY => contents(KEY, key_file)?,
        _ => certificate.clone(),
    };
    let key = decrypted(&key, options.ssl_password.as_ref()).map_err(|problem| {
        let advice = if option == CERTIFICATE { " (ssl_keyfile names the key's file)" } else { "" };
        refused(option, format_args!("{key_file} {problem}{advice}"))
    })?;

    let fits = || -> Result<bool, ErrorStack> {
        Ok(X509::from_pem(&certificate)?.public_key()?.public_eq(&key))
    };
    if !fits().unwrap_or(false) {
        return Err(refused(
            option,
            format_args!(
                "the key in {key_file} does not fit the certificate in {certificate_file}"
            ),
        ));
    }
    // native-tls takes a key in this form alone.
    let identity = key.private_key_to_pem_pkcs8().map(Zeroizing::new).ok();
    let identity = identity.and_then(|key| Identity::from_pkcs8(&certificate, &key).ok());
    identity.map(Some).ok_or_else(|| {
        Error::new(
            Status::Config,
            format!("certificate {certificate_file} and key {key_file} cannot be used for TLS"),
        )
    })
}

/// The key in the text, PKCS#8 or of the traditional form. OpenSSL asks for a password through the
/// callback alone, so that it never prompts.
fn decrypted(text: &[u8], password: Option<&Secret>) -> Result<PKey<Private>, &'static str> {
    let mut asked = false;
    let key = PKey::private_key_from_pem_callback(text, |space| {
        asked = true;
        let password = password.map_or("", Secret::reveal).as_bytes();
        match space.get_mut(..password.len()) {
            Some(space) if !password.is_empty() => {
                space.copy_from_slice(password);
                Ok(password.len())
            }
            _ => Err(ErrorStack::get()),
        }
    });
    key.map_err(|_| match (asked, password) {
        (false, _) => "holds no private key in PEM form",
        (true, None) => "holds an encrypted key: set ssl_password",
        (true, Some(_)) => "holds an encrypted key that ssl_password does not open",
    })
}
