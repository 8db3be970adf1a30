//! The TypeScript the UI is checked against is the one these types give.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ts_rs::{Config, TS};

const HOME: &str = "../../ui/src/lib/api/types";

fn export_into(folder: &Path) {
    let config = Config::new().with_out_dir(folder).with_large_int("number");
    baton_protocol::Request::export_all(&config).unwrap();
    baton_protocol::Reply::export_all(&config).unwrap();
    baton_protocol::UiEvent::export_all(&config).unwrap();
    baton_protocol::ApiError::export_all(&config).unwrap();
}

fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.insert(path.clone(), std::fs::read_to_string(&path).unwrap());
        }
    }
    found
}

fn relative(folder: &Path) -> BTreeMap<PathBuf, String> {
    files(folder)
        .into_iter()
        .map(|(path, text)| (path.strip_prefix(folder).unwrap().to_owned(), text))
        .collect()
}

/// With `BATON_WRITE_BINDINGS=1` the committed files are replaced; otherwise they are compared.
#[test]
fn bindings_are_fresh() {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join(HOME);
    let fresh = tempfile::tempdir().unwrap();
    export_into(fresh.path());
    if std::env::var_os("BATON_WRITE_BINDINGS").is_some() {
        let _ = std::fs::remove_dir_all(&home);
        export_into(&home);
    }
    let (committed, expected) = (relative(&home), relative(fresh.path()));
    assert!(expected.len() > 50, "the types were exported");
    for (path, text) in &expected {
        assert_eq!(
            committed.get(path),
            Some(text),
            "{} is stale: run `cargo xtask check --fix`",
            path.display()
        );
    }
    assert_eq!(
        committed.keys().collect::<Vec<_>>(),
        expected.keys().collect::<Vec<_>>()
    );
}
