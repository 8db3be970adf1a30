//! The desktop in a window of its own.
//!
//! A thin shell around the engine (`baton-client`): it opens the window, carries requests and events between the two, and gives
//! the engine what only a desktop program has: notifications, a tray, a downloads folder, a browser for links. It decides
//! nothing about conversations.
//!
//! The start is in this order for speed: one instance, then the engine and the window side by side. The window's first question
//! waits for the engine, so neither waits for the other's beginning.

mod again;
mod arguments;
mod commands;
mod deep_link;
mod engine;
mod environment;
mod measure;
mod notifications;
mod place;
mod shell;
mod tray;
mod window;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use baton_web::InProcess;
use tauri::{AppHandle, Manager, RunEvent, WindowEvent};

use crate::arguments::Arguments;
use crate::engine::{Engine, Parts};
use crate::notifications::Notifier;
use crate::place::Place;
use crate::shell::DesktopShell;

/// Runs the desktop until it is quit.
pub fn run() -> ExitCode {
    let arguments = Arguments::parse(std::env::args().skip(1));
    if arguments.version {
        println!("baton {}", baton_web::start::VERSION);
        return ExitCode::SUCCESS;
    }
    baton_web::start::log();
    environment::prepare();
    // A second installation of the same provider is refused, and is no harm.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match open(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let error = match again::once_the_other_has_ended(error) {
                Ok(never) => match never {},
                Err(error) => error,
            };
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn open(arguments: Arguments) -> anyhow::Result<()> {
    anyhow::ensure!(
        has_display(),
        "there is no display here: `baton-web` shows the same in a browser"
    );
    let context = tauri::generate_context!();
    let place = Place::new(arguments.data_dir.clone());
    let single_instance = tauri_plugin_single_instance::Builder::new()
        .dbus_id(place.instance_name(&context.config().identifier))
        .callback(|app, words, _| started_again(app, words))
        .build();
    let app = tauri::Builder::default()
        .plugin(single_instance)
        .plugin(window::remembered())
        .invoke_handler(tauri::generate_handler![commands::call, commands::ready])
        .on_window_event(|window, event| {
            if let WindowEvent::CloseRequested { api, .. } = event
                && tray::is_shown(window.app_handle())
            {
                // Reminders go on; the tray brings the window back, and quits.
                api.prevent_close();
                let _ = window.hide();
            }
        })
        .setup(move |app| Ok(set_up(app.handle(), arguments, &place)?))
        .build(context)
        .context("start the window system")?;
    app.run(|app, event| {
        if matches!(event, RunEvent::Exit) {
            app.state::<Engine>().stop();
        }
    });
    Ok(())
}

/// Whether a window can be shown. The toolkit would end the program instead of saying so.
fn has_display() -> bool {
    let set = |variable| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
    !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
}

fn set_up(app: &AppHandle, arguments: Arguments, place: &Place) -> anyhow::Result<()> {
    // The runtime's tasks are spawned from here on.
    let runtime = tauri::async_runtime::handle();
    let _inside = runtime.inner().enter();

    let data_dir = place.data_dir(app)?;
    let browser_dir = data_dir.join("window");
    let (notifier, answers) = Notifier::start();
    let parts = Parts {
        shell: Arc::new(DesktopShell::new(app.clone(), notifier)),
        embedded: Arc::new(InProcess::default()),
    };
    let engine = Engine::start(app.clone(), baton_web::start::config(data_dir), parts, arguments.sample);
    app.manage(engine.clone());
    app.manage(window::Linked::default());
    if let Some(conversation) = arguments.open {
        app.state::<window::Linked>().show_when_ready(conversation);
    }
    window::open(app, browser_dir)?;

    engine::forward_answers(&engine, app.clone(), answers);
    tray::show_where_there_is_one(app.clone());
    quit_when_asked(app.clone());
    Ok(())
}

/// A second start hands its words to this one: it shows itself, and what was linked to.
fn started_again(app: &AppHandle, words: Vec<String>) {
    window::raise(app);
    if let Some(conversation) = Arguments::parse(words.into_iter().skip(1)).open {
        window::show_conversation(app, conversation);
    }
}

/// Ends well when the session or the system asks for it, and not only when the person does.
fn quit_when_asked(app: AppHandle) {
    #[cfg(unix)]
    tokio::spawn(async move {
        use tokio::signal::unix::{SignalKind, signal};
        let signals = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
            signal(SignalKind::hangup()),
        );
        if let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = signals {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
                _ = hangup.recv() => {}
            }
            app.exit(0);
        }
    });
    #[cfg(not(unix))]
    drop(app);
}
