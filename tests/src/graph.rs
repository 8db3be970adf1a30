//! A local server that speaks Microsoft Graph's mail API as it is documented, as far as Baton uses it.
//!
//! It is strict where the documentation is: without a token nothing is told, an id that was not asked for as an immutable one opens
//! nothing, MIME comes as base64 in `text/plain`, a property that does not exist is an error, and who does not wait as long as told to
//! is counted. A message to the mailbox itself arrives in it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;

/// The token that opens the mailbox at first.
pub const TOKEN: &str = "a-good-token";

/// The most bytes of a request with MIME.
const REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// A message as the mailbox keeps it.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its immutable id.
    pub id: String,
    /// The folder's well-known name.
    pub folder: &'static str,
    /// Its bytes.
    pub raw: Vec<u8>,
    /// When it came, UTC epoch milliseconds.
    pub received_ms: i64,
    /// Whether somebody read it.
    pub read: bool,
    changed: u64,
}

/// What becomes of the next message that is handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sending {
    /// It is taken.
    #[default]
    Takes,
    /// It is taken, and the answer is lost on the way.
    TakesAndFails,
    /// It is lost, and so is the answer.
    LosesAndFails,
}

/// The mailbox.
#[derive(Debug, Default)]
pub struct Mailbox {
    /// Its messages.
    pub messages: Vec<Message>,
    /// What was handed in, with everybody it was for.
    pub sent: Vec<(Vec<String>, Vec<u8>)>,
    /// Requests that made no sense, in words.
    pub wrong: Vec<String>,
    /// Every request that was let in.
    pub heard: Vec<String>,
    /// Requests that came though their sender was told to wait.
    pub impatient: usize,
    /// What becomes of the next message.
    pub sending: Sending,
    token: String,
    counter: u64,
    removed: Vec<(String, &'static str, u64)>,
    listings: HashMap<String, Listing>,
    quiet_until: Option<Instant>,
    quiet_for: Option<Duration>,
}

#[derive(Debug, Clone)]
struct Listing {
    folder: &'static str,
    left: Vec<Value>,
    upto: u64,
}

/// The server.
#[derive(Debug)]
pub struct Graph {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    user: String,
    origin: String,
    page: usize,
    now_ms: fn() -> i64,
    state: Mutex<Mailbox>,
}

impl Drop for Graph {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Graph {
    /// Starts it with an empty mailbox of this person; its pages have at most so many messages, and what it takes came at `now_ms`.
    ///
    /// # Errors
    /// When there is no port.
    pub async fn start(user: &str, page: usize, now_ms: fn() -> i64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            user: user.to_owned(),
            origin: format!("http://127.0.0.1:{port}"),
            page,
            now_ms,
            state: Mutex::new(Mailbox {
                token: TOKEN.to_owned(),
                ..Mailbox::default()
            }),
        });
        let router = Router::new()
            .fallback(answer)
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(Arc::clone(&shared));
        let task = tokio::spawn(async move {
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { port, shared, task })
    }

    /// The API's address.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/v1.0", self.port)
    }

    /// The mailbox.
    pub fn mailbox(&self) -> MutexGuard<'_, Mailbox> {
        self.shared.lock()
    }
}

impl Mailbox {
    /// A message comes into a folder, `inbox` or `sentitems`.
    pub fn put(&mut self, folder: &'static str, raw: &[u8], received_ms: i64) -> String {
        self.counter += 1;
        let id = format!("AAkALg{:06}==", self.counter);
        self.messages.push(Message {
            id: id.clone(),
            folder,
            raw: raw.to_vec(),
            received_ms,
            read: false,
            changed: self.counter,
        });
        id
    }

    /// Somebody reads a message elsewhere.
    pub fn read(&mut self, id: &str) {
        self.counter += 1;
        let counter = self.counter;
        for message in self.messages.iter_mut().filter(|message| message.id == id) {
            (message.read, message.changed) = (true, counter);
        }
    }

    /// Somebody deletes a message for good.
    pub fn remove(&mut self, id: &str) {
        self.counter += 1;
        if let Some(at) = self.messages.iter().position(|message| message.id == id) {
            let message = self.messages.remove(at);
            self.removed.push((message.id, message.folder, self.counter));
        }
    }

    /// From now on another token is needed.
    pub fn wants(&mut self, token: &str) {
        token.clone_into(&mut self.token);
    }

    /// No link given so far is honoured any more.
    pub fn forget(&mut self) {
        self.listings.clear();
    }

    /// The next request is told to wait so long, and so is everybody who does not.
    pub fn throttle(&mut self, time: Duration) {
        self.quiet_for = Some(time);
    }

    fn begin(&mut self, folder: &'static str, left: Vec<Value>) -> Listing {
        Listing {
            folder,
            left,
            upto: self.counter,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let body = json!({"error": {"code": code, "message": message, "innerError": {"request-id": "1"}}});
    (status, axum::Json(body)).into_response()
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut mailbox = shared.lock();
    let now = Instant::now();
    if mailbox.quiet_until.is_some_and(|until| now < until) {
        mailbox.impatient += 1;
        return told_to_wait(Duration::from_secs(1));
    }
    if let Some(time) = mailbox.quiet_for.take() {
        mailbox.quiet_until = Some(now + time);
        return told_to_wait(time);
    }
    let bearer = headers.get("authorization").and_then(|value| value.to_str().ok());
    if bearer != Some(&format!("Bearer {}", mailbox.token)) {
        return error(
            StatusCode::UNAUTHORIZED,
            "InvalidAuthenticationToken",
            "Access token is empty, expired or not for this mailbox.",
        );
    }
    let path = percent(uri.path());
    mailbox.heard.push(format!("{method} {path}"));
    let query: BTreeMap<String, String> = url_pairs(uri.query().unwrap_or_default());
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let response = match (method.as_str(), segments.as_slice()) {
        (_, ["v1.0", "users", user, ..]) if *user != shared.user => error(
            StatusCode::NOT_FOUND,
            "ErrorInvalidUser",
            "The requested user is invalid.",
        ),
        ("GET", ["v1.0", "users", _, "mailFolders", name]) => folder(&mailbox, name, &query),
        ("GET", ["v1.0", "users", _, "mailFolders", name, "messages", "delta"]) => {
            delta(&shared, &mut mailbox, name, &query, &headers)
        }
        ("GET", ["v1.0", "users", _, "mailFolders", "sentitems", "messages"]) => found(&mailbox, &query),
        ("GET", ["v1.0", "users", _, "messages", id]) => one(&mailbox, id),
        ("GET", ["v1.0", "users", _, "messages", id, "$value"]) => value(&mailbox, id),
        ("DELETE", ["v1.0", "users", _, "messages", id]) => {
            let known = mailbox.messages.iter().any(|message| message.id == *id);
            mailbox.remove(id);
            if known {
                StatusCode::NO_CONTENT.into_response()
            } else {
                missing()
            }
        }
        ("POST", ["v1.0", "users", user, "sendMail"]) => {
            let user = (*user).to_owned();
            send(&mut mailbox, &user, (shared.now_ms)(), &headers, &body)
        }
        _ => error(StatusCode::NOT_FOUND, "ResourceNotFound", "No such thing."),
    };
    if response.status().is_client_error() && response.status() != StatusCode::GONE {
        let status = response.status();
        mailbox.wrong.push(format!("{method} {path}: {status}"));
    }
    response
}

fn told_to_wait(time: Duration) -> Response {
    let mut response = error(
        StatusCode::TOO_MANY_REQUESTS,
        "ApplicationThrottled",
        "Application is over its MailboxConcurrency limit.",
    );
    let seconds = time.as_secs_f64().ceil().to_string();
    if let Ok(value) = seconds.parse() {
        response.headers_mut().insert("retry-after", value);
    }
    response
}

fn missing() -> Response {
    error(
        StatusCode::NOT_FOUND,
        "ErrorItemNotFound",
        "The specified object was not found in the store.",
    )
}

fn well_known(name: &str) -> Option<(&'static str, &'static str)> {
    match name {
        "inbox" => Some(("inbox", "Inbox")),
        "sentitems" => Some(("sentitems", "Sent Items")),
        _ => None,
    }
}

fn selected(query: &BTreeMap<String, String>, known: &[&str]) -> Result<Vec<String>, Box<Response>> {
    let asked: Vec<String> = query
        .get("$select")
        .map(|list| list.split(',').map(str::to_owned).collect())
        .unwrap_or_default();
    match asked.iter().find(|name| !known.contains(&name.as_str())) {
        None => Ok(asked),
        Some(name) => Err(Box::new(error(
            StatusCode::BAD_REQUEST,
            "RequestBroker--ParseUri",
            &format!("Could not find a property named '{name}'."),
        ))),
    }
}

fn folder(mailbox: &Mailbox, name: &str, query: &BTreeMap<String, String>) -> Response {
    let Some((name, shown)) = well_known(name) else {
        return missing();
    };
    if let Err(bad) = selected(query, &["id", "displayName", "totalItemCount"]) {
        return *bad;
    }
    let count = mailbox.messages.iter().filter(|message| message.folder == name).count();
    axum::Json(json!({"id": format!("folder-{name}"), "displayName": shown, "totalItemCount": count})).into_response()
}

const PROPERTIES: &[&str] = &[
    "id",
    "receivedDateTime",
    "isRead",
    "isDraft",
    "hasAttachments",
    "flag",
    "internetMessageId",
];

fn shown(message: &Message, immutable: bool) -> Value {
    let at = jiff::Timestamp::from_millisecond(message.received_ms).unwrap_or_default();
    let id = if immutable {
        message.id.clone()
    } else {
        format!("AAMk-{}-{}", message.folder, message.id)
    };
    json!({
        "@odata.etag": format!("W/\"{}\"", message.changed), "id": id,
        "receivedDateTime": at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(), "isRead": message.read, "isDraft": false,
        "hasAttachments": message.raw.windows(22).any(|part| part == b"Content-Disposition: a"),
        "flag": {"flagStatus": "notFlagged"},
    })
}

fn delta(
    shared: &Shared,
    mailbox: &mut Mailbox,
    name: &str,
    query: &BTreeMap<String, String>,
    headers: &HeaderMap,
) -> Response {
    let Some((name, _)) = well_known(name) else {
        return missing();
    };
    let prefers: String = headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect::<Vec<_>>()
        .join(",");
    let immutable = prefers.contains("IdType=\"ImmutableId\"");
    let token = query.get("$skiptoken").or(query.get("$deltatoken"));
    let mut listing = match token {
        Some(token) => match mailbox.listings.get(token).cloned() {
            Some(listing) if listing.folder == name => listing,
            _ => {
                return error(
                    StatusCode::GONE,
                    "SyncStateNotFound",
                    "The sync state generation is not found.",
                );
            }
        },
        None => {
            if let Err(bad) = selected(query, PROPERTIES) {
                return *bad;
            }
            if query
                .get("$orderby")
                .is_some_and(|order| order != "receivedDateTime desc")
            {
                return error(
                    StatusCode::BAD_REQUEST,
                    "ErrorInvalidUrlQuery",
                    "This order is not supported.",
                );
            }
            let mut all: Vec<&Message> = mailbox
                .messages
                .iter()
                .filter(|message| message.folder == name)
                .collect();
            all.sort_by_key(|message| std::cmp::Reverse(message.received_ms));
            let left = all.into_iter().map(|message| shown(message, immutable)).collect();
            mailbox.begin(name, left)
        }
    };
    if query.contains_key("$deltatoken") {
        let since = listing.upto;
        let changed = mailbox
            .messages
            .iter()
            .filter(|message| message.folder == name && message.changed > since);
        let mut left: Vec<Value> = changed.map(|message| shown(message, immutable)).collect();
        let gone = mailbox.removed.iter().filter(|(_, of, at)| *of == name && *at > since);
        left.extend(gone.map(|(id, _, _)| json!({"id": id, "@removed": {"reason": "deleted"}})));
        listing = mailbox.begin(name, left);
    }
    let rest = listing.left.split_off(listing.left.len().min(shared.page));
    let page = std::mem::replace(&mut listing.left, rest);
    mailbox.counter += 1;
    let token = format!("t{}", mailbox.counter);
    let (link, kind) = if listing.left.is_empty() {
        ("@odata.deltaLink", "$deltatoken")
    } else {
        ("@odata.nextLink", "$skiptoken")
    };
    mailbox.listings.insert(token.clone(), listing);
    let href = format!(
        "{}/v1.0/users/{}/mailFolders/{name}/messages/delta?{kind}={token}",
        shared.origin, shared.user
    );
    axum::Json(json!({"@odata.context": "messages", "value": page, link: href})).into_response()
}

fn one(mailbox: &Mailbox, id: &str) -> Response {
    match mailbox.messages.iter().find(|message| message.id == id) {
        Some(message) => axum::Json(shown(message, true)).into_response(),
        None => missing(),
    }
}

fn value(mailbox: &Mailbox, id: &str) -> Response {
    match mailbox.messages.iter().find(|message| message.id == id) {
        Some(message) => ([("content-type", "text/plain")], message.raw.clone()).into_response(),
        None => missing(),
    }
}

/// The two filters Baton asks with.
fn found(mailbox: &Mailbox, query: &BTreeMap<String, String>) -> Response {
    let Some(filter) = query.get("$filter") else {
        return error(StatusCode::BAD_REQUEST, "ErrorInvalidUrlQuery", "Only filtered here.");
    };
    let wanted = if let Some(id) = filter.strip_prefix("internetMessageId eq '") {
        format!("Message-ID: {}", id.trim_end_matches('\''))
    } else if let Some(rest) = filter.strip_prefix(
        "singleValueExtendedProperties/Any(ep: ep/id eq 'String {00020386-0000-0000-C000-000000000046} Name ",
    ) && let Some((name, value)) = rest.split_once("' and ep/value eq '")
    {
        format!("{name}: {}", value.trim_end_matches("')"))
    } else {
        return error(
            StatusCode::BAD_REQUEST,
            "ErrorInvalidUrlQuery",
            "The filter clause is invalid.",
        );
    };
    let sent = mailbox.messages.iter().filter(|message| message.folder == "sentitems");
    let value: Vec<Value> = sent
        .filter(|message| {
            let text = String::from_utf8_lossy(&message.raw);
            text.lines().any(|line| line.eq_ignore_ascii_case(&wanted))
        })
        .map(|message| json!({"id": message.id}))
        .collect();
    axum::Json(json!({"value": value})).into_response()
}

fn send(mailbox: &mut Mailbox, user: &str, now_ms: i64, headers: &HeaderMap, body: &[u8]) -> Response {
    let kind = headers.get("content-type").and_then(|value| value.to_str().ok());
    if kind.is_none_or(|kind| !kind.starts_with("text/plain")) {
        return error(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            "MIME comes as text/plain.",
        );
    }
    if body.len() > REQUEST_BYTES {
        return error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestEntityTooLarge",
            "The request is too large.",
        );
    }
    let Some(raw) = STANDARD.decode(body).ok().filter(|raw| !raw.is_empty()) else {
        return error(
            StatusCode::BAD_REQUEST,
            "ErrorMimeContentInvalidBase64String",
            "Invalid base64 string for MIME content.",
        );
    };
    let (to, raw) = recipients(&raw);
    if to.is_empty() {
        return error(
            StatusCode::BAD_REQUEST,
            "ErrorInvalidRecipients",
            "At least one recipient isn't valid.",
        );
    }
    let sending = std::mem::take(&mut mailbox.sending);
    if sending != Sending::LosesAndFails {
        mailbox.put("sentitems", &raw, now_ms);
        if to.iter().any(|one| one.eq_ignore_ascii_case(user)) {
            mailbox.put("inbox", &raw, now_ms);
        }
        mailbox.sent.push((to, raw));
    }
    if sending == Sending::Takes {
        return (StatusCode::ACCEPTED, [("request-id", "8b25")]).into_response();
    }
    // An answer that breaks off: nobody can tell from it what became of the message.
    let cut = futures::stream::iter([Err::<Bytes, _>(std::io::Error::other("cut"))]);
    let mut response = Response::new(Body::from_stream(cut));
    *response.status_mut() = StatusCode::GATEWAY_TIMEOUT;
    response
}

/// Everybody a message is for, and the message without its Bcc.
fn recipients(raw: &[u8]) -> (Vec<String>, Vec<u8>) {
    let text = String::from_utf8_lossy(raw).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.as_str(), ""));
    let mut fields: Vec<String> = Vec::new();
    for line in head.split("\r\n") {
        match fields.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => {
                last.push_str("\r\n");
                last.push_str(line);
            }
            _ => fields.push(line.to_owned()),
        }
    }
    let is = |field: &str, name: &str| field.split(':').next().is_some_and(|of| of.eq_ignore_ascii_case(name));
    let named = fields
        .iter()
        .filter(|field| ["To", "Cc", "Bcc"].iter().any(|name| is(field, name)));
    let to = named
        .flat_map(|field| {
            field
                .split([' ', '<', '>', ',', ':', '\r', '\n', '\t'])
                .filter(|word| word.contains('@'))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect();
    fields.retain(|field| !is(field, "Bcc"));
    (to, format!("{}\r\n\r\n{body}", fields.join("\r\n")).into_bytes())
}

fn url_pairs(query: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x/?{query}"));
    url.map(|url| url.query_pairs().into_owned().collect())
        .unwrap_or_default()
}

fn percent(path: &str) -> String {
    let plain = path.replace("%40", "@").replace("%3D", "=").replace("%24", "$");
    plain.replace("%3d", "=")
}
