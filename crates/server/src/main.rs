//! `baton-server`: the sync server and its operator's commands.

use std::process::ExitCode;

use baton_server::cli::{self, Cli};
use clap::Parser as _;

fn main() -> ExitCode {
    // Two providers are linked; without a choice the first TLS connection would panic. A second choice is refused, harmlessly.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    cli::run(Cli::parse())
}
