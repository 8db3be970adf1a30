//! What SQLite alone does; what both databases do alike is in the contract tests.
#![allow(clippy::unwrap_used)]
