//! Rules: a draft rehearsed on everything that ever came, and business time.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use baton_domain::{BusinessCalendar, HOUR_MS, MINUTE_MS, Timestamp};
use serde_json::{Value, json};

use crate::figure::{Goal, figure};
use crate::office::Office;

/// Rules of the draft.
const RULES: usize = 200;
/// Seconds that a rehearsal over a million conversations may take.
const MILLION_S: f64 = 60.0;
/// How long is reckoned.
const RECKONED: Duration = Duration::from_secs(2);

/// A draft of two hundred rules, rehearsed page by page as the window does it, until the last page.
pub async fn rehearsal(office: &Office) -> Result<()> {
    let draft = draft(office);
    let mut asked = json!({ "rules": draft });
    let (mut looked_at, mut would_move) = (0, 0);
    let began = Instant::now();
    loop {
        let page = office.api.post("/v1/rules/rehearsal", &asked).await?;
        looked_at += page["lookedAt"].as_u64().unwrap_or(0) + page["passedOver"].as_u64().unwrap_or(0);
        let moves = page["moves"].as_array().map(Vec::as_slice).unwrap_or_default();
        would_move += moves.iter().filter_map(|one| one["count"].as_u64()).sum::<u64>();
        match page["next"].as_str() {
            Some(next) => asked["after"] = json!(next),
            None => break,
        }
    }
    let took = began.elapsed().as_secs_f64();
    let count = office.conversations.len();
    ensure!(
        looked_at == u64::try_from(count)?,
        "only {looked_at} of {count} were looked at"
    );
    ensure!(would_move > 0, "the draft moves nothing");
    #[allow(clippy::cast_precision_loss, reason = "millions")]
    let goal = MILLION_S * count as f64 / 1_000_000.0;
    let name = format!("{RULES} rules rehearsed over {count} conversations");
    figure(&name, took, "s", None, Goal::AtMost(goal));
    Ok(())
}

/// Rules that all have to be looked at before the last one takes what is left: words, senders and their negation.
fn draft(office: &Office) -> Value {
    let pool: Vec<Value> = office
        .seats
        .iter()
        .map(|(seat, _)| json!({ "member": seat.member }))
        .collect();
    let rules: Vec<Value> = (1..=RULES)
        .map(|number| {
            let when = if number == RULES {
                json!({ "type": "all", "of": [] })
            } else {
                json!({ "type": "all", "of": [
                    { "type": "any", "of": [
                        { "type": "words", "place": "both", "oneOf": [format!("tender {number}"), format!("lot{number}"), "pilot"] },
                        { "type": "sender", "oneOf": [format!("company{}.example", number * 7)] },
                    ] },
                    { "type": "not", "of": { "type": "words", "place": "subject", "oneOf": ["sample", "pilot", "pricing"] } },
                    { "type": "sender", "oneOf": [format!("company{}.example", number * 7), format!("partner{number}.example")] },
                ] })
            };
            json!({
                "id": uuid::Uuid::from_u128(1000 + number as u128),
                "name": format!("Rule {number}"),
                "when": when,
                "then": [{ "type": "distribute", "by": "roundRobin", "pool": pool }],
            })
        })
        .collect();
    json!({ "rules": rules })
}

/// Business time added to instants all over a year, as targets of an inbox do: a quarter of an hour to two days, over nights,
/// weekends, holidays and both changes of clocks.
pub fn business_time() {
    let mut calendar = BusinessCalendar::weekdays("Europe/Berlin");
    calendar.holidays = ["2026-01-01", "2026-04-03", "2026-04-06", "2026-05-01", "2026-12-25"]
        .map(str::to_owned)
        .to_vec();
    let table = calendar.timetable();
    let targets = [15 * MINUTE_MS, HOUR_MS, 4 * HOUR_MS, 8 * HOUR_MS, 16 * HOUR_MS];
    // 2026-01-01; steps of some seven hours that meet every time of day.
    let (first, step) = (1_767_225_600_000_i64, 25_313_000_i64);
    let mut done = 0_u32;
    let began = Instant::now();
    while began.elapsed() < RECKONED {
        for nth in 0..1000_i64 {
            for target in targets {
                black_box(table.add_business(Timestamp(first + black_box(nth) * step), black_box(target)));
                done += 1;
            }
        }
    }
    let a_second = f64::from(done) / began.elapsed().as_secs_f64();
    figure(
        "business time added, on one core",
        a_second,
        "/s",
        None,
        Goal::AtLeast(1_000_000.0),
    );
}
