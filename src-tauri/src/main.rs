//! The program `baton`.

// A window needs no console on Windows.
#![cfg_attr(not(debug_assertions), windows_subsystem = "windows")]

fn main() -> std::process::ExitCode {
    baton_desktop::run()
}
