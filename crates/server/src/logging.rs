//! What the server tells whoever runs it: text on a terminal, JSON for a collector. Never a secret.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// The IMAP library prints the LOGIN line with its password at trace: it never gets that far, whatever the filter says.
const QUIETED: [&str; 2] = ["async_imap=debug", "imap_proto=debug"];

/// Starts logging to standard error, as `RUST_LOG` says (`info` by default).
pub fn start(json: bool) {
    let mut filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,sea_orm=warn"));
    let asked = std::env::var("RUST_LOG").unwrap_or_default();
    for directive in QUIETED {
        let target = directive.split('=').next().unwrap_or_default();
        if (asked.contains("trace") || asked.contains(target))
            && let Ok(directive) = directive.parse()
        {
            filter = filter.add_directive(directive);
        }
    }
    let registry = tracing_subscriber::registry().with(filter);
    let started = if json {
        registry
            .with(tracing_subscriber::fmt::layer().json().with_writer(std::io::stderr))
            .try_init()
    } else {
        let ansi = std::io::stderr().is_terminal();
        registry
            .with(
                tracing_subscriber::fmt::layer()
                    .with_ansi(ansi)
                    .with_writer(std::io::stderr),
            )
            .try_init()
    };
    // A test that starts two servers in one process has logging already.
    let _ = started;
}
