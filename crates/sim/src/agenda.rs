//! What happens next. Time is virtual: it jumps from one happening to the next, and two at one instant come in the order in
//! which they were noted.

use std::collections::BTreeMap;

use baton_domain::Timestamp;

/// Things to come, in order.
#[derive(Debug)]
pub struct Agenda<T> {
    now: Timestamp,
    noted: u64,
    coming: BTreeMap<(Timestamp, u64), T>,
}

impl<T> Agenda<T> {
    /// An empty agenda that begins at `now`.
    #[must_use]
    pub const fn new(now: Timestamp) -> Self {
        Self {
            now,
            noted: 0,
            coming: BTreeMap::new(),
        }
    }

    /// The time.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Notes something for an instant; what should have happened already happens now.
    pub fn at(&mut self, at: Timestamp, what: T) {
        self.noted = self.noted.saturating_add(1);
        self.coming.insert((at.max(self.now), self.noted), what);
    }

    /// Notes something for `ms` milliseconds from now.
    pub fn after(&mut self, ms: i64, what: T) {
        self.at(self.now.plus_ms(ms), what);
    }

    /// When the next thing happens.
    #[must_use]
    pub fn next_at(&self) -> Option<Timestamp> {
        self.coming.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes the next thing; it is then that time.
    pub fn take(&mut self) -> Option<T> {
        let ((at, _), what) = self.coming.pop_first()?;
        self.now = self.now.max(at);
        Some(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_jumps_and_never_runs_backwards() {
        let mut agenda = Agenda::new(Timestamp(100));
        agenda.after(50, "later");
        agenda.at(Timestamp(10), "at once");
        agenda.at(Timestamp(100), "and then");
        let order: Vec<_> = std::iter::from_fn(|| agenda.take().map(|what| (what, agenda.now().0))).collect();
        assert_eq!(order, [("at once", 100), ("and then", 100), ("later", 150)]);
    }
}
