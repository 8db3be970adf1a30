//! What starting a desktop takes, in a window or in a browser.

use std::io::IsTerminal as _;
use std::path::PathBuf;

use baton_client::{Config, Desktop};
use baton_protocol::{ApiError, BootState, Reply, Request, Setup, Unlock};

/// The version that the window shows.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Says on standard error what happens, as `BATON_LOG` asks; never what mail says, and never a secret.
pub fn log() {
    let asked = std::env::var("BATON_LOG").unwrap_or_else(|_| "warn,baton=info".to_owned());
    // The IMAP library prints passwords at trace: it never gets that far, whatever is asked.
    let filter = tracing_subscriber::EnvFilter::new(format!("{asked},async_imap=info,imap_proto=info"));
    let ansi = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(ansi)
        .with_writer(std::io::stderr);
    // A program that logs already goes on as it does.
    let _ = log.try_init();
}

/// The usual desktop with its data in `data_dir`.
#[must_use]
pub fn config(data_dir: PathBuf) -> Config {
    Config::new(data_dir, device_name(), VERSION.to_owned())
}

/// Goes from first run to the sample inbox without asking; a desktop that is set up already stays as it is.
///
/// Where the keyring can't be used, nothing was chosen instead, and nothing is there yet, the sample lives in memory only: it
/// is nobody's data, and a first look should not begin with a question about keyrings.
///
/// # Errors
/// When the sample can't be made.
pub async fn begin_with_sample(desktop: &Desktop) -> Result<(), ApiError> {
    let mut state = boot(desktop, Request::Boot).await?;
    if matches!(
        state,
        Some(BootState::Locked {
            passphrase_set: false,
            ..
        })
    ) {
        state = boot(desktop, Request::Unlock(Unlock::MemoryOnly)).await?;
    }
    if matches!(state, Some(BootState::FirstRun)) {
        boot(desktop, Request::Setup(Setup::Sample)).await?;
    }
    Ok(())
}

async fn boot(desktop: &Desktop, request: Request) -> Result<Option<BootState>, ApiError> {
    Ok(match desktop.call(request).await? {
        Reply::Boot(boot) | Reply::Setup(boot) | Reply::Unlock(boot) => Some(boot.state),
        _ => None,
    })
}

/// What this computer is called in the list of sessions.
fn device_name() -> String {
    let named = if cfg!(target_os = "linux") {
        std::fs::read_to_string("/proc/sys/kernel/hostname").ok()
    } else {
        std::env::var("COMPUTERNAME")
            .or_else(|_| std::env::var("HOSTNAME"))
            .ok()
    };
    named
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "This computer".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_computer_always_has_a_name() {
        assert!(!device_name().is_empty());
        assert_eq!(device_name(), device_name().trim());
    }
}
