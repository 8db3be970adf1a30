//! The sample inbox: the mail of an invented company, taken in and worked on by the same rules as any other.

mod load;
mod past;
mod replies;
mod scenario;
mod text;
mod when;

pub use load::{LoadError, Loaded, load};
