//! The referee: the one place where anything contested is decided.
//!
//! [`Referee`] is a machine without IO: it is told what people, channels and timers ask and what the store answered, and says what to
//! load, what to append, whom to answer and what to publish. Everything that waits goes into one commit; each command is judged on a
//! state that includes the ones before it. Where the store fails, the working state is thrown away and the commands are judged
//! again, one by one. Mail is taken in here and nowhere else.
//!
//! [`RefereeHandle`] is what the rest of the server holds: a task carries the machine's effects out on a [`baton_store::server::ServerStore`].

mod answering;
mod arrival;
mod cache;
mod documents;
mod driver;
mod due;
mod group;
mod handle;
mod hosting;
mod ids;
mod index;
mod ingest;
mod io;
mod machine;
mod notify;
mod parse;
mod routing;
mod threading;
mod unseen;
mod working;

#[cfg(test)]
mod tests;

pub use arrival::{Arrival, ArrivalKind, Asked, FolderRole, ParsedArrival, RawArrival, Received, ReportOn};
pub use documents::DocumentSet;
pub use handle::{Committed, OpenError, RefereeHandle, SubmitError};
pub use ids::{due_id, item_id};
pub use io::{Effect, Fault, HeaderIds, HostAsk, HostGranted, Input, Reply, Ticket};
pub use machine::Referee;
pub use parse::{parse, parse_with_text};
