//! The words of an SMTP session, one exchange at a time.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::email::account::{ConnectError, Credential, EmailAccount, Endpoint, Secret, Security};
use crate::email::net::{self, Stream};
use crate::email::sasl::{self, TokenWay};

/// How long each thing may take.
#[derive(Debug, Clone, Copy)]
pub(in crate::email) struct Patience {
    /// For the greeting and ordinary commands. RFC 5321 (4.5.3.2) wants five minutes of a server that relays; a provider's door is
    /// quicker.
    pub(super) reply: Duration,
    /// For each piece of the body.
    pub(super) piece: Duration,
    /// For the answer to the final dot: ten minutes, as the RFC says. Giving up early makes an unknown of a delivery.
    pub(super) last: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            reply: Duration::from_secs(120),
            piece: Duration::from_secs(180),
            last: Duration::from_secs(600),
        }
    }
}

const LINE_LIMIT: usize = 4096;
const REPLY_LINES: usize = 200;
const PIECE_BYTES: usize = 64 * 1024;

/// A server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    /// Three digits.
    pub(super) code: u16,
    /// Its lines, joined.
    pub(super) text: String,
    lines: Vec<String>,
}

/// A signed-in session.
#[derive(Debug)]
pub(in crate::email) struct Dialogue {
    endpoint: Endpoint,
    stream: Stream,
    offers: Vec<String>,
    patience: Patience,
}

impl Dialogue {
    /// Connects, protects the connection and signs in.
    pub(super) async fn open(
        account: &EmailAccount,
        secret: &Secret,
        patience: Patience,
    ) -> Result<Self, ConnectError> {
        let tcp = net::connect_tcp(&account.smtp).await?;
        let mut dialogue = Self::greeted(tcp, account, patience).await?;
        dialogue.sign_in(&account.user, secret).await?;
        Ok(dialogue)
    }

    /// Protects a connection and introduces ourselves, still without a user.
    pub(in crate::email) async fn greeted(
        tcp: TcpStream,
        account: &EmailAccount,
        patience: Patience,
    ) -> Result<Self, ConnectError> {
        let endpoint = account.smtp.clone();
        let connected = net::protect(tcp, &endpoint, account.extra_ca.as_deref()).await?;
        let mut dialogue = Self {
            endpoint,
            stream: connected.stream,
            offers: Vec::new(),
            patience,
        };
        dialogue.greet().await?;
        dialogue.hello(connected.local).await?;
        if dialogue.endpoint.security == Security::StartTls {
            dialogue = dialogue.protect(account.extra_ca.as_deref(), connected.local).await?;
        }
        Ok(dialogue)
    }

    /// Whether the server offers an extension.
    pub(super) fn offers(&self, keyword: &str) -> bool {
        self.offers.iter().any(|line| {
            line.split_whitespace()
                .next()
                .is_some_and(|word| word.eq_ignore_ascii_case(keyword))
        })
    }

    /// The most bytes a message may have, where the server says so.
    pub(super) fn size_limit(&self) -> Option<u64> {
        let line = self
            .offers
            .iter()
            .find(|line| line.to_ascii_uppercase().starts_with("SIZE"))?;
        line.split_whitespace().nth(1)?.parse().ok().filter(|limit| *limit > 0)
    }

    /// Says a whole line and hears the answer.
    pub(super) async fn command(&mut self, line: &str) -> Result<Reply, ConnectError> {
        self.say(line.as_bytes(), self.patience.reply).await?;
        self.hear(self.patience.reply).await
    }

    /// The body, made transparent (RFC 5321, 4.5.2), without the final dot.
    pub(super) async fn body(&mut self, raw: &[u8]) -> Result<(), ConnectError> {
        for piece in transparent(raw).chunks(PIECE_BYTES) {
            self.say(piece, self.patience.piece).await?;
        }
        Ok(())
    }

    /// The final dot. From its first byte on the server may have taken the message.
    pub(super) async fn finish(&mut self) -> Result<Reply, ConnectError> {
        self.say(b".\r\n", self.patience.piece).await?;
        self.hear(self.patience.last).await
    }

    /// What the server said before it hung up, if anything.
    pub(super) async fn last_words(&mut self) -> Option<Reply> {
        self.hear(Duration::from_secs(2)).await.ok()
    }

    /// Says goodbye, without waiting long for an answer that changes nothing.
    pub(in crate::email) async fn quit(mut self) {
        if self.say(b"QUIT\r\n", Duration::from_secs(2)).await.is_ok() {
            let _ = self.hear(Duration::from_secs(2)).await;
        }
    }

    async fn greet(&mut self) -> Result<(), ConnectError> {
        let greeting = self.hear(self.patience.reply).await?;
        if greeting.code == 220 {
            Ok(())
        } else {
            Err(self.denied(greeting))
        }
    }

    /// Introduces ourselves by the address the server sees anyway, not by the machine's name.
    async fn hello(&mut self, local: IpAddr) -> Result<(), ConnectError> {
        let name = match local {
            IpAddr::V4(ip) => format!("[{ip}]"),
            IpAddr::V6(ip) => format!("[IPv6:{ip}]"),
        };
        let reply = self.command(&format!("EHLO {name}\r\n")).await?;
        if reply.code != 250 {
            return Err(self.denied(reply));
        }
        self.offers = reply.lines.into_iter().skip(1).collect();
        Ok(())
    }

    async fn protect(mut self, extra_ca: Option<&str>, local: IpAddr) -> Result<Self, ConnectError> {
        let none = ConnectError::NoTlsOffered {
            host: self.endpoint.host.clone(),
            port: self.endpoint.port,
        };
        if !self.offers("STARTTLS") || self.command("STARTTLS\r\n").await?.code != 220 {
            return Err(none);
        }
        self.stream = net::secure(self.stream, &self.endpoint, extra_ca).await?;
        // What was offered before TLS may have been offered by anybody.
        self.hello(local).await?;
        Ok(self)
    }

    pub(in crate::email) async fn sign_in(&mut self, user: &str, secret: &Secret) -> Result<(), ConnectError> {
        let line = self
            .offers
            .iter()
            .find(|line| line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("AUTH")))
            .cloned();
        let Some(line) = line else {
            // A relay on this machine knows us by where we are.
            return if self.endpoint.is_loopback() {
                Ok(())
            } else {
                Err(self.no_login("nothing"))
            };
        };
        let has = |mechanism: &str| line.split([' ', '=']).any(|word| word.eq_ignore_ascii_case(mechanism));
        let reply = match &secret.credential().await? {
            Credential::Bearer(token) => {
                let way = TokenWay::of(has).ok_or_else(|| self.no_login(&line))?;
                return self.show_token(way, user, secret, token).await;
            }
            Credential::Password(password) if has("PLAIN") => {
                let said = Zeroizing::new(STANDARD.encode(sasl::plain(user, password)));
                self.command(&Zeroizing::new(format!("AUTH PLAIN {}\r\n", *said)))
                    .await?
            }
            Credential::Password(password) if has("LOGIN") => {
                let mut reply = self.command("AUTH LOGIN\r\n").await?;
                for word in [user, password.as_str()] {
                    if reply.code == 334 {
                        reply = self
                            .command(&Zeroizing::new(format!("{}\r\n", STANDARD.encode(word))))
                            .await?;
                    }
                }
                reply
            }
            Credential::Password(_) => return Err(self.no_login(&line)),
        };
        self.let_in(user, reply)
    }

    /// Signs in with an access token.
    async fn show_token(
        &mut self,
        way: TokenWay,
        user: &str,
        secret: &Secret,
        token: &str,
    ) -> Result<(), ConnectError> {
        let said = Zeroizing::new(STANDARD.encode(way.response(user, &self.endpoint, token)));
        let mut reply = self
            .command(&Zeroizing::new(format!("AUTH {} {}\r\n", way.name(), *said)))
            .await?;
        let mut told = String::new();
        if reply.code == 334 {
            told = STANDARD
                .decode(&reply.text)
                .map(|why| net::short(&String::from_utf8_lossy(&why)))
                .unwrap_or_default();
            reply = self
                .command(&format!("{}\r\n", STANDARD.encode(way.giving_in())))
                .await?;
        }
        match self.let_in(user, reply) {
            Ok(()) => Ok(()),
            Err(error) => Err(error.of_token(secret, token, &told).await),
        }
    }

    fn let_in(&self, user: &str, reply: Reply) -> Result<(), ConnectError> {
        match reply.code {
            235 => Ok(()),
            400..=499 => Err(ConnectError::Busy {
                host: self.endpoint.host.clone(),
                reply: reply.text,
            }),
            _ => Err(ConnectError::WrongPassword {
                host: self.endpoint.host.clone(),
                user: user.to_owned(),
                reply: reply.text,
            }),
        }
    }

    fn no_login(&self, offered: &str) -> ConnectError {
        ConnectError::NoLoginOffered {
            host: self.endpoint.host.clone(),
            offered: offered.to_owned(),
        }
    }

    fn denied(&self, reply: Reply) -> ConnectError {
        let host = self.endpoint.host.clone();
        let reply_text = format!("{} {}", reply.code, reply.text);
        if (400..500).contains(&reply.code) {
            ConnectError::Busy {
                host,
                reply: reply_text,
            }
        } else {
            ConnectError::Denied {
                host,
                reply: reply_text,
            }
        }
    }

    async fn say(&mut self, bytes: &[u8], limit: Duration) -> Result<(), ConnectError> {
        let said = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        match timeout(limit, said).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(net::broken(&self.endpoint, &error)),
            Err(_) => Err(net::timed_out(&self.endpoint)),
        }
    }

    async fn hear(&mut self, limit: Duration) -> Result<Reply, ConnectError> {
        match timeout(limit, self.reply()).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => Err(net::broken(&self.endpoint, &error)),
            Err(_) => Err(net::timed_out(&self.endpoint)),
        }
    }

    async fn reply(&mut self) -> io::Result<Reply> {
        let odd = |what: &str| io::Error::new(io::ErrorKind::InvalidData, format!("not an SMTP reply: {what}"));
        let mut lines: Vec<String> = Vec::new();
        for _ in 0..REPLY_LINES {
            let line = net::read_line(&mut self.stream, LINE_LIMIT).await?;
            let code = line
                .get(..3)
                .and_then(|digits| digits.parse::<u16>().ok())
                .filter(|code| (200..600).contains(code));
            let (Some(code), rest) = (code, line.get(3..).unwrap_or_default()) else {
                return Err(odd(&net::short(&line)));
            };
            lines.push(rest.get(1..).unwrap_or_default().trim().to_owned());
            match rest.bytes().next() {
                None | Some(b' ') => {
                    return Ok(Reply {
                        code,
                        text: net::short(&lines.join(" ")),
                        lines,
                    });
                }
                Some(b'-') => {}
                Some(_) => return Err(odd(&net::short(&line))),
            }
        }
        Err(odd("it has no end"))
    }
}

/// Lines end in CRLF, lines that begin with a dot get another, and the last line is ended: nothing in a body can look like its end.
fn transparent(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len() + raw.len() / 64 + 2);
    let mut line_start = true;
    let mut previous = 0u8;
    let mut bytes = raw.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        if line_start && byte == b'.' {
            out.push(b'.');
        }
        match byte {
            b'\n' if previous != b'\r' => out.extend_from_slice(b"\r\n"),
            b'\r' if bytes.peek() != Some(&b'\n') => out.extend_from_slice(b"\r\n"),
            byte => out.push(byte),
        }
        line_start = byte == b'\n' || (byte == b'\r' && bytes.peek() != Some(&b'\n'));
        previous = byte;
    }
    if !out.is_empty() && !out.ends_with(b"\r\n") {
        out.extend_from_slice(b"\r\n");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::transparent;

    #[test]
    fn nothing_in_a_body_looks_like_its_end() {
        for (raw, wire) in [
            ("a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n"),
            ("a\n.\nb", "a\r\n..\r\nb\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n"),
            (".a\r\n..b\r\n", "..a\r\n...b\r\n"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&transparent(raw.as_bytes())), wire);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_body_holds_a_lone_dot(raw in proptest::collection::vec(proptest::sample::select(vec![b'.', b'\r', b'\n', b'a']), 0..60)) {
            let wire = transparent(&raw);
            let whole = [b"\r\n".as_slice(), &wire].concat();
            proptest::prop_assert!(!whole.windows(5).any(|five| five == b"\r\n.\r\n"));
            proptest::prop_assert!(!whole.windows(3).any(|three| three == b"\n.\n" || three == b"\r.\r"));
        }
    }
}
