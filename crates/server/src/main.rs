//! `baton-server`: the sync server and its operator's commands.

use std::process::ExitCode;

use baton_server::cli::{self, Cli};
use clap::Parser as _;

// Taking in and telling is many small strings made and let go of by several threads: what the C library's allocator is slowest at.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Two providers are linked; without a choice the first TLS connection would panic. A second choice is refused, harmlessly.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run(Cli::parse())
}
