//! Texts of messages that were just taken apart, until the index has read them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use baton_domain::BlobId;

/// How many bytes wait at most. What does not fit is read again from its blob.
const MAX_BYTES: usize = 16 * 1024 * 1024;

/// The texts. Losing one costs time, nothing else.
#[derive(Debug, Default)]
pub(super) struct Texts(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    texts: HashMap<BlobId, String>,
    /// The oldest first; what was taken out meanwhile is still named here.
    order: VecDeque<(BlobId, usize)>,
    bytes: usize,
}

impl Texts {
    /// Keeps a text, and forgets the oldest where there is no room.
    pub(super) fn keep(&self, blob: BlobId, text: String) {
        if text.len() > MAX_BYTES {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes = kept.bytes.saturating_add(text.len());
        kept.order.push_back((blob.clone(), text.len()));
        kept.texts.insert(blob, text);
        while kept.bytes > MAX_BYTES
            && let Some((oldest, size)) = kept.order.pop_front()
        {
            kept.bytes = kept.bytes.saturating_sub(size);
            kept.texts.remove(&oldest);
        }
    }

    /// Takes a text out.
    pub(super) fn take(&self, blob: &BlobId) -> Option<String> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = kept.texts.remove(blob)?;
        // The index takes them in the order in which they came, nearly.
        while let Some((oldest, size)) = kept.order.front()
            && !kept.texts.contains_key(oldest)
        {
            kept.bytes = kept.bytes.saturating_sub(*size);
            kept.order.pop_front();
        }
        Some(text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn blob(n: usize) -> BlobId {
        BlobId::of(n.to_string().as_bytes())
    }

    #[test]
    fn a_text_is_given_once() {
        let texts = Texts::default();
        texts.keep(blob(1), "hello".to_owned());
        assert_eq!(texts.take(&blob(1)).as_deref(), Some("hello"));
        assert_eq!(texts.take(&blob(1)), None);
        assert_eq!(texts.0.lock().unwrap().bytes, 0);
    }

    #[test]
    fn the_oldest_go_first_where_there_is_no_room() {
        let texts = Texts::default();
        let size = MAX_BYTES / 4;
        for n in 0..6 {
            texts.keep(blob(n), "x".repeat(size));
        }
        assert_eq!(texts.take(&blob(0)), None);
        assert_eq!(texts.take(&blob(1)), None);
        assert!(texts.take(&blob(5)).is_some());
        assert!(texts.0.lock().unwrap().bytes <= MAX_BYTES);
    }

    #[test]
    fn what_is_taken_out_of_order_is_forgotten_in_the_end() {
        let texts = Texts::default();
        for n in 0..3 {
            texts.keep(blob(n), "x".repeat(10));
        }
        for n in [2, 1, 0] {
            assert!(texts.take(&blob(n)).is_some());
        }
        let kept = texts.0.lock().unwrap();
        assert_eq!((kept.bytes, kept.order.len()), (0, 0));
    }
}
