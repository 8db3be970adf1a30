//! The rules know no clock, no database and no network.

#[test]
fn this_crate_knows_no_runtime_no_database_no_network() {
    let manifest = include_str!("../Cargo.toml");
    for banned in [
        "tokio",
        "sea-orm",
        "sqlx",
        "reqwest",
        "axum",
        "tauri",
        "hyper",
        "async-imap",
        "rand",
    ] {
        assert!(!manifest.contains(banned), "{banned} has no place in the rules");
    }
}
