//! Many lives, on as many cores as there are. No life knows of another; they are handed over in the order of their seeds, so that
//! what is said of them is the same on every machine.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;

use crate::plan::Size;
use crate::planted::Planted;
use crate::{Life, live_silently};

/// How many may live at once on this machine.
#[must_use]
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Lives those seeds, silently, until `each` breaks off. It is called in the order of the seeds.
pub fn lives(
    seeds: Range<u64>,
    size: Size,
    planted: Option<Planted>,
    workers: usize,
    mut each: impl FnMut(Life) -> ControlFlow<()>,
) {
    let (next, enough) = (AtomicU64::new(seeds.start), AtomicBool::new(false));
    let (lived, coming) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..workers.max(1) {
            let lived = lived.clone();
            let (next, enough) = (&next, &enough);
            scope.spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || lived.send(live_silently(seed, size, planted)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(lived);
        let mut early = BTreeMap::new();
        let mut turn = seeds.start;
        'all: for life in coming {
            early.insert(life.seed, life);
            while let Some(life) = early.remove(&turn) {
                turn = turn.saturating_add(1);
                if each(life).is_break() {
                    enough.store(true, Ordering::Relaxed);
                    break 'all;
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_come_in_the_order_of_their_seeds_until_it_is_enough() {
        let mut came = Vec::new();
        lives(3..40, Size::DAY, None, 4, |life| {
            came.push(life.seed);
            if life.seed == 8 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        assert_eq!(came, [3, 4, 5, 6, 7, 8]);
    }
}
