//! A mailbox as a sales team has one after some years: threads, quotes, HTML with its plain text, a file now and then.
//!
//! The same count gives the same bytes, so that runs can be compared.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

const WORDS: &[&str] = &[
    "pricing",
    "quote",
    "proposal",
    "renewal",
    "discount",
    "contract",
    "invoice",
    "purchase",
    "order",
    "demo",
    "trial",
    "onboarding",
    "license",
    "seats",
    "procurement",
    "legal",
    "security",
    "review",
    "questionnaire",
    "timeline",
    "budget",
    "quarter",
    "approval",
    "signature",
    "rollout",
    "pilot",
    "integration",
    "export",
    "support",
    "upgrade",
    "delivery",
    "shipment",
    "warehouse",
    "sample",
    "specification",
    "tender",
    "reseller",
    "partner",
    "margin",
    "forecast",
    "meeting",
    "agenda",
    "minutes",
    "decision",
    "committee",
    "training",
    "documentation",
    "penalty",
    "payment",
    "terms",
    "transfer",
    "the",
    "we",
    "you",
    "for",
    "and",
    "with",
    "our",
    "your",
    "please",
    "could",
    "would",
    "next",
    "week",
    "month",
    "about",
    "Angebot",
    "Lieferung",
    "Müller",
    "Straße",
    "devis",
    "livraison",
    "présenter",
    "oferta",
    "entrega",
    "är",
    "ordre",
];
const NAMES: &[&str] = &[
    "Amelia Ortega",
    "Bruno Keller",
    "Chiara Rossi",
    "David Lindqvist",
    "Elif Demir",
    "Farid Haddad",
    "Grace Okafor",
    "Hanna Virtanen",
    "Ivan Petrov",
    "Julia Nowak",
    "Kenji Tanaka",
    "Lena Vogel",
    "Marta Silva",
    "Noah Williams",
];
/// Seconds in the span that the mail is spread over: about eighteen months.
const SPAN_S: u64 = 540 * 86_400;
/// 2025-05-01, in seconds.
const BEGINNING_S: u64 = 1_746_057_600;
/// A file in every so many messages.
const FILE_EVERY: u64 = 20;

/// What the mailbox holds.
pub struct Filled {
    /// Messages.
    pub count: usize,
    /// Bytes of them.
    pub bytes: u64,
}

/// Writes `count` messages into a Maildir, read and answered as they would be.
pub fn fill(maildir: &Path, count: usize) -> Result<Filled> {
    for name in ["cur", "new", "tmp"] {
        fs::create_dir_all(maildir.join(name)).with_context(|| format!("create {}", maildir.display()))?;
    }
    let mut bytes = 0;
    for number in 0..count {
        let (second, raw) = letter(u64::try_from(number)?, u64::try_from(count)?);
        bytes += u64::try_from(raw.len())?;
        let file = maildir.join("cur").join(format!("{second}.M{number}P1.bench:2,S"));
        fs::write(&file, raw)?;
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(second);
        fs::File::options().write(true).open(&file)?.set_modified(at)?;
    }
    Ok(Filled { count, bytes })
}

/// As time goes on: `more` new messages after the first `count` come, unread, and as many of those that were there are starred.
pub fn go_on(maildir: &Path, count: usize, more: usize) -> Result<()> {
    for number in count..count + more {
        let (second, raw) = letter(u64::try_from(number)?, u64::try_from(count)?);
        fs::write(maildir.join("new").join(format!("{second}.M{number}P1.bench")), raw)?;
    }
    let mut starred = 0;
    for entry in fs::read_dir(maildir.join("cur"))? {
        let file = entry?.path();
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if starred == more {
            break;
        }
        if let Some(plain) = name.strip_suffix(":2,S") {
            fs::rename(&file, file.with_file_name(format!("{plain}:2,FS")))?;
            starred += 1;
        }
    }
    anyhow::ensure!(starred == more, "only {starred} messages could be starred");
    Ok(())
}

/// A letter of somebody nobody knows yet.
pub fn stranger(number: usize) -> Vec<u8> {
    format!(
        "From: Stranger {number} <stranger{number}@elsewhere.example>\r\nTo: sales@baton.test\r\nSubject: Enquiry {number}\r\n\
         Message-ID: <{number}.push@elsewhere.example>\r\n\r\nWhat do {number} chairs cost?\r\n"
    )
    .into_bytes()
}

/// A generator of numbers, the same everywhere.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        // SplitMix64, which needs nothing but a counter.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        let at = usize::try_from(self.below(of.len() as u64)).unwrap_or(0);
        of.get(at).copied().unwrap_or_default()
    }
}

/// A message and the second it came.
fn letter(number: u64, count: u64) -> (u64, Vec<u8>) {
    let mut numbers = Numbers(number.wrapping_mul(0x1234_5678_9abc_def1));
    // Threads of up to five messages, each an answer to the one before.
    let (thread, place) = (number / 5 * 5, number % 5);
    let mut of_thread = Numbers(thread);
    let long = of_thread.below(5);
    let answers = place > 0 && place <= long;
    let root = if answers { thread } else { number };
    let mut of_root = Numbers(root ^ 0xabcd);
    let name = of_root.pick(NAMES);
    let email = format!(
        "{}.{}@{}.example",
        name.to_lowercase().replace(' ', "."),
        root % 997,
        of_root.pick(&["northbeam", "acme", "globex"])
    );
    let subject = format!("{} {} {}", of_root.pick(WORDS), of_root.pick(WORDS), root);
    let second = BEGINNING_S + number * SPAN_S / count.max(1);
    let text = text(&mut numbers, number, answers);
    let mut raw = format!(
        "Return-Path: <{email}>\r\nDelivered-To: sales@baton.test\r\nReceived: from mx.example by localhost; {date}\r\n\
         From: {name} <{email}>\r\nTo: Sales <sales@baton.test>\r\nSubject: {re}{subject}\r\nDate: {date}\r\n\
         Message-ID: <{number}.bench@{host}>\r\nMIME-Version: 1.0\r\n",
        date = date(second),
        re = if answers { "Re: " } else { "" },
        host = "mail.example",
    );
    if answers {
        let references: String = (root..number).map(|of| format!(" <{of}.bench@mail.example>")).collect();
        let _ = write!(
            raw,
            "In-Reply-To: <{}.bench@mail.example>\r\nReferences:{references}\r\n",
            number - 1
        );
    }
    body(&mut raw, &mut numbers, number, &text);
    (second, raw.into_bytes())
}

fn text(numbers: &mut Numbers, number: u64, answers: bool) -> String {
    let mut text = String::from("Hello,\r\n\r\n");
    let words = 60 + numbers.below(400);
    for at in 0..words {
        text.push_str(numbers.pick(WORDS));
        text.push_str(if at % 11 == 10 { "\r\n" } else { " " });
    }
    if number % 2_857 == 3 {
        text.push_str("zephyrquartz ");
    }
    if number % 200 == 7 {
        text.push_str("renewal discount approval ");
    }
    if answers {
        text.push_str("\r\n\r\nOn Monday, Sales wrote:\r\n");
        for _ in 0..20 + numbers.below(20) {
            let _ = write!(
                text,
                "> {} {} {}\r\n",
                numbers.pick(WORDS),
                numbers.pick(WORDS),
                numbers.pick(WORDS)
            );
        }
    }
    text
}

fn body(raw: &mut String, numbers: &mut Numbers, number: u64, text: &str) {
    const PLAIN: &str = "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
    if number % FILE_EVERY == 11 {
        let bytes: Vec<u8> = (0..150_000 + numbers.below(150_000) / 8 * 8)
            .map(|_| numbers.next().to_le_bytes()[0])
            .collect();
        let _ = write!(
            raw,
            "Content-Type: multipart/mixed; boundary=mixed\r\n\r\n--mixed\r\n{PLAIN}{text}\r\n--mixed\r\n\
             Content-Type: application/pdf; name=offer-{number}.pdf\r\nContent-Disposition: attachment; \
             filename=offer-{number}.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        );
        for line in BASE64.encode(bytes).as_bytes().chunks(76) {
            raw.push_str(&String::from_utf8_lossy(line));
            raw.push_str("\r\n");
        }
        raw.push_str("--mixed--\r\n");
    } else if numbers.below(3) == 0 {
        let _ = write!(
            raw,
            "Content-Type: multipart/alternative; boundary=either\r\n\r\n--either\r\n{PLAIN}{text}\r\n--either\r\n\
             Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<html><head><style>p {{ margin: 0 }}\
             </style></head><body>"
        );
        for line in text.lines() {
            let _ = write!(raw, "<p style=\"font-family: Calibri; color: #1f1f1f\">{line}</p>\r\n");
        }
        raw.push_str("</body></html>\r\n--either--\r\n");
    } else {
        raw.push_str(PLAIN);
        raw.push_str(text);
    }
}

/// The date of a second in the form of mail.
fn date(second: u64) -> String {
    let zoned = jiff::Timestamp::from_second(i64::try_from(second).unwrap_or(0)).unwrap_or_default();
    zoned.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

#[cfg(test)]
mod tests {
    use super::letter;

    #[test]
    fn the_same_number_is_the_same_letter_and_answers_name_what_they_answer() {
        assert_eq!(letter(7, 100), letter(7, 100));
        let all: String = (0..50)
            .map(|number| String::from_utf8_lossy(&letter(number, 50).1).into_owned())
            .collect();
        assert!(all.contains("In-Reply-To: <") && all.contains("multipart/alternative") && all.contains(".pdf"));
    }
}
