//! The network: HTTP for what is asked once, a WebSocket for what goes on. Thin: what to say and what an answer means is decided
//! elsewhere.

mod backoff;
mod companies;
mod hosts;
mod http;
mod images;
mod rules;
mod socket;

pub(crate) use backoff::Backoff;
pub(crate) use http::{Address, Http};
pub(crate) use images::fetch_images;
pub(crate) use socket::{OpenError, Socket, open};

use baton_protocol::{ApiError, ErrorCode};

/// An error of ours, in the window's form.
pub(crate) fn error(code: ErrorCode, message: impl Into<String>) -> ApiError {
    ApiError {
        code,
        message: message.into(),
    }
}

/// What kind of trouble a failed connection is, by the words of its causes: they come from several libraries, and only the
/// words survive.
pub(crate) fn connection_error(cause: &(dyn std::error::Error + 'static)) -> ApiError {
    let mut words = cause.to_string();
    let mut next = cause.source();
    while let Some(cause) = next {
        words.push_str(": ");
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    let certificate = ["certificate", "Certificate", "UnknownIssuer", "NotValidForName"];
    let code = if certificate.iter().any(|word| words.contains(word)) {
        ErrorCode::CertificateRefused
    } else {
        ErrorCode::Unreachable
    };
    error(code, words)
}
