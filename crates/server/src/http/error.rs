//! Errors over HTTP: a status, a code the window has words for, and a line for a log. A refusal is not an error.

use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use baton_protocol::{ApiError, ErrorCode};
use baton_store::server::StoreError;

use crate::referee::{Fault, SubmitError};

/// What went wrong with a request.
#[derive(Debug)]
pub struct Problem(ApiError);

/// A handler's answer.
pub type Answered<T> = Result<T, Problem>;

impl Problem {
    /// A problem with a code and a line for a developer.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self(ApiError {
            code,
            message: message.into(),
        })
    }

    /// Not signed in, or not any more.
    #[must_use]
    pub fn signed_out() -> Self {
        Self::new(ErrorCode::SignedOut, "sign in first")
    }

    /// Signed in, but not allowed.
    pub fn not_permitted(needs: &str) -> Self {
        Self::new(ErrorCode::NotPermitted, needs)
    }

    /// No such thing, or none this caller may know of.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "no such thing")
    }

    /// A defect of ours: the cause goes to the log, not over the wire.
    pub fn internal(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "a request failed");
        Self::new(ErrorCode::Internal, "the server failed; its log says why")
    }

    /// What goes over the wire.
    #[must_use]
    pub fn api(&self) -> &ApiError {
        &self.0
    }

    fn status(&self) -> StatusCode {
        match self.0.code {
            ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
            ErrorCode::SignedOut | ErrorCode::WrongPassword => StatusCode::UNAUTHORIZED,
            ErrorCode::TooManyAttempts => StatusCode::TOO_MANY_REQUESTS,
            ErrorCode::NotPermitted => StatusCode::FORBIDDEN,
            ErrorCode::NotFound => StatusCode::NOT_FOUND,
            ErrorCode::InvitationGone => StatusCode::GONE,
            ErrorCode::DigestMismatch | ErrorCode::MailboxRefused | ErrorCode::CertificateRefused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            ErrorCode::DiskFull => StatusCode::INSUFFICIENT_STORAGE,
            ErrorCode::StoreUnavailable | ErrorCode::Unreachable => StatusCode::SERVICE_UNAVAILABLE,
            ErrorCode::UpdateNeeded => StatusCode::UPGRADE_REQUIRED,
            ErrorCode::KeyringUnavailable | ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let mut response = (status, Json(self.0)).into_response();
        if status == StatusCode::UNAUTHORIZED {
            let scheme = axum::http::HeaderValue::from_static("Bearer");
            response
                .headers_mut()
                .insert(axum::http::header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let code = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            ErrorCode::TooLarge
        } else {
            ErrorCode::BadRequest
        };
        Self::new(code, rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(rejection: PathRejection) -> Self {
        Self::new(ErrorCode::BadRequest, rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(ErrorCode::BadRequest, rejection.body_text())
    }
}

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        Self::new(ErrorCode::TooLarge, rejection.body_text())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        if error.is_disk_full() {
            return Self::new(ErrorCode::DiskFull, "no room on the server's disk");
        }
        match error {
            StoreError::Query(_) | StoreError::Connect(_) => {
                tracing::error!(%error, "the database did not answer");
                Self::new(ErrorCode::StoreUnavailable, "the database did not answer")
            }
            error => Self::internal(&error),
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Store(Fault::Full(_)) => Self::new(ErrorCode::DiskFull, "no room on the server's disk"),
            SubmitError::Store(Fault::Unavailable(_)) | SubmitError::Stopped => Self::new(
                ErrorCode::StoreUnavailable,
                "it was not decided; the same may be asked again",
            ),
            // Only a host hears this, and its port says it in its own words.
            SubmitError::Store(Fault::Rejected(_) | Fault::NotHost) => Self::internal(&error),
        }
    }
}
