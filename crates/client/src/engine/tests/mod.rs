//! Anna and Ben at their desks, a referee between them, and what must hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod asks;
mod companies;
mod composing;
mod covering;
mod disk;
mod finding;
mod forwarding;
mod merging;
mod moving;
mod oddities;
mod office;
mod offline;
mod papers;
mod reminding;
mod reviewing;
mod routing;
mod splitting;
mod statuses;
mod syncing;
mod working;

use office::{ANNA, BEN, Office};
