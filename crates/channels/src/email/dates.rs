//! The day an out-of-office answer says its writer is back.
//!
//! A guess from text in some twenty languages, kept as the day it names. It postpones a follow-up and nothing else, so a date that
//! could be read two ways is read as its writer writes dates, and where nothing shows how they do, not at all.

mod words;

use jiff::ToSpan as _;
use jiff::civil::{Date, Weekday};

use words::{BEHIND, INCLUSIVE, MONTHS, WEEKDAYS};

/// How far from such a word a date still belongs to it, in characters.
const REACH: usize = 60;
/// Characters of a text that are looked at.
const MAX_CHARS: usize = 4000;
/// An absence longer than this was not meant, in days.
const LONGEST_DAYS: i64 = 400;

/// What is known of the mail whose text is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    /// The day it was sent, where its writer was.
    pub(super) day: Date,
    /// Minutes east of UTC, as its date says. Zero says nothing: servers write it.
    pub(super) offset_minutes: i32,
}

/// How a writer orders the numbers of `03/04/2027`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    DayFirst,
    MonthFirst,
}

/// Which day of a stretch of text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Take {
    /// The first; with `true` a weekday will do where no date stands. "Monday till Friday" are office hours.
    First(bool),
    /// The last.
    Last,
}

/// The day its writer is back: the latest that stands by a word of return, not before the mail's own day.
pub(super) fn return_day(text: &str, sent: Option<Sent>) -> Option<Date> {
    let sent = sent?;
    let lower: String = text.chars().take(MAX_CHARS).collect::<String>().to_lowercase();
    let written = style(&lower, sent);
    let mut best: Option<Date> = None;
    for cue in words::BEFORE {
        for at in places(&lower, cue) {
            let behind: String = lower
                .get(at + cue.len()..)
                .unwrap_or_default()
                .chars()
                .take(REACH)
                .collect();
            // An English word says nothing of the order: the Atlantic lies between its readers.
            let foreign = !words::ENGLISH.contains(cue);
            let order = written.or(foreign.then_some(Style::DayFirst));
            let day = day_in(&behind, order, sent.day, Take::First(words::RETURNING.contains(cue)));
            // "Through 4 December" is back on the fifth.
            let inclusive = INCLUSIVE.iter().any(|word| cue.contains(word) || behind.contains(word));
            best = best.max(day.and_then(|day| if inclusive { day.tomorrow().ok() } else { Some(day) }));
        }
    }
    for cue in BEHIND {
        for at in lower.match_indices(cue).map(|(at, _)| at) {
            let before = lower.get(..at).unwrap_or_default();
            let from = before.char_indices().rev().nth(REACH).map_or(0, |(from, _)| from);
            let before = before.get(from..).unwrap_or_default();
            best = best.max(day_in(before, written.or(Some(Style::DayFirst)), sent.day, Take::Last));
        }
    }
    best
}

/// Where a word stands by itself, or begins one where it is long enough to be a stem.
fn places<'a>(text: &'a str, cue: &'a str) -> impl Iterator<Item = usize> + 'a {
    text.match_indices(cue).map(|(at, _)| at).filter(move |at| {
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        let after = text.get(at + cue.len()..).and_then(|text| text.chars().next());
        let open = |c: Option<char>| c.is_none_or(|c| !c.is_alphabetic());
        open(before) && (cue.chars().count() > 5 || open(after))
    })
}

/// How the text itself orders such numbers, where one of them leaves no doubt; else as people do where the mail was sent.
fn style(text: &str, sent: Sent) -> Option<Style> {
    let telling = tokens(text).find_map(|token| {
        let parts: Vec<i16> = token.split('/').map_while(|part| part.parse().ok()).collect();
        match parts.as_slice() {
            [13..=31, 1..=12, _] => Some(Style::DayFirst),
            [1..=12, 13..=31, _] => Some(Style::MonthFirst),
            _ => None,
        }
    });
    telling.or(match sent.offset_minutes {
        -600..=-180 => Some(Style::MonthFirst),
        30.. => Some(Style::DayFirst),
        _ => None,
    })
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '/' | '-')))
        .map(|token| token.trim_matches(['.', '-', '/']))
        .filter(|token| !token.is_empty())
}

/// The day named in a stretch of text that can be one of return.
fn day_in(text: &str, style: Option<Style>, sent: Date, take: Take) -> Option<Date> {
    let possible = |day: &Date| {
        day.since(sent)
            .is_ok_and(|span| (0..=LONGEST_DAYS).contains(&i64::from(span.get_days())))
    };
    let mut days = dates_in(text, style, sent).into_iter().filter(possible);
    let day = match take {
        Take::First(_) => days.next(),
        Take::Last => days.next_back(),
    };
    day.or_else(|| {
        let weekday = tokens(text).find_map(weekday).filter(|_| take == Take::First(true))?;
        let ahead = i64::from(sent.weekday().until(weekday)).rem_euclid(7);
        sent.checked_add((if ahead == 0 { 7 } else { ahead }).days()).ok()
    })
}

/// Dates in the order of the text. Those without a year are the next such day.
fn dates_in(text: &str, style: Option<Style>, sent: Date) -> Vec<Date> {
    let tokens: Vec<&str> = tokens(text).collect();
    let token = |at: usize| tokens.get(at).copied().unwrap_or_default();
    let mut found = Vec::new();
    for at in 0..tokens.len() {
        if let Some(date) = numeric(token(at), style, sent) {
            found.push(date);
        } else if let Some(date) = in_characters(token(at), sent) {
            found.push(date);
        } else if let Some(day) = ordinal(token(at)) {
            let of = |at: usize| usize::from(matches!(token(at), "of" | "de" | "del"));
            let month_at = at + 1 + of(at + 1);
            if let Some(month) = month(token(month_at)) {
                let year_at = month_at + 1 + of(month_at + 1);
                found.extend(day_of(year(token(year_at)), month, day, sent));
            }
        } else if let Some(month) = month(token(at))
            && let Some(day) = ordinal(token(at + 1))
            && at.checked_sub(1).is_none_or(|before| ordinal(token(before)).is_none())
        {
            found.extend(day_of(year(token(at + 2)), month, day, sent));
        }
    }
    found
}

/// `2026-12-24`, `24.12.2026`, `24.12.`, `24-12-2026`, and `24/12/2026` where one reading exists or the writer's style is known.
fn numeric(token: &str, style: Option<Style>, sent: Date) -> Option<Date> {
    let separator = ['-', '.', '/']
        .into_iter()
        .find(|separator| token.contains(*separator))?;
    let parts: Option<Vec<i16>> = token.split(separator).map(|part| part.parse().ok()).collect();
    let (year, month, day) = match (separator, parts?.as_slice()) {
        ('-' | '/' | '.', [y @ 2000..=2999, m, d]) => (Some(*y), *m, *d),
        ('.', [d, m]) => (None, *m, *d),
        ('.' | '-', [d, m, y]) => (Some(*y), *m, *d),
        ('/', [24, 7]) => return None, // "around the clock"
        ('/', [a, b]) => {
            let (m, d) = ordered(*a, *b, style)?;
            (None, m, d)
        }
        ('/', [a, b, y]) => {
            let (m, d) = ordered(*a, *b, style)?;
            (Some(*y), m, d)
        }
        _ => return None,
    };
    let year = year.map(|year| if year < 100 { year + 2000 } else { year });
    day_of(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?, sent)
}

/// Month and day of two numbers.
fn ordered(a: i16, b: i16, style: Option<Style>) -> Option<(i16, i16)> {
    match (a > 12, b > 12, style) {
        (true, false, _) => Some((b, a)),
        (false, true, _) => Some((a, b)),
        _ if a == b => Some((a, b)),
        (false, false, Some(Style::DayFirst)) => Some((b, a)),
        (false, false, Some(Style::MonthFirst)) => Some((a, b)),
        _ => None,
    }
}

/// `2026年12月3日`, `12月3日`, `12월`: numbers with what they count right behind them.
fn in_characters(token: &str, sent: Date) -> Option<Date> {
    let number_before = |mark: &[char]| {
        let (before, _) = token.split_once(mark)?;
        let start = before.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| {
            at + before
                .get(at..)
                .and_then(|rest| rest.chars().next())
                .map_or(1, char::len_utf8)
        });
        before.get(start..)?.parse::<i16>().ok()
    };
    let month = number_before(&['月', '월'])?;
    let day = number_before(&['日', '号', '일'])?;
    day_of(
        number_before(&['年', '년']),
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        sent,
    )
}

fn year(token: &str) -> Option<i16> {
    token.parse().ok().filter(|year| (2000..3000).contains(year))
}

fn month(token: &str) -> Option<i8> {
    let token = token.trim_end_matches('.');
    MONTHS
        .iter()
        .zip(1i8..)
        .find(|(names, _)| names.contains(&token))
        .map(|(_, month)| month)
}

fn weekday(token: &str) -> Option<Weekday> {
    WEEKDAYS
        .iter()
        .zip(1i8..)
        .find(|(names, _)| names.contains(&token))
        .and_then(|(_, day)| Weekday::from_monday_one_offset(day).ok())
}

/// `3`, `3rd`, `12th`, `1er`.
fn ordinal(token: &str) -> Option<i8> {
    let digits = token.trim_end_matches(|c: char| c.is_alphabetic());
    let suffix = token.get(digits.len()..).unwrap_or_default();
    let known = matches!(suffix, "" | "st" | "nd" | "rd" | "th" | "er" | "º" | "ª" | "e");
    digits.parse().ok().filter(|day| known && (1..=31).contains(day))
}

fn day_of(year: Option<i16>, month: i8, day: i8, sent: Date) -> Option<Date> {
    match year {
        Some(year) => Date::new(year, month, day).ok(),
        None => Date::new(sent.year(), month, day)
            .ok()
            .filter(|date| *date >= sent)
            .or_else(|| Date::new(sent.year().saturating_add(1), month, day).ok()),
    }
}

#[cfg(test)]
mod tests;
