//! The certificates of authorities (CAs) that the options name.

use std::fs;
use std::path::Path;

use native_tls::Certificate;
use zeroize::Zeroizing;

use super::{contents, refused};
use crate::error::Result;
use crate::options::Options;

const FILES: &str = "ssl_ca_certs";
const DATA: &str = "ssl_ca_data";

/// All of them; None where the options name none, and the system's are trusted.
pub(super) fn read(options: &Options) -> Result<Option<Vec<Certificate>>> {
    if options.ssl_ca_certs.is_none() && options.ssl_ca_data.is_none() {
        return Ok(None);
    }
    let mut authorities = Vec::new();
    if let Some(path) = &options.ssl_ca_certs {
        if Path::new(path).is_dir() {
            authorities = of_folder(path)?;
        } else {
            let found = certificates(&contents(FILES, path)?)
                .map_err(|problem| refused(FILES, format_args!("{path} {problem}")))?;
            authorities.extend(found);
        }
    }
    if let Some(data) = &options.ssl_ca_data {
        let found = certificates(data.as_bytes())
            .map_err(|problem| refused(DATA, format_args!("the text {problem}")))?;
        authorities.extend(found);
    }
    Ok(Some(authorities))
}

/// Those of every file in the folder that holds any; other files may lie beside them.
fn of_folder(path: &str) -> Result<Vec<Certificate>> {
    let unreadable =
        |error: std::io::Error| refused(FILES, format_args!("{path} cannot be read: {error}"));
    let mut authorities = Vec::new();
    for entry in fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if !file.is_file() {
            continue;
        }
        // A key, say, that is not ours to read.
        let Ok(text) = fs::read(&file).map(Zeroizing::new) else { continue };
        if !holds_certificate(&text) {
            continue;
        }
        let found = certificates(&text)
            .map_err(|problem| refused(FILES, format_args!("{} {problem}", file.display())))?;
        authorities.extend(found);
    }
    if authorities.is_empty() {
        return Err(refused(FILES, format_args!("the folder {path} holds no certificate")));
    }
    Ok(authorities)
}

const BEFORE_CERTIFICATE: &[u8] = b"CERTIFICATE-----";

fn holds_certificate(text: &[u8]) -> bool {
    holds(text, BEFORE_CERTIFICATE)
}

/// PEM lets certificates be encrypted, too. Nobody does that, but OpenSSL would ask at the terminal for the
/// password of such a one.
fn holds_encrypted_certificate(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(start) = find(rest, BEFORE_CERTIFICATE) {
        rest = &rest[start + BEFORE_CERTIFICATE.len()..];
        let end = find(rest, b"-----").unwrap_or(rest.len());
        if holds(&rest[..end], b"Proc-Type:") {
            return true;
        }
    }
    false
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

fn holds(text: &[u8], part: &[u8]) -> bool {
    find(text, part).is_some()
}

/// One or more certificates in PEM form; the error is what is wrong with the text.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<Certificate>, &'static str> {
    if holds_encrypted_certificate(text) {
        return Err("holds an encrypted certificate, which cannot be read");
    }
    match Certificate::stack_from_pem(text) {
        Ok(found) if !found.is_empty() => Ok(found),
        Err(_) if holds_certificate(text) => {
            Err("holds a certificate that cannot be read: is it whole, and in PEM form?")
        }
        _ => Err("holds no certificate in PEM form"),
    }
}
