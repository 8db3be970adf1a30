//! Which notifications are known, as far as the service told us, and which presses on them were reported.

use std::collections::HashMap;

/// How many notifications are remembered. Some services never say that one was closed.
pub(super) const REMEMBERED: usize = 64;

/// Who heard it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// Our ear, which hears what the service tells everybody.
    Bus,
    /// The connection that showed the notification, which also hears what the service tells only the sender.
    Sender,
}

/// What was shown, oldest first. `V` is what takes a notification away; whoever drops it can't any more.
#[derive(Debug)]
pub(super) struct Shown<V>(Vec<Entry<V>>);

#[derive(Debug)]
struct Entry<V> {
    id: u32,
    key: String,
    /// How many presses of an action the bus has heard more often than the sender.
    lead: HashMap<String, i32>,
    /// `None` once it is closed. A press that was made before may still be on its way.
    voice: Option<V>,
}

impl<V> Default for Shown<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V> Shown<V> {
    /// The number of what is on screen under `key`.
    pub(super) fn id(&self, key: &str) -> Option<u32> {
        self.0
            .iter()
            .find(|entry| entry.key == key && entry.voice.is_some())
            .map(|entry| entry.id)
    }

    /// What can take away the notification with that number, while it is on screen.
    pub(super) fn voice_mut(&mut self, id: u32) -> Option<&mut V> {
        self.entry(id)?.voice.as_mut()
    }

    /// Whether nothing is on screen.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|entry| entry.voice.is_none())
    }

    /// Remembers what was shown in the place of whatever had its key. Presses that one ear has heard already and the other has
    /// not are remembered as long as the number stays the same.
    pub(super) fn insert(&mut self, id: u32, key: String, voice: V) {
        let lead = self
            .entry(id)
            .filter(|entry| entry.key == key)
            .map(|entry| std::mem::take(&mut entry.lead));
        self.0.retain(|entry| entry.id != id && entry.key != key);
        if self.0.len() >= REMEMBERED {
            let oldest = self.0.iter().position(|entry| entry.voice.is_none()).unwrap_or(0);
            self.0.remove(oldest);
        }
        self.0.push(Entry {
            id,
            key,
            lead: lead.unwrap_or_default(),
            voice: Some(voice),
        });
    }

    /// The key of what was pressed, the first time that this press is heard.
    ///
    /// Two ears may hear it, in any order, and either may miss it: it is news to whoever has now heard the action more often
    /// than the other.
    pub(super) fn pressed(&mut self, id: u32, action: &str, source: Source) -> Option<String> {
        let entry = self.entry(id)?;
        let lead = entry.lead.entry(action.to_owned()).or_default();
        let is_news = match source {
            Source::Bus => {
                *lead = lead.saturating_add(1);
                *lead > 0
            }
            Source::Sender => {
                *lead = lead.saturating_sub(1);
                *lead < 0
            }
        };
        is_news.then(|| entry.key.clone())
    }

    /// It has left the screen by itself, or by a press that may be heard later than this.
    pub(super) fn closed(&mut self, id: u32) {
        if let Some(entry) = self.entry(id) {
            entry.voice = None;
        }
    }

    /// Forgets what is on screen under `key`, for it to be taken away.
    pub(super) fn withdraw(&mut self, key: &str) -> Option<V> {
        let place = self.0.iter().position(|entry| entry.key == key)?;
        self.0.remove(place).voice
    }

    fn entry(&mut self, id: u32) -> Option<&mut Entry<V>> {
        self.0.iter_mut().find(|entry| entry.id == id)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(id: u32, key: &str) -> Shown<()> {
        let mut shown = Shown::default();
        shown.insert(id, key.to_owned(), ());
        shown
    }

    #[test]
    fn a_key_shown_again_keeps_one_place() {
        let mut shown = shown(1, "due acme");
        shown.insert(1, "due acme".to_owned(), ());
        assert_eq!(shown.id("due acme"), Some(1));
        assert_eq!(shown.0.len(), 1);
    }

    #[test]
    fn a_service_that_gives_a_new_number_is_believed() {
        let mut shown = shown(1, "due acme");
        shown.insert(9, "due acme".to_owned(), ());
        assert_eq!(shown.id("due acme"), Some(9));
        assert_eq!(shown.pressed(1, "done", Source::Bus), None);
        assert_eq!(shown.pressed(9, "done", Source::Bus).unwrap(), "due acme");
    }

    #[test]
    fn a_service_that_never_closes_does_not_fill_the_memory() {
        let mut shown = Shown::default();
        for id in 0..1_000 {
            shown.insert(id, format!("key {id}"), ());
        }
        assert_eq!(shown.0.len(), REMEMBERED);
        assert_eq!(shown.id("key 999"), Some(999));
        assert_eq!(shown.id("key 0"), None);
    }

    #[test]
    fn what_is_closed_is_forgotten_before_what_is_on_screen() {
        let mut shown = Shown::default();
        for id in 0..64 {
            shown.insert(id, format!("key {id}"), ());
        }
        shown.closed(40);
        shown.insert(64, "key 64".to_owned(), ());
        assert_eq!(shown.id("key 0"), Some(0));
        assert_eq!(shown.pressed(40, "done", Source::Bus), None);
    }

    #[test]
    fn a_press_that_both_ears_hear_is_news_once_whoever_is_first() {
        let mut shown = shown(1, "due acme");
        for (first, second) in [(Source::Bus, Source::Sender), (Source::Sender, Source::Bus)] {
            assert_eq!(shown.pressed(1, "done", first).unwrap(), "due acme");
            assert_eq!(shown.pressed(1, "done", second), None);
        }
    }

    #[test]
    fn the_second_ear_may_hear_a_press_after_the_notification_was_replaced() {
        let mut shown = shown(1, "due acme");
        assert!(shown.pressed(1, "done", Source::Sender).is_some());
        shown.insert(1, "due acme".to_owned(), ());
        assert_eq!(shown.pressed(1, "done", Source::Bus), None);
        assert!(shown.pressed(1, "done", Source::Bus).is_some());
    }

    #[test]
    fn a_press_heard_after_the_closing_that_it_caused_counts() {
        let mut shown = shown(1, "due acme");
        shown.closed(1);
        assert!(shown.is_empty());
        assert_eq!(shown.id("due acme"), None);
        assert_eq!(shown.pressed(1, "done", Source::Sender).unwrap(), "due acme");
    }

    #[test]
    fn what_was_withdrawn_can_no_longer_be_pressed() {
        let mut shown = shown(1, "due acme");
        assert_eq!(shown.withdraw("due acme"), Some(()));
        assert_eq!(shown.withdraw("due acme"), None);
        assert_eq!(shown.pressed(1, "done", Source::Bus), None);
    }
}
