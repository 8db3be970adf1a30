//! Damaged input without end, for the four readers that strangers reach: messages, delivery reports, HTML and what an IMAP server says.
//!
//! A run takes a few hundred inputs. `BATON_FUZZ_SECONDS=600 cargo test -p baton-channels --test fuzz -- --nocapture` goes on for so long
//! with each; `BATON_FUZZ_SEED` gives the first seed, and a failure names the one it failed with.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

#[path = "corpora/mutation.rs"]
mod mutation;
#[path = "corpora/taking.rs"]
mod taking;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use baton_channels::email::html::{RenderOptions, render};
use baton_channels::email::imap::{decode_folder_name, encode_folder_name};
use mutation::{Change, SAMPLES, mutated};
use taking::{corpora, harmless, messages, take_in};

/// Inputs of a run without a time.
const INPUTS: u64 = 300;
/// One input that takes longer is a finding: the tests are built without optimisation, and a message here is small.
const LONGEST: Duration = Duration::from_secs(20);

/// Numbers that depend on nothing but their seed (splitmix64).
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.roll() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    fn changes(&mut self) -> Vec<Change> {
        (0..=self.below(12))
            .map(|_| {
                let bytes = self.roll().to_le_bytes();
                let pair = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
                (bytes[0], pair(1), pair(3), bytes[5])
            })
            .collect()
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Gives `reader` one damaged seed after the other.
fn fuzz(name: &str, seeds: &[Vec<u8>], reader: impl Fn(&[u8])) {
    let seconds = number("BATON_FUZZ_SECONDS");
    let first = number("BATON_FUZZ_SEED").unwrap_or(1);
    let begun = Instant::now();
    let mut seed = first;
    loop {
        let go_on = match seconds {
            Some(seconds) => begun.elapsed() < Duration::from_secs(seconds),
            None => seed - first < INPUTS,
        };
        if !go_on {
            break;
        }
        let mut dice = Dice(seed);
        let input = mutated(seeds[dice.below(seeds.len())].clone(), &dice.changes());
        let started = Instant::now();
        let read = catch_unwind(AssertUnwindSafe(|| reader(&input)));
        assert!(read.is_ok(), "{name} fails with BATON_FUZZ_SEED={seed}");
        assert!(
            started.elapsed() < LONGEST,
            "{name} takes too long with BATON_FUZZ_SEED={seed}"
        );
        seed += 1;
    }
    println!("{name}: {} inputs in {:?}", seed - first, begun.elapsed());
}

/// Our own samples, and the corpora where they are.
fn mails() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = SAMPLES.iter().map(|sample| sample.as_bytes().to_vec()).collect();
    if let Some(folder) = corpora() {
        let small = messages(&folder).into_iter().filter(|(_, _, raw)| raw.len() < 100_000);
        seeds.extend(small.map(|(_, _, raw)| raw));
    }
    seeds
}

#[test]
fn damaged_messages_are_read_or_give_a_reason() {
    fuzz("mime", &mails(), |input| {
        let _ = take_in(input);
    });
}

#[test]
fn damaged_reports_are_read_or_give_a_reason() {
    let mut seeds: Vec<Vec<u8>> = mails();
    seeds.retain(|raw| {
        let text = String::from_utf8_lossy(raw).to_lowercase();
        text.contains("delivery-status") || text.contains("mailer-daemon") || text.contains("auto-submitted")
    });
    fuzz("dsn", &seeds, |input| {
        let _ = take_in(input);
    });
}

#[test]
fn damaged_markup_is_shown_harmless() {
    let mut seeds: Vec<Vec<u8>> = mails()
        .iter()
        .filter_map(|raw| baton_channels::email::parse(raw).ok()?.html)
        .map(String::into_bytes)
        .collect();
    seeds.push(
        b"<style>a{color:red}</style><table><tr><td onclick=x><a href='javascript:x'>y</a><svg><script>z</script></table>"
            .to_vec(),
    );
    fuzz("html", &seeds, |input| {
        harmless(&render(&String::from_utf8_lossy(input), RenderOptions::default()).srcdoc_html);
    });
}

#[test]
fn damaged_lines_of_a_server_are_understood_or_refused() {
    let seeds: Vec<Vec<u8>> = [
        "* 1 FETCH (UID 7 FLAGS (\\Seen $Work) INTERNALDATE \"21-Nov-2026 10:00:00 +0100\" RFC822.SIZE 44827 BODY[] {5}\r\nhello)\r\n",
        "* LIST (\\HasNoChildren \\Sent) \"/\" \"Gesendete &AMQ-\"\r\n",
        "* OK [HIGHESTMODSEQ 715194045007] Highest\r\n* VANISHED (EARLIER) 41,43:116\r\n",
        "a1 OK [APPENDUID 1395967160 4] Append completed.\r\n",
        "* STATUS \"INBOX\" (MESSAGES 231 UIDNEXT 44292 UIDVALIDITY 1 HIGHESTMODSEQ 7)\r\n",
        "* CAPABILITY IMAP4rev1 IDLE CONDSTORE QRESYNC UIDPLUS X-GM-EXT-1 AUTH=XOAUTH2\r\n",
        "* 12 FETCH (X-GM-MSGID 1278455344230334865 X-GM-LABELS (\\Inbox \"Wichtig &- mehr\") MODSEQ (624140003))\r\n",
    ]
    .iter()
    .map(|line| line.as_bytes().to_vec())
    .collect();
    fuzz("imap", &seeds, |input| {
        // The library's parser gives up on a text that begins within a letter by a panic; a mailbox's host is a task of its own, for
        // which that is one more broken connection. What is read must end, and be ours to read on from.
        drop(catch_unwind(|| {
            let mut rest = input;
            while let Ok((after, response)) = imap_proto::Response::parse(rest) {
                drop(format!("{response:?}"));
                if after.len() >= rest.len() {
                    break;
                }
                rest = after;
            }
        }));
        let name = String::from_utf8_lossy(input);
        let wire = encode_folder_name(&name);
        assert!(
            wire.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' '),
            "{wire:?}"
        );
        drop(decode_folder_name(&name));
    });
}
