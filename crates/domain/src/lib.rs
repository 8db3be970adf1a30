//! The rules of Baton: who owns a conversation, who may write, what happens next, and when.
//!
//! Everything here is plain Rust over plain data. The time, the actor's permissions, the inbox's policy and every id are
//! inputs; there is no clock, no database, no network and no randomness, and a test proves that this crate depends on none.
//!
//! Two functions carry the whole product: [`decide()`] judges a command on a state and answers with events or a [`Refusal`],
//! and [`evolve()`] folds an event into a state and never fails. The referee, the desktop's prediction and the simulator all
//! call the same two.

mod automatic;
mod calendar;
mod command;
mod company;
mod context;
mod conversation;
mod cover;
mod deadline;
mod decide;
mod details;
mod escalation;
mod event;
mod evolve;
mod facts;
mod folder;
mod hosting;
mod ids;
mod inbox;
mod mailbox;
mod member;
mod merging;
mod message;
mod oddity;
mod permission;
mod refusal;
mod review;
mod routing;
mod sla;
mod splitting;
mod time;
mod workflow;

pub use automatic::*;
pub use calendar::*;
pub use command::*;
pub use company::{Companies, Company, is_open_to_all};
pub use context::*;
pub use conversation::*;
pub use deadline::*;
pub use decide::*;
pub use details::{Detail, Details};
pub use escalation::*;
pub use event::*;
pub use evolve::*;
pub use facts::*;
pub use folder::*;
pub use hosting::*;
pub use ids::*;
pub use inbox::*;
pub use mailbox::*;
pub use member::*;
pub use merging::{Absorbed, MergedAway, Part, Without};
pub use message::*;
pub use oddity::*;
pub use permission::needs;
pub use refusal::*;
pub use review::*;
pub use routing::*;
pub use sla::*;
pub use splitting::{Newest, Rest, SaidAnew, SplitOrigin};
pub use time::*;
pub use workflow::*;
