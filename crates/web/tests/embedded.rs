//! The server inside the program: made once, the same after a restart, and sealed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::path::Path;

use baton_client::{Embedded, EmbeddedKind, EmbeddedOptions, EmbeddedServer};
use baton_domain::Role;
use baton_web::InProcess;
use reqwest::{Client, StatusCode};
use tempfile::TempDir;

const KEY: [u8; 32] = [7; 32];

async fn start(server: &InProcess, data: &Path, kind: EmbeddedKind) -> Embedded {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let options = EmbeddedOptions {
        data_dir: data.to_owned(),
        key: KEY,
        kind,
    };
    server.start(options).await.unwrap()
}

/// What the server answers to whoever has the token.
async fn health(embedded: &Embedded) -> StatusCode {
    let client = Client::builder().no_proxy().build().unwrap();
    let request = client
        .get(format!("{}/v1/health", embedded.url))
        .bearer_auth(&embedded.token);
    request.send().await.unwrap().status()
}

#[tokio::test]
async fn the_sample_is_made_once_and_is_there_after_a_restart() {
    let files = TempDir::new().unwrap();
    let data = files.path().join("server");
    let server = InProcess::default();
    let first = start(&server, &data, EmbeddedKind::Sample).await;
    assert_eq!(health(&first).await, StatusCode::OK);
    assert_eq!(first.member.role, Role::Admin);
    server.stop().await;

    let second = start(&server, &data, EmbeddedKind::Sample).await;
    assert_eq!(second.member, first.member);
    assert_eq!(health(&second).await, StatusCode::OK);
    // The session of the first start is over.
    let old = Embedded {
        token: first.token,
        ..second
    };
    assert_eq!(health(&old).await, StatusCode::UNAUTHORIZED);
    server.stop().await;
}

#[tokio::test]
async fn a_sample_whose_making_was_broken_off_is_made_anew() {
    let files = TempDir::new().unwrap();
    let data = files.path().join("server");
    let server = InProcess::default();
    start(&server, &data, EmbeddedKind::Sample).await;
    server.stop().await;
    std::fs::remove_file(data.join("sample")).unwrap();
    let again = start(&server, &data, EmbeddedKind::Sample).await;
    assert_eq!(health(&again).await, StatusCode::OK);
    server.stop().await;
}

#[tokio::test]
async fn a_mailbox_of_ones_own_has_one_person_who_may_do_everything() {
    let files = TempDir::new().unwrap();
    let data = files.path().join("server");
    let server = InProcess::default();
    let kind = EmbeddedKind::Mailbox {
        name: "Anna Berg".to_owned(),
        email: "anna@berg.example".to_owned(),
    };
    let first = start(&server, &data, kind.clone()).await;
    assert_eq!(
        (first.member.name.as_str(), first.member.role),
        ("Anna Berg", Role::Admin)
    );
    let second = start(&server, &data, kind).await;
    assert_eq!(second.member.id, first.member.id);
    server.stop().await;
}

#[tokio::test]
async fn nothing_of_the_sample_can_be_read_from_the_disk() {
    let files = TempDir::new().unwrap();
    let data = files.path().join("server");
    let server = InProcess::default();
    start(&server, &data, EmbeddedKind::Sample).await;
    server.stop().await;
    let mut looked_at = 0;
    let mut places = vec![data];
    while let Some(place) = places.pop() {
        for entry in std::fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                places.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).unwrap();
            for word in [&b"SQLite format 3"[..], b"Message-ID:", b"Subject:"] {
                let found = bytes.windows(word.len()).any(|window| window == word);
                assert!(!found, "{} is readable", path.display());
            }
            looked_at += 1;
        }
    }
    assert!(looked_at > 1);
}
