//! Making a life that failed shorter: steps are taken out of its plan as long as it still breaks the same promise.

use crate::check::Promise;
use crate::plan::{Doing, Size, Step};
use crate::planted::Planted;
use crate::words::Transcript;
use crate::{Life, live_plan, lived};

/// How many lives are tried at most.
const TRIES: usize = 400;

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
    let mut best: Option<Vec<Step>> = None;
    let breaks = |steps: &[Step], tries: &mut usize| {
        *tries = tries.saturating_add(1);
        let life = lived(seed, size, steps.to_vec(), planted, Transcript::silent());
        life.broken.is_some_and(|broken| broken.promise == promise)
    };
    let mut kept = plan.to_vec();
    // What was to come later had no part in it.
    let ended = lived(seed, size, kept.clone(), planted, Transcript::silent()).ended;
    let before: Vec<Step> = kept.iter().filter(|step| step.at <= ended).cloned().collect();
    if breaks(&before, &mut tries) {
        kept.clone_from(&before);
        best = Some(before);
    }
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
            if without.len() < kept.len() && breaks(&without, &mut tries) {
                kept.clone_from(&without);
                best = Some(without);
                shorter = true;
            } else {
                from = from.saturating_add(piece);
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
    let best = best?;
    let life = live_plan(seed, size, best.clone(), planted);
    Some((best, life))
}

/// A life in the words of a test: `crates/sim/tests/shortened.rs` has the function it calls.
#[must_use]
pub fn as_a_test(seed: u64, size: Size, steps: &[Step]) -> String {
    let numbers: Vec<String> = steps.iter().map(|step| step.number.to_string()).collect();
    format!("keeps({}, {seed}, &[{}]);", size.in_code(), numbers.join(", "))
}

/// Mornings and evenings stay: without them nobody would be there.
const fn is_frame(step: &Step) -> bool {
    matches!(step.what, Doing::Morning | Doing::Evening)
}
