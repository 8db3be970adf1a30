//! SLA clocks as somebody beside the office would keep them: when each is due, and whether its delay was said.
//!
//! That a warning and a breach come once for each date that was set is looked at with all other dates. Here: neither comes before
//! its time, and nothing that came late passes for having been in time.

use std::collections::BTreeMap;

use baton_domain::{ClockKind, Event, LogEntry, Settlement, Timestamp};

use super::{Broken, Promise, because};

/// What is known of one clock. One that an answer has met is not looked at any more, even if that answer never leaves: the next
/// one that starts is.
#[derive(Debug)]
struct Sheet {
    due: Timestamp,
    runs: bool,
    late: bool,
}

/// The clocks of one conversation.
#[derive(Debug, Default)]
pub struct Clocks {
    open: BTreeMap<ClockKind, Sheet>,
    /// What it is owes nobody an answer.
    without_duties: bool,
}

impl Clocks {
    /// Follows the log.
    pub(super) fn moved(&mut self, entry: &LogEntry, event: &Event) -> Result<(), Broken> {
        match event {
            Event::ClockStarted { clock } | Event::ClockRetargeted { clock } => {
                self.open.retain(|kind, _| !kind.shares_place(clock.kind));
                let sheet = Sheet {
                    due: clock.due,
                    runs: clock.runs(),
                    late: clock.breached,
                };
                self.open.insert(clock.kind, sheet);
            }
            Event::ClockPaused { clock } => self.with(*clock, |sheet| sheet.runs = false),
            Event::ClockResumed { clock, due, .. } => self.with(*clock, |sheet| {
                sheet.due = *due;
                sheet.runs = true;
            }),
            Event::ClockWarned { clock, at } => return in_its_time(entry, *clock, *at),
            Event::ClockBreached { clock, at } => {
                self.with(*clock, |sheet| sheet.late = true);
                return in_its_time(entry, *clock, *at);
            }
            Event::BreachWithdrawn { clock, .. } | Event::ClockDropped { clock } => {
                self.open.remove(clock);
            }
            // Which of two waits goes on depends on what both conversations are; one that takes the place of another is told as begun.
            Event::Absorbed { .. } | Event::LetGo { .. } => self
                .open
                .retain(|kind, _| !kind.is_response() && *kind != ClockKind::Owner),
            Event::OwnerChanged { owner: Some(_), .. } => return self.ends(entry, |kind| kind == ClockKind::Owner),
            Event::ReplyQueued { outbound } if outbound.send_at.is_none() => {
                return self.ends(entry, ClockKind::is_response);
            }
            Event::NoReplyNeeded { .. } => {
                self.ends(entry, ClockKind::is_response)?;
                // It may be over again, as before the message.
                self.open.clear();
            }
            Event::FieldsChanged { category, .. } => {
                let before = self.without_duties;
                self.without_duties = category.map_or(before, |category| !category.has_duties());
                // A lead merged into what owes nobody an answer brings its clocks along; they end with the next word on what it is.
                if before {
                    self.open.clear();
                } else if self.without_duties {
                    return self.ends(entry, |_| true);
                }
            }
            Event::Closed { .. } => return self.ends(entry, |_| true),
            // When these answer depends on more than the event.
            Event::OutsideReply { .. } | Event::OutboundSending { .. } => {
                self.open.retain(|kind, _| !kind.is_response());
            }
            // The clock such a reply had met goes on, in place of one that began since; neither is looked at any more.
            Event::OutboundSettled {
                how: Settlement::Drop, ..
            }
            | Event::OutboundFailed { .. }
            | Event::OutboundCancelled { .. } => self.open.retain(|kind, _| !kind.is_response()),
            _ => {}
        }
        Ok(())
    }

    fn with(&mut self, kind: ClockKind, change: impl FnOnce(&mut Sheet)) {
        if let Some(sheet) = self.open.get_mut(&kind) {
            change(sheet);
        }
    }

    fn ends(&mut self, entry: &LogEntry, which: impl Fn(ClockKind) -> bool) -> Result<(), Broken> {
        let silent =
            |(kind, sheet): &(&ClockKind, &Sheet)| which(**kind) && sheet.runs && !sheet.late && sheet.due < entry.at;
        if let Some((kind, sheet)) = self.open.iter().find(silent) {
            let how = format!(
                "entry {}: the {kind:?} clock was due at {} and ended at {}, and nobody said that it was late",
                entry.number, sheet.due.0, entry.at.0
            );
            return Err(because(Promise::Deadlines, how));
        }
        self.open.retain(|kind, _| !which(*kind));
        Ok(())
    }
}

fn in_its_time(entry: &LogEntry, clock: ClockKind, at: Timestamp) -> Result<(), Broken> {
    if at <= entry.at {
        return Ok(());
    }
    let how = format!(
        "entry {}: what the {clock:?} clock says of {} was said at {}",
        entry.number, at.0, entry.at.0
    );
    Err(because(Promise::Deadlines, how))
}
