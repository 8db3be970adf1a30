//! `baton-server`: the sync server and its operator's commands.

use std::process::ExitCode;

use baton_server::cli::{self, Cli};
use clap::Parser as _;

/// Taking mail apart is mostly allocation, on several threads at once. The system's allocator costs a tenth of a first sync more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Two providers are linked; without a choice the first TLS connection would panic. A second choice is refused, harmlessly.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run(Cli::parse())
}
