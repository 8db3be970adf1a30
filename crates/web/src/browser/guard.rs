//! Who may speak to us, and what our pages may do.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// What the interface's pages may load: our own files, and pictures that the engine embedded.
const POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self'; \
    connect-src 'self'; frame-src 'self' about:; object-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const HEADERS: [(HeaderName, &str); 6] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The names under which we are spoken to.
#[derive(Debug, Clone)]
pub(super) struct Names(Arc<[String; 2]>);

impl Names {
    pub(super) fn of(address: SocketAddr) -> Self {
        Self(Arc::new([address.to_string(), format!("localhost:{}", address.port())]))
    }

    fn include(&self, name: &str) -> bool {
        self.0.iter().any(|ours| ours.eq_ignore_ascii_case(name))
    }

    /// Whether the request was meant for us, and comes from a page of ours or from no page at all.
    fn accept(&self, headers: &HeaderMap) -> bool {
        let host = text(headers, header::HOST);
        let origin = text(headers, header::ORIGIN);
        host.is_some_and(|host| self.include(host))
            && origin.is_none_or(|origin| origin.strip_prefix("http://").is_some_and(|name| self.include(name)))
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    // A header that is not text is somebody's mistake or trick: it is then a name that is not ours.
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// Refuses what was meant for another name, or comes from another page.
pub(super) async fn only_ours(State(names): State<Names>, request: Request, next: Next) -> Response {
    if names.accept(request.headers()) {
        next.run(request).await
    } else {
        StatusCode::FORBIDDEN.into_response()
    }
}

/// Says to the browser what the answer may be used for.
pub(super) async fn tighten(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn accepted(host: &str, origin: Option<&str>) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().unwrap());
        }
        Names::of("127.0.0.1:4000".parse().unwrap()).accept(&headers)
    }

    #[test]
    fn our_own_pages_are_answered() {
        assert!(accepted("127.0.0.1:4000", None));
        assert!(accepted("localhost:4000", Some("http://localhost:4000")));
    }

    #[test]
    fn a_name_made_to_resolve_to_us_is_refused() {
        assert!(!accepted("evil.example:4000", None));
        assert!(!accepted("127.0.0.1:4000.evil.example", None));
        assert!(!accepted("127.0.0.1", None));
    }

    #[test]
    fn another_page_is_refused() {
        assert!(!accepted("127.0.0.1:4000", Some("http://evil.example")));
        assert!(!accepted("127.0.0.1:4000", Some("null")));
        assert!(!accepted("127.0.0.1:4000", Some("https://127.0.0.1:4000")));
        assert!(!accepted("127.0.0.1:4000", Some("http://127.0.0.1:4001")));
    }
}
