//! `baton-web`: the desktop, in a browser on this computer.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use baton_client::Desktop;
use baton_web::browser::{Browser, UI_VARIABLE, find_ui};
use baton_web::{BrowserShell, InProcess, start};
use clap::Parser;

/// Serves the desktop to a browser on this computer. The first line printed is the address to open.
#[derive(Debug, Parser)]
#[command(name = "baton-web", version)]
struct Arguments {
    /// Begin with the sample inbox.
    #[arg(long)]
    sample: bool,
    /// Where this desktop's data is.
    #[arg(long, value_name = "DIR", env = "BATON_DATA_DIR")]
    data: Option<PathBuf>,
    /// The port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Do not open the browser.
    #[arg(long)]
    no_open: bool,
    /// Where the built interface is.
    #[arg(long, value_name = "DIR", env = UI_VARIABLE)]
    ui: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // A second installation of the same provider is refused, and is no harm.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    start::log();
    let arguments = Arguments::parse();
    let ui = find_ui(arguments.ui)?;
    let data = match arguments.data {
        Some(data) => data,
        None => default_data_dir().context("this account has no home directory; say where with --data")?,
    };

    let desktop = Desktop::start(
        start::config(data),
        Arc::new(BrowserShell),
        Some(Arc::new(InProcess::default())),
    )
    .await
    .context("start the desktop")?;
    let served = serve(&desktop, &ui, arguments.port, arguments.sample, !arguments.no_open).await;
    desktop.stop().await;
    served
}

async fn serve(
    desktop: &Desktop,
    ui: &std::path::Path,
    port: u16,
    sample: bool,
    open_browser: bool,
) -> anyhow::Result<()> {
    let browser = Browser::open(desktop.clone(), ui, port).await?;
    let url = browser.url();
    if sample {
        start::begin_with_sample(desktop)
            .await
            .map_err(|error| anyhow::anyhow!("the sample inbox could not be made: {}", error.message))?;
    }
    writeln!(std::io::stdout(), "{url}").context("print the address")?;
    if open_browser && let Err(error) = open::that_detached(&url) {
        tracing::info!(%error, "no browser was opened");
    }
    browser.serve(ended()).await.context("serve the interface")
}

/// Ready when the program is asked to end.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// The place the desktop in a window uses too: a person has one Baton, however it is shown.
fn default_data_dir() -> Option<PathBuf> {
    const NAME: &str = "app.baton.desktop";
    let home = std::env::home_dir()?;
    Some(if cfg!(target_os = "macos") {
        home.join("Library/Application Support").join(NAME)
    } else if cfg!(target_os = "windows") {
        std::env::var_os("APPDATA")
            .map_or_else(|| home.join("AppData/Roaming"), PathBuf::from)
            .join(NAME)
    } else {
        std::env::var_os("XDG_DATA_HOME")
            .map_or_else(|| home.join(".local/share"), PathBuf::from)
            .join(NAME)
    })
}
