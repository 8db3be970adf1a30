//! The desktop's engine: a machine without IO.
//!
//! [`Engine::handle`] takes what happened and the time, and says what is to be done, in order. Four promises hold:
//!
//! - What has to survive a crash is one [`Effect::Persist`], and it comes first: everything after it waits until it is durable.
//!   If it fails the engine is thrown away and loaded again from what is on disk.
//! - The confirmed state changes only by what the server sent, together with the cursor. What the person did and the server has
//!   not answered lies over it as a prediction and is made anew whenever the ground moves.
//! - A refused command is answered to the person who waits for it, or goes to the held list. It never vanishes.
//! - The same inputs give the same effects, byte for byte: ids come from a seed, and every collection is ordered.

mod act;
mod answer;
mod compose;
mod documents;
mod fetched;
pub(crate) mod find;
mod held;
mod index;
mod io;
mod naming;
mod outbox;
mod read;
mod remind;
mod review;
mod send;
mod state;
mod sync;
mod undo;
mod wire;
mod words;

pub use documents::Documents;
pub use io::{Ask, Effect, End, Fetched, Input, SendPlan, Ticket, Told};
pub use state::{Engine, Identity};
pub use wire::{Incoming, decode};

#[cfg(test)]
mod tests;
