//! The day an out-of-office answer says its writer is back.
//!
//! A guess from text in four languages. It postpones a follow-up and nothing else, so a date that could be read two ways is not read.

use baton_domain::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// Words after which the day of return stands; in lower case.
const CUES: &[&str] = &[
    "return",
    "be back",
    "back on",
    "back in the office",
    "until",
    "through",
    "wieder",
    "zurück",
    "zurueck",
    "bis zum",
    "bis einschließlich",
    "bis",
    "ab dem",
    "vuelta",
    "regreso",
    "hasta",
    "regresaré",
    "retour",
    "jusqu",
    "de nouveau",
    "returning",
];
/// How far behind such a word a date still belongs to it, in characters.
const REACH: usize = 60;
/// An absence longer than this was not meant, in days.
const LONGEST_DAYS: i64 = 400;

const MONTHS: &[(&str, i8)] = &[
    ("jan", 1),
    ("ene", 1),
    ("feb", 2),
    ("fév", 2),
    ("fev", 2),
    ("mar", 3),
    ("mär", 3),
    ("mrz", 3),
    ("apr", 4),
    ("abr", 4),
    ("avr", 4),
    ("may", 5),
    ("mai", 5),
    ("jun", 6),
    ("juin", 6),
    ("juil", 7),
    ("jul", 7),
    ("aug", 8),
    ("ago", 8),
    ("aoû", 8),
    ("aou", 8),
    ("sep", 9),
    ("oct", 10),
    ("okt", 10),
    ("nov", 11),
    ("dec", 12),
    ("dez", 12),
    ("dic", 12),
    ("déc", 12),
];

/// The latest day named behind a word of return, not before the mail's own date; as midnight UTC.
pub(super) fn return_day(text: &str, sent: Option<Timestamp>) -> Option<Timestamp> {
    let sent = sent
        .and_then(|at| jiff::Timestamp::from_millisecond(at.0).ok())?
        .to_zoned(TimeZone::UTC)
        .date();
    let lower: String = text.chars().take(4000).collect::<String>().to_lowercase();
    let mut best: Option<Date> = None;
    for cue in CUES {
        for (at, _) in lower.match_indices(cue) {
            let behind: String = lower
                .get(at + cue.len()..)
                .unwrap_or_default()
                .chars()
                .take(REACH)
                .collect();
            let day = dates_in(&behind, sent).into_iter().find(|day| {
                day.since(sent)
                    .ok()
                    .is_some_and(|span| (0..=LONGEST_DAYS).contains(&i64::from(span.get_days())))
            });
            best = best.max(day);
        }
    }
    let midnight = best?.to_zoned(TimeZone::UTC).ok()?;
    Some(Timestamp(midnight.timestamp().as_millisecond()))
}

/// Dates in the order of the text. Those without a year are the next such day.
fn dates_in(text: &str, sent: Date) -> Vec<Date> {
    let tokens: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '/' | '-')))
        .map(|token| token.trim_matches(['.', '-', '/']).to_owned())
        .filter(|token| !token.is_empty())
        .collect();
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let next = |n: usize| tokens.get(at + n).map(String::as_str).unwrap_or_default();
        if let Some(date) = numeric(token, sent) {
            found.push(date);
        } else if let Some(day) = ordinal(token) {
            let skip = usize::from(next(1) == "of" || next(1) == "de");
            if let Some(month) = month(next(1 + skip)) {
                let year_at = 2 + skip + usize::from(next(2 + skip) == "de");
                found.extend(day_of(year(next(year_at)), month, day, sent));
            }
        } else if let Some(month) = month(token)
            && let Some(day) = ordinal(next(1))
            && at
                .checked_sub(1)
                .and_then(|before| tokens.get(before))
                .and_then(|before| ordinal(before))
                .is_none()
        {
            found.extend(day_of(year(next(2)), month, day, sent));
        }
    }
    found
}

/// `2026-12-24`, `24.12.2026`, `24.12.`, and `24/12/2026` where only one reading exists.
fn numeric(token: &str, sent: Date) -> Option<Date> {
    for separator in ['-', '.', '/'] {
        let parts: Vec<&str> = token.split(separator).collect();
        let numbers: Option<Vec<i16>> = parts.iter().map(|part| part.parse().ok()).collect();
        let Some(numbers) = numbers else { continue };
        match (separator, numbers.as_slice()) {
            ('-', [y @ 2000..=2999, m, d]) => {
                return day_of(Some(*y), i8::try_from(*m).ok()?, i8::try_from(*d).ok()?, sent);
            }
            ('.', [d, m]) => return day_of(None, i8::try_from(*m).ok()?, i8::try_from(*d).ok()?, sent),
            ('.', [d, m, y]) => {
                return day_of(
                    Some(full_year(*y)),
                    i8::try_from(*m).ok()?,
                    i8::try_from(*d).ok()?,
                    sent,
                );
            }
            ('/', [a, b, y]) => {
                let (d, m) = match (*a > 12, *b > 12) {
                    (true, false) => (*a, *b),
                    (false, true) => (*b, *a),
                    _ if a == b => (*a, *b),
                    _ => return None,
                };
                return day_of(Some(full_year(*y)), i8::try_from(m).ok()?, i8::try_from(d).ok()?, sent);
            }
            ('-' | '.' | '/', [_]) => {}
            _ => return None,
        }
    }
    None
}

fn full_year(year: i16) -> i16 {
    if year < 100 { year + 2000 } else { year }
}

fn year(token: &str) -> Option<i16> {
    token.parse().ok().filter(|year| (2000..3000).contains(year))
}

fn month(token: &str) -> Option<i8> {
    let letters = token.trim_end_matches('.');
    (letters.chars().count() >= 3 && letters.chars().all(char::is_alphabetic))
        .then(|| {
            MONTHS
                .iter()
                .filter(|(begin, _)| letters.starts_with(begin))
                .max_by_key(|(begin, _)| begin.len())
                .map(|(_, month)| *month)
        })
        .flatten()
}

/// `3`, `3rd`, `12th`, `1er`.
fn ordinal(token: &str) -> Option<i8> {
    let digits = token.trim_end_matches(|c: char| c.is_alphabetic());
    let suffix = token.get(digits.len()..).unwrap_or_default();
    let known = matches!(suffix, "" | "st" | "nd" | "rd" | "th" | "er" | "º");
    digits.parse().ok().filter(|day| known && (1..=31).contains(day))
}

fn day_of(year: Option<i16>, month: i8, day: i8, sent: Date) -> Option<Date> {
    match year {
        Some(year) => Date::new(year, month, day).ok(),
        None => Date::new(sent.year(), month, day)
            .ok()
            .filter(|date| *date >= sent)
            .or_else(|| Date::new(sent.year() + 1, month, day).ok()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sent on Saturday, 21 November 2026.
    const SENT: Timestamp = Timestamp(1_795_219_200_000);

    #[track_caller]
    fn check(text: &str, day: Option<&str>) {
        let found = return_day(text, Some(SENT)).map(|at| {
            jiff::Timestamp::from_millisecond(at.0)
                .unwrap_or_default()
                .to_zoned(TimeZone::UTC)
                .date()
                .to_string()
        });
        assert_eq!(found.as_deref(), day, "{text}");
    }

    #[test]
    fn days_of_return_are_read_in_four_languages() {
        check("I am away and will be back on December 3rd, 2026.", Some("2026-12-03"));
        check("I will return on 7 January.", Some("2027-01-07"));
        check("Ich bin ab dem 30. November wieder im Büro.", Some("2026-11-30"));
        check(
            "Ich bin bis einschließlich 04.12.2026 nicht im Haus.",
            Some("2026-12-04"),
        );
        check("Estaré de vuelta el 2 de diciembre de 2026.", Some("2026-12-02"));
        check("Je serai de retour le 1er décembre.", Some("2026-12-01"));
        check("Back in the office on 2026-11-24.", Some("2026-11-24"));
    }

    #[test]
    fn what_could_be_read_two_ways_is_not_read() {
        check("I will be back on 03/04/2027.", None);
        check("I will be back on 24/12/2026.", Some("2026-12-24"));
        check("I will be back soon. Call 030 1234567.", None);
    }

    #[test]
    fn a_day_long_gone_is_no_day_of_return() {
        check("I was away until 1 March 2020.", None);
    }
}
