//! What a page of a folder's listing says, and which numbers its messages get.
//!
//! The first listing comes newest first, and a folder is shown before it is listed to its end: so it counts downwards from the middle.
//! What is new afterwards counts upwards from there, the oldest first.

use std::collections::HashMap;

use baton_domain::Timestamp;
use serde::Deserialize;

use super::names::Named;

/// The first number above everything that was there when the folder was first listed.
pub(super) const MIDDLE: u32 = 1 << 31;

/// A page.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) value: Vec<Item>,
    #[serde(rename = "@odata.nextLink")]
    pub(super) next: Option<String>,
    #[serde(rename = "@odata.deltaLink")]
    pub(super) delta: Option<String>,
}

/// A message as a page tells of it. Of one that is known only what changed may be told.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) id: String,
    #[serde(rename = "@removed")]
    pub(super) removed: Option<serde_json::Value>,
    received_date_time: Option<jiff::Timestamp>,
    is_read: Option<bool>,
    is_draft: Option<bool>,
    has_attachments: Option<bool>,
    flag: Option<Flag>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Flag {
    flag_status: Option<String>,
}

/// What a listing asks of each message.
pub(super) const SELECT: &str = "id,receivedDateTime,isRead,isDraft,hasAttachments,flag";

impl Item {
    /// The message with what is told of it now. What is not told is as it was.
    fn over(&self, known: Option<&Named>, now: Timestamp) -> Named {
        let had = |flag: &str| known.is_some_and(|known| known.flags.iter().any(|one| one == flag));
        let flagged = self.flag.as_ref().and_then(|flag| flag.flag_status.as_deref());
        let flags = [
            ("\\Seen", self.is_read),
            ("\\Draft", self.is_draft),
            ("\\Flagged", flagged.map(|status| status == "flagged")),
        ];
        let flags = flags
            .into_iter()
            .filter(|(flag, told)| told.unwrap_or_else(|| had(flag)));
        Named {
            uid: known.map_or(0, |known| known.uid),
            name: self.id.clone(),
            at: self
                .received_date_time
                .map(|at| Timestamp(at.as_millisecond()))
                .or(known.map(|known| known.at))
                .unwrap_or(now),
            flags: flags.map(|(flag, _)| flag.to_owned()).collect(),
            bulky: self
                .has_attachments
                .unwrap_or_else(|| known.is_some_and(|known| known.bulky)),
        }
    }
}

/// What a page adds to a folder's numbers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sorted {
    /// Messages with new numbers.
    pub(super) new: Vec<Named>,
    /// Known ones of which something else is told now.
    pub(super) changed: Vec<Named>,
    /// Every number on the page.
    pub(super) here: Vec<u32>,
    /// Whether one of them was known.
    pub(super) met: bool,
}

/// Numbers the messages of a page, in its order: the newest first. Until one is met that is known, those that are not count upwards if
/// `above`, the others downwards; in a folder that was `listed` all count upwards. `None` when there are no numbers left.
pub(super) fn sorted(
    page: &[Item],
    known: &HashMap<&str, &Named>,
    bounds: Option<(u32, u32)>,
    above: bool,
    listed: bool,
    now: Timestamp,
) -> Option<Sorted> {
    let (mut low, mut high) = bounds.map_or((MIDDLE, MIDDLE - 1), |(low, high)| (low, high.max(MIDDLE - 1)));
    let mut done = Sorted::default();
    let mut rising = Vec::new();
    for item in page.iter().filter(|item| item.removed.is_none()) {
        let before = known.get(item.id.as_str()).copied();
        let mut named = item.over(before, now);
        match before {
            Some(before) => {
                done.met = true;
                done.here.push(before.uid);
                if *before != named {
                    done.changed.push(named);
                }
            }
            None if listed || (above && !done.met) => rising.push(named),
            None => {
                low = low.checked_sub(1).filter(|low| *low > 0)?;
                named.uid = low;
                done.here.push(low);
                done.new.push(named);
            }
        }
    }
    rising.sort_by_key(|named| named.at);
    for mut named in rising {
        // The largest number stands for "to the end" on the wire of every folder.
        high = high.checked_add(1).filter(|high| *high < u32::MAX)?;
        named.uid = high;
        done.here.push(high);
        done.new.push(named);
    }
    Some(done)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn item(id: &str, minute: u32) -> Item {
        serde_json::from_value(serde_json::json!({
            "id": id, "receivedDateTime": format!("2026-11-02T10:{minute:02}:00Z"), "isRead": false,
        }))
        .unwrap()
    }

    fn numbers(sorted: &Sorted) -> Vec<(&str, u32)> {
        let new = sorted.new.iter().map(|named| (named.name.as_str(), named.uid));
        new.collect()
    }

    #[test]
    fn a_first_listing_counts_downwards_and_what_comes_later_upwards() {
        let now = Timestamp(0);
        let first = sorted(&[item("c", 3), item("b", 2)], &HashMap::new(), None, false, false, now).unwrap();
        assert_eq!(numbers(&first), [("c", MIDDLE - 1), ("b", MIDDLE - 2)]);
        let bounds = Some((MIDDLE - 2, MIDDLE - 1));
        let more = sorted(&[item("a", 1)], &HashMap::new(), bounds, false, false, now).unwrap();
        assert_eq!(numbers(&more), [("a", MIDDLE - 3)]);
        let later = sorted(&[item("e", 5), item("d", 4)], &HashMap::new(), bounds, false, true, now).unwrap();
        assert_eq!(numbers(&later), [("d", MIDDLE), ("e", MIDDLE + 1)], "the oldest first");
    }

    #[test]
    fn a_listing_begun_again_knows_new_from_not_yet_listed() {
        let known = Named {
            uid: MIDDLE - 1,
            name: "b".to_owned(),
            at: Timestamp(0),
            flags: Vec::new(),
            bulky: false,
        };
        let known = HashMap::from([("b", &known)]);
        let page = [item("c", 3), item("b", 2), item("a", 1)];
        let again = sorted(&page, &known, Some((MIDDLE - 1, MIDDLE - 1)), true, false, Timestamp(0)).unwrap();
        assert_eq!(numbers(&again), [("a", MIDDLE - 2), ("c", MIDDLE)]);
        assert!(again.met);
    }

    #[test]
    fn what_is_not_told_stays_as_it_was() {
        let known = Named {
            uid: 7,
            name: "a".to_owned(),
            at: Timestamp(5),
            flags: vec!["\\Flagged".to_owned()],
            bulky: true,
        };
        let told: Item = serde_json::from_value(serde_json::json!({"id": "a", "isRead": true})).unwrap();
        let over = told.over(Some(&known), Timestamp(9));
        assert_eq!(over.flags, ["\\Seen", "\\Flagged"]);
        assert_eq!((over.at, over.bulky, over.uid), (Timestamp(5), true, 7));
    }
}
