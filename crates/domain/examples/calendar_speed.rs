//! How many times a second one core adds business time: `cargo run --release -p baton-domain --example calendar_speed`.

use std::time::Instant;

use baton_domain::{BusinessCalendar, HOUR_MS, MINUTE_MS, Timestamp};

/// How often each question is asked.
const TIMES: i64 = 2_000_000;

fn main() {
    for zone in ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"] {
        let table = BusinessCalendar::weekdays(zone).timetable();
        for hours in [1, 4, 40] {
            let begun = Instant::now();
            let mut sum = 0i64;
            for turn in 0..TIMES {
                // All hours of two years, so that changes of clocks are among them.
                let from = Timestamp(1_780_000_000_000 + (turn % 17_520) * HOUR_MS + turn % 59 * MINUTE_MS);
                let due = table.add_business(from, hours * HOUR_MS);
                sum = sum.wrapping_add(due.map_or(0, |due| due.0));
            }
            let seconds = begun.elapsed().as_secs_f64();
            println!(
                "{zone:20} + {hours:2} h: {:.2} million a second (sum {sum})",
                2.0 / seconds
            );
        }
    }
}
