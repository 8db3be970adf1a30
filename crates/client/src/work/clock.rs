//! Waking the engine when it asked to be woken.

use std::sync::Arc;
use std::time::Duration;

use super::{Work, now};
use crate::engine::Input;

/// The longest nap: timers stand still while a computer sleeps, so the clock is looked at now and then.
const NAP_MS: u64 = 15_000;

pub(super) async fn run(work: Arc<Work>) {
    let mut wake_at = work.wake_at.subscribe();
    let mut looked = now();
    loop {
        let at = *wake_at.borrow_and_update();
        let wait = at.map_or(i64::MAX, |at| at.since_ms(now()));
        let jumped = now().since_ms(looked).abs() > 60_000;
        if wait <= 0 || jumped {
            looked = now();
            work.input(Input::Tick).await;
            // An engine that asks for the past must not spin.
            tokio::task::yield_now().await;
            if !wake_at.has_changed().unwrap_or(false) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            continue;
        }
        looked = now();
        let nap = Duration::from_millis(baton_clock::nap_ms(wait).min(NAP_MS));
        tokio::select! {
            () = tokio::time::sleep(nap) => {}
            changed = wake_at.changed() => if changed.is_err() { return },
        }
    }
}
