//! Every message of the public mail corpora, where they lie beside the repository: each is imported or gives the reason under which it
//! is kept, and none is too much.
//!
//! The corpora aren't part of the repository. `BATON_CORPORA` names their folder; without it `../shared/corpora` is looked for, and a
//! machine that has neither has nothing to check here. `cargo test -p baton-channels --test corpora -- --nocapture` prints the tables.
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

use std::collections::BTreeMap;

use baton_channels::email::html::{RenderOptions, render};
use baton_channels::email::quote::{self, PieceKind};
use baton_channels::email::{Unreadable, html, parse};
use mutation::{Change, SAMPLES, mutated};
use proptest::prelude::*;
use taking::{corpora, harmless, messages, take_in};

#[test]
fn every_message_of_the_corpora_is_imported_or_gives_a_reason() {
    let Some(folder) = corpora() else { return };
    let messages = messages(&folder);
    assert!(messages.len() > 800, "the corpora are not complete: {}", messages.len());
    let mut sets: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut refused = Vec::new();
    for (set, path, raw) in &messages {
        let row = sets.entry(set.clone()).or_default();
        match take_in(raw) {
            Ok(()) => row.0 += 1,
            Err(reason) => {
                row.1 += 1;
                refused.push((path.clone(), reason));
            }
        }
    }
    println!("{:<26}{:>9}{:>12}", "corpus", "imported", "quarantined");
    for (set, (imported, quarantined)) in &sets {
        println!("{set:<26}{imported:>9}{quarantined:>12}");
    }
    println!("quarantined: {refused:#?}");
    // What holds neither a header nor a word is nothing that could be imported.
    let parseable = messages.len() - refused.len() + refused.iter().filter(|(_, why)| !hopeless(*why)).count();
    let imported = messages.len() - refused.len();
    assert!(
        imported * 1000 >= parseable * 995,
        "{imported} of {parseable} parseable messages were imported"
    );
    assert!(refused.len() * 50 <= messages.len(), "{} quarantined", refused.len());
}

fn hopeless(why: Unreadable) -> bool {
    matches!(why, Unreadable::Empty | Unreadable::NoHeaders)
}

#[test]
fn the_streams_of_outlook_in_the_corpora_are_opened() {
    let Some(folder) = corpora() else { return };
    let (mut opened, mut closed) = (0, Vec::new());
    for (_, path, raw) in messages(&folder) {
        if !raw.starts_with(&0x223e_9f78u32.to_le_bytes()) {
            continue;
        }
        let stream = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &raw);
        let mail = format!(
            "From: carl@example.com\r\nSubject: x\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n{stream}\r\n"
        );
        assert_eq!(take_in(mail.as_bytes()), Ok(()));
        let read = parse(mail.as_bytes()).unwrap();
        if read.attachments.iter().any(|file| file.name == "winmail.dat") {
            closed.push(path);
        } else {
            opened += 1;
        }
    }
    println!("{opened} streams opened, closed: {closed:?}");
    assert!(opened > closed.len(), "{opened} opened, closed: {closed:?}");
}

/// Expectations of the reply-extraction sets: source and kind, how many of them are met, and how many there are.
type Table = BTreeMap<(String, String), (usize, usize)>;

/// How many expectations of all must be met.
const REPLIES_RIGHT: usize = 109;

fn squeeze(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn shown(pieces: Vec<quote::Piece>, with_signature: bool) -> String {
    let kept = |kind: PieceKind| kind == PieceKind::Visible || (with_signature && kind == PieceKind::Signature);
    let visible: String = pieces
        .iter()
        .filter(|piece| kept(piece.kind))
        .map(|piece| piece.text.as_str())
        .collect();
    if squeeze(&visible).is_empty() {
        // Where everything seems quoted, everything is shown.
        return squeeze(&pieces.into_iter().map(|piece| piece.text).collect::<String>());
    }
    squeeze(&visible)
}

fn html_as_text(html: &str) -> String {
    render(html, RenderOptions::default()).fallback_text
}

/// The fragments a case expects, as kinds; those that are nothing but hidden white space left out.
fn expected_kinds(case: &serde_json::Value) -> Option<Vec<PieceKind>> {
    let flags = |name: &str| {
        case["fragment_flags"][name]
            .as_array()
            .map(|list| list.iter().map(|flag| flag.as_bool() == Some(true)).collect::<Vec<_>>())
    };
    let signature = flags("signature")?;
    let quoted = flags("quoted").unwrap_or_else(|| vec![false; signature.len()]);
    let hidden = flags("hidden").unwrap_or_else(|| vec![false; signature.len()]);
    let mut kinds: Vec<PieceKind> = Vec::new();
    for ((quoted, signature), hidden) in quoted.into_iter().zip(signature).zip(hidden) {
        let kind = match (quoted, signature) {
            (_, true) => PieceKind::Signature,
            (true, _) => PieceKind::Quoted,
            _ if hidden => continue,
            _ => PieceKind::Visible,
        };
        if kinds.last() != Some(&kind) {
            kinds.push(kind);
        }
    }
    Some(kinds)
}

/// Whether an expectation is met, and both sides where it is not.
fn judge(case: &serde_json::Value, raw: &[u8]) -> Option<Result<(), (String, String)>> {
    let field = |name: &str| case[name].as_str().unwrap_or_default();
    let text = String::from_utf8_lossy(raw).replace("\r\n", "\n");
    let compare = |found: String, expected: String| {
        if found == expected {
            Ok(())
        } else {
            Err((found, expected))
        }
    };
    // Some sets strip quotes only and keep signatures.
    let keeps = field("note").contains("signatures stay") || field("mode").starts_with("eml");
    Some(match field("mode") {
        "eml_first_text_plain_part_exact" => compare(
            shown(quote::split(&parse(raw).unwrap().text), keeps),
            squeeze(field("expected")),
        ),
        "visible_text_exact" | "reply_text_exact" => {
            compare(shown(quote::split(&text), keeps), squeeze(field("expected")))
        }
        "reply_html_to_text_ignore_whitespace" => compare(
            shown(quote::split(&html_as_text(&text)), true),
            squeeze(field("expected")),
        ),
        "reply_html_ignore_whitespace" | "reply_html_exact" => compare(
            shown(quote::split(&html_as_text(&text)), true),
            squeeze(&html_as_text(field("expected"))),
        ),
        "signature_extraction" => {
            let found: String = quote::split_from(&text, field("sender"))
                .into_iter()
                .filter(|piece| piece.kind == PieceKind::Signature)
                .map(|piece| piece.text)
                .collect();
            compare(squeeze(&found), squeeze(field("expected_signature")))
        }
        "fragments" => {
            let mut pieces = quote::split(&text);
            pieces.retain(|piece| !piece.text.trim().is_empty());
            match expected_kinds(case) {
                Some(expected) => {
                    let found: Vec<_> = pieces.iter().map(|piece| piece.kind).collect();
                    compare(format!("{found:?}"), format!("{expected:?}"))
                }
                None => {
                    // Patterns of words in order: the first is newly written, the second is not.
                    let word = |at: &str| field_of(case, at).replace('\\', "");
                    let visible = shown(pieces.clone(), false);
                    let hidden: String = pieces
                        .into_iter()
                        .filter(|piece| piece.kind != PieceKind::Visible)
                        .map(|piece| piece.text)
                        .collect();
                    let met = visible.contains(&word("0")) && hidden.contains(&word("1"));
                    if met { Ok(()) } else { Err((visible, hidden)) }
                }
            }
        }
        _ => return None,
    })
}

fn field_of<'a>(case: &'a serde_json::Value, at: &str) -> &'a str {
    case["fragment_match"][at].as_str().unwrap_or_default()
}

#[test]
fn what_is_newly_written_is_told_from_quotes_as_the_known_sets_expect() {
    let Some(folder) = corpora() else { return };
    let Ok(expectations) = std::fs::read_to_string(folder.join("replies/expectations.jsonl")) else {
        return;
    };
    let mut table = Table::new();
    let mut wrong = Vec::new();
    for line in expectations.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
        let raw = std::fs::read(folder.join(text("input"))).unwrap();
        let Some(outcome) = judge(&case, &raw) else { continue };
        let row = table.entry((text("source"), text("mode"))).or_default();
        row.1 += 1;
        match outcome {
            Ok(()) => row.0 += 1,
            Err((found, expected)) => wrong.push((text("input"), found, expected)),
        }
    }
    println!("{:<28}{:<40}{:>6}{:>6}", "set", "kind", "right", "of");
    for ((source, mode), (right, all)) in &table {
        println!("{source:<28}{mode:<40}{right:>6}{all:>6}");
    }
    let right: usize = table.values().map(|row| row.0).sum();
    let all: usize = table.values().map(|row| row.1).sum();
    println!("{:<68}{right:>6}{all:>6}\nwrong: {wrong:#?}", "all");
    assert!(right >= REPLIES_RIGHT, "{right} of {all} right; wrong: {wrong:#?}");
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    proptest::collection::vec(any::<Change>(), 1..12)
}

proptest! {
    #[test]
    fn mutated_samples_are_imported_or_give_a_reason(sample in 0..SAMPLES.len(), changes in changes()) {
        let _ = take_in(&mutated(SAMPLES[sample].as_bytes().to_vec(), &changes));
    }

    #[test]
    fn mutated_corpora_are_imported_or_give_a_reason(pick in any::<prop::sample::Index>(), changes in changes()) {
        thread_local! {
            static ALL: Vec<Vec<u8>> = corpora().map(|folder| {
                messages(&folder).into_iter().map(|(_, _, raw)| raw).filter(|raw| raw.len() < 200_000).collect()
            }).unwrap_or_default();
        }
        ALL.with(|all| if !all.is_empty() {
            let _ = take_in(&mutated(pick.get(all).clone(), &changes));
        });
    }

    #[test]
    fn any_bytes_at_all_are_imported_or_give_a_reason(raw in proptest::collection::vec(any::<u8>(), 0..600)) {
        let _ = take_in(&raw);
    }

    #[test]
    fn any_text_is_folded_without_loss(text in "(\\PC|\n|> |-- \n|On 2 Nov 2026, X wrote:\n){0,60}", writer in "\\PC{0,12}") {
        let pieces: String = quote::split_from(&text, &writer).into_iter().map(|piece| piece.text).collect();
        prop_assert_eq!(pieces, text);
    }

    #[test]
    fn any_markup_is_shown_harmless(html in "(\\PC|<[a-z]{1,8}[^>]{0,20}>|</[a-z]{1,8}>|&#?[a-z0-9]{1,6};){0,60}") {
        harmless(&html::render(&html, RenderOptions::default()).srcdoc_html);
    }
}
