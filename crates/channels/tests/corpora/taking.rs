//! The corpora, and the whole way a message goes.

use std::path::{Path, PathBuf};

use baton_channels::email::html::{RenderOptions, render};
use baton_channels::email::{Unreadable, digest, parse, quote, thread_keys};

/// Where the corpora lie, if they do.
pub fn corpora() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    // A work tree may lie one folder deeper.
    let deeper = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/corpora");
    std::env::var_os("BATON_CORPORA")
        .map(PathBuf::from)
        .into_iter()
        .chain([beside, deeper])
        .find(|folder| folder.is_dir())
}

/// Every message of the manifest, with the set it belongs to; an mbox file holds several.
pub fn messages(folder: &Path) -> Vec<(String, String, Vec<u8>)> {
    let manifest = std::fs::read_to_string(folder.join("manifest.jsonl")).unwrap();
    let mut found = Vec::new();
    for line in manifest.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        let (set, path, kind) = (text("set"), text("path"), text("kind"));
        let Ok(raw) = std::fs::read(folder.join(&path)) else {
            continue;
        };
        let many = kind == "mbox" || entry["messages"].as_u64().unwrap_or(1) > 1;
        if many {
            for (at, one) in split_mbox(&raw).into_iter().enumerate() {
                found.push((set.clone(), format!("{path}#{at}"), one));
            }
        } else {
            found.push((set, path, raw));
        }
    }
    found
}

/// An mbox file as its messages: each begins with a `From ` line that follows an empty one.
fn split_mbox(raw: &[u8]) -> Vec<Vec<u8>> {
    let mut messages: Vec<Vec<u8>> = Vec::new();
    let mut empty = true;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if messages.is_empty() || (empty && line.starts_with(b"From ")) {
            messages.push(Vec::new());
        }
        messages.last_mut().unwrap().extend_from_slice(line);
        empty = line.iter().all(u8::is_ascii_whitespace);
    }
    messages.retain(|message| !message.iter().all(u8::is_ascii_whitespace));
    messages
}

/// Takes a message the whole way that one in a mailbox goes, and checks that nothing of it is lost or let loose.
pub fn take_in(raw: &[u8]) -> Result<(), Unreadable> {
    let mail = parse(raw)?;
    assert_eq!(digest(&mail).len(), 64);
    let _ = thread_keys(&mail, b"secret");
    let pieces: String = quote::split(&mail.text).into_iter().map(|piece| piece.text).collect();
    assert_eq!(pieces, mail.text, "folding lost text");
    for file in &mail.attachments {
        let bytes = baton_channels::email::attachment(raw, file.index).expect("a listed attachment has bytes");
        assert_eq!(bytes.len() as u64, file.size, "an attachment is as long as it says");
    }
    if let Some(source) = &mail.html {
        harmless(&render(source, RenderOptions::default()).srcdoc_html);
    }
    Ok(())
}

/// No element acts, no attribute loads. Words that look like either are words.
pub fn harmless(document: &str) {
    let body = document.split_once("</head>").map_or(document, |(_, body)| body);
    for tag in body.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default().to_lowercase();
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
        for forbidden in [
            "script", "style", "iframe", "form", "object", "embed", "svg", "link", "meta", "base",
        ] {
            assert_ne!(name, forbidden, "{tag}");
        }
        for forbidden in [" src=\"http", "href=\"javascript", "url(", "expression("] {
            let inside = tag.contains(forbidden) && !tag.contains("title=\"") && !tag.contains("alt=\"");
            assert!(!inside || name == "a", "{tag}");
        }
    }
}
