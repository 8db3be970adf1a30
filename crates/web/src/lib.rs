//! The desktop in a browser, and what it shares with the desktop in a window.
//!
//! Both shells start the same engine and may start the same server inside the program: that is [`embedded`] and [`start`]. This
//! crate is also the second shell itself: [`browser`] serves the interface and the engine's one door on loopback, so that the
//! interface runs in a plain browser against the real core, for people without a screen on that machine and for tests.
//!
//! It is for the person at this computer and nobody else: it listens on loopback only, answers only to its own name, and asks
//! for a secret that is new at every start.

pub mod browser;
pub mod embedded;
mod shell;
pub mod start;

pub use embedded::InProcess;
pub use shell::BrowserShell;
