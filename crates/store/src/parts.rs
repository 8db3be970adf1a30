//! Many values in a few forms of a statement.
//!
//! A database prepares each text of a statement once and keeps it, each connection for itself. A statement for as many rows as there happen
//! to be has another text nearly every time, and preparing one for hundreds of rows costs more than running it. So rows go in groups of few
//! sizes, and a list of values is filled up to a power of two.

/// The sizes of groups of rows, the largest first: whatever number there is takes two or three statements, at most five. The largest has
/// with fifteen columns still few parameters for both databases.
const SIZES: [usize; 15] = [240, 128, 64, 48, 32, 24, 16, 12, 8, 6, 5, 4, 3, 2, 1];
/// The most values of one list.
const LISTED: usize = 512;

/// Rows in groups of few sizes, the largest first, in the order they came.
pub(crate) fn rows<T>(rows: Vec<T>) -> impl Iterator<Item = Vec<T>> {
    let mut left = rows.into_iter();
    std::iter::from_fn(move || {
        let size = group(left.len())?;
        Some(left.by_ref().take(size).collect())
    })
}

/// How many of so many rows go together; `None` when none are left.
fn group(left: usize) -> Option<usize> {
    SIZES.into_iter().find(|size| *size <= left)
}

/// Values for `in (...)`, some at a time, each list filled up to a power of two with its last value.
pub(crate) fn lists<T: Clone>(values: impl IntoIterator<Item = T>) -> Vec<Vec<T>> {
    let mut left = values.into_iter();
    // Collected: what a query waits for must not hold the iterator it came from.
    std::iter::from_fn(|| {
        let mut list: Vec<T> = left.by_ref().take(LISTED).collect();
        let last = list.last().cloned()?;
        list.resize(list.len().next_power_of_two(), last);
        Some(list)
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_row_comes_once_in_order_and_in_few_sizes() {
        let mut sizes = BTreeSet::new();
        for count in 0..2000 {
            let groups: Vec<Vec<usize>> = rows((0..count).collect()).collect();
            sizes.extend(groups.iter().map(Vec::len));
            assert_eq!(groups.concat(), (0..count).collect::<Vec<_>>());
            assert!(
                count >= SIZES[0] || groups.len() <= 5,
                "{count} rows take {} statements",
                groups.len()
            );
        }
        assert_eq!(sizes, SIZES.into());
    }

    #[test]
    fn a_list_has_every_value_and_no_other() {
        let mut sizes = BTreeSet::new();
        for count in 0..2000 {
            let lists = lists(0..count);
            sizes.extend(lists.iter().map(Vec::len));
            let all: BTreeSet<usize> = lists.concat().into_iter().collect();
            assert_eq!(all, (0..count).collect());
        }
        assert_eq!(sizes, (0..=9).map(|power| 1 << power).collect());
    }
}
