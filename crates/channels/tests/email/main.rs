//! The email channel against a real Dovecot and Postfix, which the tests start themselves.
//!
//! Where they are missing the tests fail and say so: `cargo xtask doctor` tells how to get them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod cutter;
mod dialects;
mod faults;
mod graph;
mod provider;
mod receiving;
mod sending;
mod signing_in;
mod support;
