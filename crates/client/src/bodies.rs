//! A message's body, made safe to show. Pure work over bytes: it may be heavy and hostile, so it runs aside, with limits.

use std::collections::HashMap;

use baton_channels::email::html::{self, RenderOptions};
use baton_channels::email::parse::{self, ParsedMail};
use baton_channels::email::quote::{self, PieceKind};
use baton_channels::email::{Link, LinkDoubt as Doubt, MailAddress};
use baton_domain::{Address, Attachment, Message, Outbound};
use baton_protocol::{Body, BodyLink, LinkDoubt, Nested};

/// Text beyond this is cut: nobody reads it, and a window that lays it out stands still.
const TEXT_BYTES: usize = 512 * 1024;
/// HTML beyond this is shown as its text.
const HTML_BYTES: usize = 2 * 1024 * 1024;

/// What is known of a body besides its bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// Hosts whose look-alikes are flagged.
    pub(crate) known_hosts: Vec<String>,
    /// Remote images that were asked for and fetched.
    pub(crate) remote_images: HashMap<String, Vec<u8>>,
}

/// The body of a message whose raw bytes are here.
pub(crate) fn of_raw(message: &Message, raw: &[u8], shown: Shown) -> Body {
    let mut empty = body(message, String::new(), None, None);
    match parse::parse(raw) {
        Ok(mail) => of_mail(&mail, raw, shown, empty),
        Err(_) => {
            // What can't be taken apart is shown as it came.
            capped(&String::from_utf8_lossy(raw)).clone_into(&mut empty.text);
            empty
        }
    }
}

/// The whole text of a message, with what it quotes and its signature: what is passed on with it.
pub(crate) fn text_of(raw: &[u8]) -> String {
    match parse::parse(raw) {
        Ok(mail) => capped(&mail.text).to_owned(),
        Err(_) => capped(&String::from_utf8_lossy(raw)).to_owned(),
    }
}

/// A text as the HTML that goes out beside it, as it would be shown here.
pub(crate) fn as_html(text: &str) -> String {
    html::render_text(capped(text)).srcdoc_html
}

/// A message that came within another, as it would be shown by itself; `None` where the bytes are none.
pub(crate) fn nested(raw: &[u8], shown: Shown) -> Option<Nested> {
    let mail = parse::parse(raw).ok()?;
    let address = |address: &MailAddress| Address {
        name: address.name.clone().unwrap_or_default(),
        email: address.address.clone(),
    };
    let attachments = mail.attachments.iter().map(|file| Attachment {
        index: file.index,
        name: file.name.clone(),
        mime: file.mime.clone(),
        size: u32::try_from(file.size).unwrap_or(u32::MAX),
        inline: file.inline,
    });
    let empty = Body {
        text: String::new(),
        quoted: None,
        signature: None,
        html: None,
        blocked_images: 0,
        links: Vec::new(),
        missing: false,
        attachments: attachments.collect(),
        blob: None,
    };
    Some(Nested {
        from: mail.from.as_ref().map(address),
        to: mail.to.iter().chain(&mail.cc).map(address).collect(),
        subject: mail.subject.clone(),
        at: mail.date_ms,
        body: of_mail(&mail, raw, shown, empty),
    })
}

fn of_mail(mail: &ParsedMail, raw: &[u8], shown: Shown, mut body: Body) -> Body {
    let writer = mail
        .from
        .as_ref()
        .map(|from| from.name.as_deref().unwrap_or(&from.address))
        .unwrap_or_default();
    (body.text, body.quoted, body.signature) = pieces(capped(&mail.text), writer);
    let Some(source) = html_of(mail) else {
        body.links = html::render_text(&body.text).links.iter().map(link).collect();
        return body;
    };
    let options = RenderOptions {
        inline_images: parse::inline_images(raw),
        remote_images: shown.remote_images,
        known_hosts: shown.known_hosts,
    };
    let rendered = html::render(source, options);
    body.links = rendered.links.iter().map(link).collect();
    if !says_the_same(source, &rendered, &mail.text) {
        body.blocked_images = rendered.blocked_images;
        body.html = Some(rendered.srcdoc_html);
    }
    body
}

/// The remote images a body would show if asked.
pub(crate) fn remote_images(raw: &[u8]) -> Vec<String> {
    let Ok(mail) = parse::parse(raw) else { return Vec::new() };
    html_of(&mail)
        .map(|source| html::render(source, RenderOptions::default()).remote_images)
        .unwrap_or_default()
}

/// The body of a message whose bytes are not here, and can't be had now.
pub(crate) fn missing(message: &Message) -> Body {
    let mut body = body(message, message.preview.clone(), None, None);
    body.missing = true;
    body
}

/// The body of a reply of ours.
pub(crate) fn of_reply(outbound: &Outbound) -> Body {
    let (text, quoted, signature) = pieces(capped(&outbound.draft.text), "");
    let attachments = outbound.draft.files.iter().zip(0..).map(|(file, index)| Attachment {
        index,
        name: file.name.clone(),
        mime: file.mime.clone(),
        size: file.size,
        inline: false,
    });
    Body {
        links: html::render_text(&text).links.iter().map(link).collect(),
        text,
        quoted,
        signature,
        html: None,
        blocked_images: 0,
        missing: false,
        attachments: attachments.collect(),
        blob: None,
    }
}

fn body(message: &Message, text: String, quoted: Option<String>, signature: Option<String>) -> Body {
    Body {
        text,
        quoted,
        signature,
        html: None,
        blocked_images: 0,
        links: Vec::new(),
        missing: false,
        attachments: message.attachments.clone(),
        blob: message.blob.clone(),
    }
}

fn html_of(mail: &ParsedMail) -> Option<&str> {
    mail.html
        .as_deref()
        .filter(|html| html.len() <= HTML_BYTES && !html.trim().is_empty())
}

/// Markup that words alone do not carry.
const TELLING: [&str; 12] = [
    "<img",
    "<table",
    "<ul",
    "<ol",
    "<h1",
    "<h2",
    "<h3",
    "<svg",
    "<video",
    "<form",
    "<hr",
    "background",
];

/// Whether the HTML only repeats the text in paragraphs: then the text is shown, with its quotes folded, in the type the
/// reader chose. Links that lead elsewhere than they say are worth showing as they are.
fn says_the_same(source: &str, rendered: &html::RenderedBody, text: &str) -> bool {
    let source = source.to_ascii_lowercase();
    let bare = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    let honest = |link: &Link| {
        let target = link.target.trim_start_matches("mailto:").trim_end_matches('/');
        target.ends_with(link.shown.trim().trim_end_matches('/'))
    };
    !TELLING.iter().any(|tag| source.contains(tag))
        && rendered.links.iter().all(honest)
        && bare(&rendered.fallback_text) == bare(text)
}

/// What was newly written, what is quoted, and the signature: a block at the end with its writer's name is one. Where everything seems
/// quoted, nothing is folded.
fn pieces(text: &str, writer: &str) -> (String, Option<String>, Option<String>) {
    let mut parts = [String::new(), String::new(), String::new()];
    for piece in quote::split_from(text, writer) {
        let [visible, quoted, signature] = &mut parts;
        match piece.kind {
            PieceKind::Visible => visible.push_str(&piece.text),
            PieceKind::Quoted => quoted.push_str(&piece.text),
            PieceKind::Signature => signature.push_str(&piece.text),
        }
    }
    let [visible, quoted, signature] = parts;
    if visible.trim().is_empty() {
        return (text.trim_end().to_owned(), None, None);
    }
    let some = |text: String| (!text.trim().is_empty()).then(|| text.trim_end().to_owned());
    (visible.trim_end().to_owned(), some(quoted), some(signature))
}

fn capped(text: &str) -> &str {
    let mut end = text.len().min(TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or(text)
}

fn link(link: &Link) -> BodyLink {
    BodyLink {
        shown: link.shown.clone(),
        target: link.target.clone(),
        suspicious: link.suspicious.clone().map(doubt),
    }
}

fn doubt(doubt: Doubt) -> LinkDoubt {
    match doubt {
        Doubt::OtherHost { shown, target } => LinkDoubt::OtherHost { shown, target },
        Doubt::ForeignLetters { host } => LinkDoubt::ForeignLetters { host },
        Doubt::LookAlike { host, of } => LinkDoubt::LookAlike { host, of },
        Doubt::NumericHost { host } => LinkDoubt::NumericHost { host },
        Doubt::HostHidden { host } => LinkDoubt::HostHidden { host },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn message() -> Message {
        serde_json::from_value(serde_json::json!({
            "id": "00000000-0000-0000-0000-000000000001", "direction": "inbound", "kind": "human",
            "from": {"name": "Carl", "email": "carl@example.com"}, "to": [], "cc": [], "replyTo": [], "subject": "Lamps",
            "at": 1, "headerId": null, "references": [], "preview": "Do you", "blob": null, "size": 3, "attachments": [],
            "account": null, "returnsAt": null, "bounced": null
        }))
        .unwrap()
    }

    #[test]
    fn the_quoted_part_is_folded_and_nothing_is_lost() {
        let raw =
            b"From: carl@example.com\r\nSubject: Lamps\r\n\r\nYes, 40.\r\n\r\nOn Mon, 23 Nov 2026 at 10:00, Anna <anna@example.com> wrote:\r\n> How many?\r\n";
        let body = of_raw(&message(), raw, Shown::default());
        assert_eq!(body.text, "Yes, 40.");
        assert!(body.quoted.unwrap().contains("> How many?"));
        assert!(!body.missing);
    }

    #[test]
    fn html_loses_its_scripts_and_its_remote_images_wait() {
        let raw = b"From: carl@example.com\r\nContent-Type: text/html\r\n\r\n<p>Hi<script>alert(1)</script><img src=\"https://t.example/p.gif\"></p>";
        let body = of_raw(&message(), raw, Shown::default());
        let html = body.html.unwrap();
        assert!(!html.contains("alert(1)"));
        assert_eq!(body.blocked_images, 1);
        assert_eq!(remote_images(raw), vec!["https://t.example/p.gif".to_owned()]);
    }

    #[test]
    fn html_that_only_repeats_the_text_is_shown_as_text() {
        let mail = |html: &str| {
            format!(
                "From: carl@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\
                 Content-Type: text/plain\r\n\r\nHi, see https://a.example\r\n--b\r\nContent-Type: text/html\r\n\r\n{html}\r\n--b--\r\n"
            )
        };
        let shown = |html: &str| of_raw(&message(), mail(html).as_bytes(), Shown::default());
        assert_eq!(
            shown("<div>Hi, see <a href=\"https://a.example\">https://a.example</a></div>").html,
            None
        );
        assert!(
            shown("<div>Hi, see <a href=\"https://b.example\">https://a.example</a></div>")
                .html
                .is_some()
        );
        assert!(
            shown("<table><tr><td>Hi, see https://a.example</td></tr></table>")
                .html
                .is_some()
        );
        assert!(shown("<p>Hi, see https://a.example and more</p>").html.is_some());
    }

    #[test]
    fn a_link_that_leads_elsewhere_says_from_which_host_to_which() {
        let raw = b"From: carl@example.com\r\nContent-Type: text/html\r\n\r\n<p><a href=\"https://evil.example/x\">https://bank.example</a></p>";
        let body = of_raw(&message(), raw, Shown::default());
        let (shown, target) = ("bank.example".to_owned(), "evil.example".to_owned());
        assert_eq!(body.links[0].suspicious, Some(LinkDoubt::OtherHost { shown, target }));
    }

    #[test]
    fn a_message_within_a_message_is_shown_as_its_own_and_just_as_safe() {
        let inner = "From: Dora <dora@example.com>\r\nTo: carl@example.com\r\nSubject: Terms\r\nContent-Type: text/html\r\n\r\n\
                     <p>As agreed<script>alert(1)</script><img src=\"https://t.example/p.gif\"></p>";
        let raw = format!(
            "From: carl@example.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
             Content-Type: text/plain\r\n\r\nSee below\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n{inner}\r\n--b--\r\n"
        );
        let bytes = parse::attachment(raw.as_bytes(), 0).unwrap();
        let shown = nested(&bytes, Shown::default()).unwrap();
        assert_eq!((shown.subject.as_str(), shown.body.blocked_images), ("Terms", 1));
        assert_eq!(shown.from.unwrap().email, "dora@example.com");
        assert!(!shown.body.html.unwrap().contains("alert(1)"));
        assert!(nested(b"", Shown::default()).is_none());
    }

    #[test]
    fn a_body_that_is_not_here_says_so() {
        let body = missing(&message());
        assert!(body.missing);
        assert_eq!(body.text, "Do you");
    }
}
