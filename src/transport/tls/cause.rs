//! Why TLS failed, in words that say what to do.

use std::error::Error as _;
use std::io;

use openssl::error::ErrorStack;

/// OpenSSL numbers the alerts that a peer sends from here on (ssl.h: SSL_AD_REASON_OFFSET).
const ALERTS: i32 = 1000;

/// Alerts of RFC 8446, section 6.2, that a server sends about our certificate or the lack of one.
mod alert {
    pub(super) const HANDSHAKE_FAILURE: i32 = 40;
    pub(super) const BAD_CERTIFICATE: i32 = 42;
    pub(super) const UNSUPPORTED_CERTIFICATE: i32 = 43;
    pub(super) const CERTIFICATE_REVOKED: i32 = 44;
    pub(super) const CERTIFICATE_EXPIRED: i32 = 45;
    pub(super) const CERTIFICATE_UNKNOWN: i32 = 46;
    pub(super) const UNKNOWN_CA: i32 = 48;
    pub(super) const ACCESS_DENIED: i32 = 49;
    pub(super) const PROTOCOL_VERSION: i32 = 70;
    pub(super) const CERTIFICATE_REQUIRED: i32 = 116;
}

/// Empties this thread's queue of errors. What the program's own use of OpenSSL has left there would be taken
/// for a failure of the next call of ours.
pub(super) fn forget() {
    drop(ErrorStack::get());
}

/// Why a handshake failed. `name`: what the server's certificate should hold.
pub(super) fn of_handshake(error: &native_tls::Error, name: &str, has_identity: bool) -> String {
    // With the result of the certificate's check behind it, in parentheses.
    let text = error.to_string();
    let stack = error.source().and_then(|source| source.downcast_ref::<ErrorStack>());
    let reasons = stack.map(Reasons::of).unwrap_or_default();
    if reasons.has("certificate verify failed") {
        return of_certificate(&text, name);
    }
    of_reasons(&reasons, has_identity)
        .unwrap_or_else(|| format!("the TLS handshake failed: {}", reasons.shown(&text)))
}

/// Why an established session failed.
pub(super) fn of_session(error: &io::Error, has_identity: bool) -> String {
    let stack = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<openssl::ssl::Error>())
        .and_then(|error| error.ssl_error());
    let reasons = stack.map(Reasons::of).unwrap_or_default();
    of_reasons(&reasons, has_identity)
        .unwrap_or_else(|| format!("TLS failed: {}", reasons.shown(&error.to_string())))
}

fn of_certificate(text: &str, name: &str) -> String {
    let text = text.to_ascii_lowercase();
    let has = |words: &str| text.contains(words);
    if has("certificate has expired") {
        "the server's certificate has expired: renew it (or set this machine's clock)".into()
    } else if has("certificate is not yet valid") {
        "the server's certificate is not yet valid: set this machine's clock, or the certificate's \
         dates"
            .into()
    } else if has("hostname mismatch") || has("ip address mismatch") {
        format!(
            "the server's certificate is not for \"{name}\": set ssl_server_name to a name it holds, or \
             ssl_check_hostname=no"
        )
    } else if has("self signed certificate") || has("self-signed certificate") {
        "the server's certificate is signed by an authority that is not trusted, or by itself: give \
         the authority's certificate by ssl_ca_certs or ssl_ca_data"
            .into()
    } else if has("unable to get local issuer") || has("unable to verify the first certificate") {
        "the server's certificate is signed by an authority that is not trusted: give the authority's \
         certificate by ssl_ca_certs or ssl_ca_data"
            .into()
    } else {
        let result = text.rsplit_once('(').map_or(&*text, |(_, result)| result);
        format!("the server's certificate is refused: {}", result.trim_end_matches(')'))
    }
}

fn of_reasons(reasons: &Reasons, has_identity: bool) -> Option<String> {
    if let Some(alert) = reasons.alert() {
        return Some(match alert {
            alert::CERTIFICATE_REQUIRED | alert::HANDSHAKE_FAILURE | alert::BAD_CERTIFICATE
                if !has_identity =>
            {
                "the server asks for a client certificate: set ssl_certfile and ssl_keyfile".into()
            }
            alert::PROTOCOL_VERSION => older_server(),
            alert::BAD_CERTIFICATE
            | alert::UNSUPPORTED_CERTIFICATE
            | alert::CERTIFICATE_REVOKED
            | alert::CERTIFICATE_EXPIRED
            | alert::CERTIFICATE_UNKNOWN
            | alert::UNKNOWN_CA
            | alert::ACCESS_DENIED
                if has_identity =>
            {
                format!(
                    "the server refuses the client certificate of ssl_certfile ({})",
                    reasons.shown("")
                )
            }
            _ => format!("the server ended TLS: {}", reasons.shown("")),
        });
    }
    if reasons.has("wrong version number")
        || reasons.has("packet length too long")
        || reasons.has("http request")
        || reasons.has("unknown protocol")
    {
        return Some(
            "the server does not speak TLS on this port: check the port, or set ssl=no".into(),
        );
    }
    if reasons.has("unsupported protocol") {
        return Some(older_server());
    }
    None
}

fn older_server() -> String {
    "the server speaks no version of TLS that ssl_min_version allows".into()
}

/// What OpenSSL's queue of errors says, oldest first.
#[derive(Default)]
struct Reasons(Vec<(i32, String)>);

impl Reasons {
    fn of(stack: &ErrorStack) -> Self {
        let reasons = stack.errors().iter();
        Self(
            reasons
                .map(|error| (error.reason_code(), error.reason().unwrap_or_default().to_owned()))
                .collect(),
        )
    }

    fn has(&self, reason: &str) -> bool {
        self.0.iter().any(|(_, text)| text.contains(reason))
    }

    fn alert(&self) -> Option<i32> {
        let mut codes = self.0.iter().map(|&(code, _)| code - ALERTS);
        codes.find(|code| (0..=255).contains(code))
    }

    /// The last one's words, or others where there is none.
    fn shown<'a>(&'a self, otherwise: &'a str) -> &'a str {
        match self.0.last() {
            Some((_, text)) if !text.is_empty() => text,
            _ => otherwise,
        }
    }
}
