//! The rules of Baton.

mod ids;
mod time;

pub use ids::*;
pub use time::*;
