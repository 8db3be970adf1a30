//! From the first byte to a signed-in session.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_imap::error::Error;
use async_imap::{Authenticator, Client};
use futures::future::BoxFuture;
use imap_proto::{Capability, Response};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

use super::{ImapConn, ImapError, REPLY_TIMEOUT, Telling};
use crate::email::account::{ConnectError, Credential, EmailAccount, Endpoint, Secret, Security};
use crate::email::net::{self, Stream};
use crate::email::sasl::{self, TokenWay};

/// For the greeting and everything before signing in.
const GREETING_TIMEOUT: Duration = Duration::from_secs(30);
/// Characters of a line before signing in.
const LINE_LIMIT: usize = 8192;

/// A greeted and protected connection, still without a user, and what its server can do.
pub(in crate::email) struct Prepared {
    stream: Stream,
    capabilities: Vec<String>,
}

/// Connects, reads the greeting and starts TLS where that is the way.
pub(super) async fn prepared(endpoint: &Endpoint, extra_ca: Option<&str>) -> Result<Prepared, ConnectError> {
    greeted(net::connect_tcp(endpoint).await?, endpoint, extra_ca).await
}

/// The same over a connection that stands.
pub(in crate::email) async fn greeted(
    tcp: TcpStream,
    endpoint: &Endpoint,
    extra_ca: Option<&str>,
) -> Result<Prepared, ConnectError> {
    let mut stream = net::protect(tcp, endpoint, extra_ca).await?.stream;
    let greeting = line(endpoint, &mut stream).await?;
    if greeting.to_ascii_uppercase().starts_with("* BYE") {
        return Err(ConnectError::Busy {
            host: endpoint.host.clone(),
            reply: net::short(greeting.get(5..).unwrap_or_default()),
        });
    }
    if !greeting.to_ascii_uppercase().starts_with("* OK") {
        return Err(ConnectError::Protocol {
            host: endpoint.host.clone(),
            detail: format!("not an IMAP server: {}", net::short(&greeting)),
        });
    }
    let mut capabilities = ask(endpoint, &mut stream, "B1").await?;
    if endpoint.security == Security::StartTls {
        if !capabilities.iter().any(|known| known.eq_ignore_ascii_case("STARTTLS")) {
            return Err(ConnectError::NoTlsOffered {
                host: endpoint.host.clone(),
                port: endpoint.port,
            });
        }
        let (_, done) = dialogue(endpoint, &mut stream, "B2", "STARTTLS").await?;
        if !done {
            return Err(ConnectError::NoTlsOffered {
                host: endpoint.host.clone(),
                port: endpoint.port,
            });
        }
        stream = net::secure(stream, endpoint, extra_ca).await?;
        // What was said before TLS may have been said by anybody.
        capabilities = ask(endpoint, &mut stream, "B3").await?;
    }
    Ok(Prepared { stream, capabilities })
}

async fn line(endpoint: &Endpoint, stream: &mut Stream) -> Result<String, ConnectError> {
    match timeout(GREETING_TIMEOUT, net::read_line(stream, LINE_LIMIT)).await {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(error)) => Err(net::broken(endpoint, &error)),
        Err(_) => Err(net::timed_out(endpoint)),
    }
}

/// One command before signing in: its untagged lines, and whether it ended in OK.
async fn dialogue(
    endpoint: &Endpoint,
    stream: &mut Stream,
    tag: &str,
    command: &str,
) -> Result<(Vec<String>, bool), ConnectError> {
    let written = async {
        stream.write_all(format!("{tag} {command}\r\n").as_bytes()).await?;
        stream.flush().await
    };
    timeout(GREETING_TIMEOUT, written)
        .await
        .map_err(|_| net::timed_out(endpoint))?
        .map_err(|error| net::broken(endpoint, &error))?;
    let mut lines = Vec::new();
    for _ in 0..100 {
        let line = line(endpoint, stream).await?;
        match line.strip_prefix(tag).and_then(|rest| rest.strip_prefix(' ')) {
            Some(status) => return Ok((lines, status.to_ascii_uppercase().starts_with("OK"))),
            None => lines.push(line),
        }
    }
    Err(ConnectError::Protocol {
        host: endpoint.host.clone(),
        detail: "a reply without end".to_owned(),
    })
}

async fn ask(endpoint: &Endpoint, stream: &mut Stream, tag: &str) -> Result<Vec<String>, ConnectError> {
    let (lines, _) = dialogue(endpoint, stream, tag, "CAPABILITY").await?;
    let words = lines.iter().filter_map(|line| {
        line.get(..13)
            .filter(|start| start.eq_ignore_ascii_case("* CAPABILITY "))
            .and_then(|_| line.get(13..))
    });
    Ok(words.flat_map(str::split_whitespace).map(str::to_owned).collect())
}

/// One exchange: what is said first, and what to any further challenge, of which the last is kept: it tells why a token was refused.
struct Said {
    first: Zeroizing<String>,
    then: &'static str,
    begun: bool,
    told: Arc<Mutex<String>>,
}

impl Said {
    fn new(first: Zeroizing<String>, then: &'static str) -> (Self, Arc<Mutex<String>>) {
        let told = Arc::new(Mutex::new(String::new()));
        let said = Self {
            first,
            then,
            begun: false,
            told: Arc::clone(&told),
        };
        (said, told)
    }
}

impl Authenticator for Said {
    type Response = Zeroizing<String>;
    fn process(&mut self, challenge: &[u8]) -> Zeroizing<String> {
        if !std::mem::replace(&mut self.begun, true) {
            return std::mem::take(&mut self.first);
        }
        let told = net::short(&String::from_utf8_lossy(challenge));
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = told;
        Zeroizing::new(self.then.to_owned())
    }
}

impl ImapConn {
    pub(in crate::email) async fn sign_in(
        endpoint: Endpoint,
        prepared: Prepared,
        account: &EmailAccount,
        secret: &Secret,
    ) -> Result<Self, ConnectError> {
        let Prepared { stream, capabilities } = prepared;
        let offers = |word: &str| capabilities.iter().any(|known| known.eq_ignore_ascii_case(word));
        let none_offered = || ConnectError::NoLoginOffered {
            host: endpoint.host.clone(),
            offered: capabilities.join(" "),
        };
        let client = Client::new(stream);
        let mut told = Arc::default();
        let credential = secret.credential().await?;
        let attempt: BoxFuture<'_, _> = match &credential {
            Credential::Bearer(token) => {
                let way = TokenWay::of(|way| offers(&format!("AUTH={way}"))).ok_or_else(none_offered)?;
                let (said, why) = Said::new(way.response(&account.user, &endpoint, token), way.giving_in());
                told = why;
                Box::pin(client.authenticate(way.name(), said))
            }
            Credential::Password(password) if offers("AUTH=PLAIN") => {
                let (said, _) = Said::new(sasl::plain(&account.user, password), "");
                Box::pin(client.authenticate("PLAIN", said))
            }
            Credential::Password(_) if offers("LOGINDISABLED") => return Err(none_offered()),
            Credential::Password(password) => Box::pin(client.login(&account.user, password.as_str())),
        };
        let session = match timeout(REPLY_TIMEOUT, attempt)
            .await
            .map(|ended| ended.map_err(|(error, _)| error))
        {
            Ok(Ok(session)) => session,
            Ok(Err(Error::No(reply) | Error::Bad(reply))) => {
                let error = not_let_in(endpoint.host, &account.user, &reply);
                let Credential::Bearer(token) = &credential else {
                    return Err(error);
                };
                let told = told.lock().unwrap_or_else(PoisonError::into_inner).clone();
                return Err(error.of_token(secret, token, &told).await);
            }
            // Some servers close the door instead of answering.
            Ok(Err(Error::ConnectionLost)) => return Err(ConnectError::Closed { host: endpoint.host }),
            Ok(Err(Error::Io(error))) => return Err(net::broken(&endpoint, &error)),
            Ok(Err(error)) => {
                return Err(ConnectError::Protocol {
                    host: endpoint.host,
                    detail: net::short(&error.to_string()),
                });
            }
            Err(_) => return Err(net::timed_out(&endpoint)),
        };
        let mut conn = Self {
            endpoint,
            session: Some(session),
            capabilities: Vec::new(),
            news: false,
            telling: Telling::default(),
            opened_at: 0,
            compressed: false,
        };
        let host = conn.endpoint.host.clone();
        conn.learn().await.map_err(|error| error.into_connect_error(&host))?;
        Ok(conn)
    }

    /// What the server can do now; it may differ from what it said to strangers. Some providers want to know who asks.
    async fn learn(&mut self) -> Result<(), ImapError> {
        let mut found = Vec::new();
        self.command("CAPABILITY", |response| {
            if let Response::Capabilities(list) = response {
                found.extend(list.iter().map(|capability| match capability {
                    Capability::Imap4rev1 => "IMAP4rev1".to_owned(),
                    Capability::Auth(mechanism) => format!("AUTH={mechanism}"),
                    Capability::Atom(word) => word.to_string(),
                }));
            }
        })
        .await?;
        self.capabilities = found;
        if self.can("ID") {
            match self.command("ID (\"name\" \"Baton\")", |_| {}).await {
                Ok(()) | Err(ImapError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.have_changes_told().await
    }
}

/// A refused sign-in: the password, or a server that can't just now (RFC 5530).
fn not_let_in(host: String, user: &str, reply: &str) -> ConnectError {
    let upper = reply.to_ascii_uppercase();
    let reply = words_of(reply);
    let busy = ["UNAVAILABLE", "INUSE", "LIMIT", "TOO MANY", "TEMPORAR", "TRY AGAIN"]
        .iter()
        .any(|word| upper.contains(word));
    if busy && !upper.contains("AUTHENTICATIONFAILED") {
        ConnectError::Busy { host, reply }
    } else {
        ConnectError::WrongPassword {
            host,
            user: user.to_owned(),
            reply,
        }
    }
}

/// The server's words in the library's `code: .., info: Some("..")`.
pub(super) fn words_of(reply: &str) -> String {
    let inner = reply
        .split_once("info: Some(\"")
        .and_then(|(_, rest)| rest.rsplit_once("\")"))
        .map_or(reply, |(words, _)| words);
    net::short(&inner.replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_server_is_not_a_wrong_password() {
        let busy = not_let_in(
            "h".into(),
            "u",
            "code: None, info: Some(\"[UNAVAILABLE] Internal error\")",
        );
        assert_eq!(
            busy,
            ConnectError::Busy {
                host: "h".into(),
                reply: "[UNAVAILABLE] Internal error".into()
            }
        );
        let wrong = not_let_in(
            "h".into(),
            "u",
            "code: None, info: Some(\"[AUTHENTICATIONFAILED] Authentication failed.\")",
        );
        assert_eq!(
            wrong,
            ConnectError::WrongPassword {
                host: "h".into(),
                user: "u".into(),
                reply: "[AUTHENTICATIONFAILED] Authentication failed.".into()
            }
        );
    }
}
