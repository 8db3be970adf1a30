//! The machine on the modelled store, and the driver on real databases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod acts;
mod answering;
mod chaos;
mod commits;
mod court;
mod driver;
mod escalating;
mod facts;
mod filing;
mod hosting;
mod mail;
mod merging;
mod moving;
mod reviewing;
mod routing;
mod splitting;
mod standing;
mod targets;
mod unseen;
mod workflow;
