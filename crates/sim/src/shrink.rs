//! Making a life that failed shorter: steps are taken out of its plan as long as it still breaks the same promise.

use crate::check::Promise;
use crate::plan::{Doing, Size, Step};
use crate::planted::Planted;
use crate::{Life, live_plan};

/// How many lives are tried at most.
const TRIES: usize = 250;

/// The shortest plan found that still breaks `promise`, and how it goes.
#[must_use]
pub fn shrink(
    seed: u64,
    size: Size,
    plan: &[Step],
    planted: Option<Planted>,
    promise: Promise,
) -> Option<(Vec<Step>, Life)> {
    let mut tries = 0;
    let mut best: Option<(Vec<Step>, Life)> = None;
    let breaks = |steps: &[Step], tries: &mut usize| {
        *tries = tries.saturating_add(1);
        let life = live_plan(seed, size, steps.to_vec(), planted);
        life.broken
            .as_ref()
            .is_some_and(|broken| broken.promise == promise)
            .then_some(life)
    };
    let mut kept = plan.to_vec();
    let mut piece = kept.len().div_ceil(2);
    while piece > 0 && tries < TRIES {
        let mut from = 0;
        let mut shorter = false;
        while from < kept.len() && tries < TRIES {
            let without: Vec<Step> = kept
                .iter()
                .enumerate()
                .filter(|(at, step)| !(from..from.saturating_add(piece)).contains(at) || is_frame(step))
                .map(|(_, step)| step.clone())
                .collect();
            match breaks(&without, &mut tries).filter(|_| without.len() < kept.len()) {
                Some(life) => {
                    kept.clone_from(&without);
                    best = Some((without, life));
                    shorter = true;
                }
                None => from = from.saturating_add(piece),
            }
        }
        if piece == 1 && !shorter {
            break;
        }
        piece = if piece == 1 {
            usize::from(shorter)
        } else {
            piece.div_ceil(2)
        };
    }
    best
}

/// Mornings and evenings stay: without them nobody would be there.
const fn is_frame(step: &Step) -> bool {
    matches!(step.what, Doing::Morning | Doing::Evening)
}
