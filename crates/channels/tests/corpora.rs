//! Every message of the public mail corpora, where they lie beside the repository: each is read or gives a reason, and none is too much.
//!
//! The corpora aren't part of the repository. `BATON_CORPORA` names their folder; without it `../shared/corpora` is looked for, and a
//! machine that has neither has nothing to check here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};

use baton_channels::email::html::{RenderOptions, render};
use baton_channels::email::quote::{self, PieceKind};
use baton_channels::email::{digest, parse, thread_keys};

fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    std::env::var_os("BATON_CORPORA")
        .map(PathBuf::from)
        .or(Some(beside))
        .filter(|folder| folder.is_dir())
}

fn messages(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if path.is_dir() {
            messages(&path, found);
        } else if matches!(
            ending,
            "eml" | "txt" | "msg" | "raw" | "mbox" | "dat" | "golden" | "out" | "html" | "json" | "yml" | ""
        ) {
            found.push(path);
        }
    }
}

#[test]
fn every_message_of_the_corpora_is_read_or_gives_a_reason() {
    let Some(folder) = corpora() else { return };
    let mut files = Vec::new();
    messages(&folder, &mut files);
    assert!(files.len() > 500, "the corpora are not complete: {} files", files.len());
    let (mut read, mut refused) = (0, Vec::new());
    for path in files {
        let raw = std::fs::read(&path).unwrap();
        match parse(&raw) {
            Ok(mail) => {
                read += 1;
                assert_eq!(digest(&mail).len(), 64);
                let _ = thread_keys(&mail, b"secret");
                let pieces: String = quote::split(&mail.text).into_iter().map(|piece| piece.text).collect();
                assert_eq!(pieces, mail.text, "{} lost text", path.display());
                for file in &mail.attachments {
                    assert!(
                        baton_channels::email::attachment(&raw, file.index).is_some(),
                        "{} lost an attachment",
                        path.display()
                    );
                }
                if let Some(html) = &mail.html {
                    let shown = render(html, RenderOptions::default()).srcdoc_html.to_lowercase();
                    assert!(
                        !shown.contains("<script") && !shown.contains(" src=\"http"),
                        "{} shows what it must not",
                        path.display()
                    );
                }
            }
            Err(reason) => refused.push((path, reason)),
        }
    }
    let eml_refused: Vec<_> = refused
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|ending| ending == "eml"))
        .collect();
    println!(
        "{read} read, {} refused, of these .eml: {eml_refused:#?}",
        refused.len()
    );
    assert!(read > 500);
}

/// How many of the text expectations of the reply-extraction sets must be met.
const REPLIES_RIGHT: usize = 68;

#[test]
fn what_is_newly_written_is_told_from_quotes_as_the_known_sets_expect() {
    let Some(folder) = corpora() else { return };
    let Ok(expectations) = std::fs::read_to_string(folder.join("replies/expectations.jsonl")) else {
        return;
    };
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut right, mut wrong) = (0, Vec::new());
    for line in expectations.lines() {
        let case: serde_json::Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| {
            case.get(name)
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let raw = std::fs::read(folder.join(field("input"))).unwrap();
        let text = match field("mode").as_str() {
            "eml_first_text_plain_part_exact" => parse(&raw).unwrap().text,
            "visible_text_exact" | "reply_text_exact" => String::from_utf8_lossy(&raw).into_owned(),
            _ => continue,
        };
        // Some sets strip quotes only and keep signatures.
        let keeps_signatures = field("note").contains("signatures stay") || field("mode").starts_with("eml");
        let kept = |kind: PieceKind| kind == PieceKind::Visible || (keeps_signatures && kind == PieceKind::Signature);
        let pieces = quote::split(&text.replace("\r\n", "\n"));
        let shown: String = pieces
            .into_iter()
            .filter(|piece| kept(piece.kind))
            .map(|piece| piece.text)
            .collect();
        if squeeze(&shown) == squeeze(&field("expected")) {
            right += 1;
        } else {
            wrong.push((field("input"), squeeze(&shown), squeeze(&field("expected"))));
        }
    }
    println!("{right} right, {} wrong: {wrong:#?}", wrong.len());
    assert!(right >= REPLIES_RIGHT, "{right} right; wrong: {wrong:#?}");
}
