//! The placeholders in the sample's messages and texts: `{{date}}`, `{{weekday:-1d4h:de}}` and so on, as the sample's README
//! lists them. They are replaced in bytes, because the messages come in half a dozen charsets.

use std::collections::BTreeMap;

use baton_domain::Timestamp;
use jiff::Zoned;
use serde::Deserialize;

use super::when::{Now, clock};

/// A placeholder that could not be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{{{{{0}}}}} is not a placeholder of the sample")]
pub struct BadPlaceholder(pub String);

/// Names of weekdays and months, and date patterns, of one language.
#[derive(Debug, Clone, Deserialize)]
pub struct Language {
    date: String,
    day: String,
    weekdays: Vec<String>,
    months: Vec<String>,
}

impl Language {
    fn filled(&self, pattern: &str, at: &Zoned) -> Option<String> {
        let month = self.months.get(usize::try_from(at.month() - 1).ok()?)?;
        Some(
            pattern
                .replace("{d}", &at.day().to_string())
                .replace("{month}", month)
                .replace("{yyyy}", &at.year().to_string()),
        )
    }

    fn weekday(&self, at: &Zoned) -> Option<String> {
        self.weekdays
            .get(usize::try_from(at.weekday().to_monday_zero_offset()).ok()?)
            .cloned()
    }
}

/// Fills placeholders in.
#[derive(Debug, Clone)]
pub struct Placeholders {
    now: Now,
    languages: BTreeMap<String, Language>,
}

impl Placeholders {
    /// For a sample loaded at `now`.
    #[must_use]
    pub fn new(now: Now, languages: BTreeMap<String, Language>) -> Self {
        Self { now, languages }
    }

    /// A message as it arrived at `at`.
    ///
    /// # Errors
    /// The first placeholder that is none.
    pub fn message(&self, raw: &[u8], at: Timestamp) -> Result<Vec<u8>, BadPlaceholder> {
        let mut filled = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(start) = find(rest, b"{{") {
            let (before, after) = rest.split_at(start);
            let Some(end) = find(after, b"}}") else { break };
            filled.extend_from_slice(before);
            let inside = after.get(2..end).unwrap_or_default();
            let name = String::from_utf8_lossy(inside);
            let value = self.value(&name, at).ok_or_else(|| BadPlaceholder(name.to_string()))?;
            filled.extend_from_slice(value.as_bytes());
            rest = after.get(end + 2..).unwrap_or_default();
        }
        filled.extend_from_slice(rest);
        Ok(filled)
    }

    /// A text of a step.
    ///
    /// # Errors
    /// The first placeholder that is none.
    pub fn text(&self, text: &str) -> Result<String, BadPlaceholder> {
        let filled = self.message(text.as_bytes(), self.now.at())?;
        Ok(String::from_utf8_lossy(&filled).into_owned())
    }

    fn value(&self, name: &str, at: Timestamp) -> Option<String> {
        if name == "date" {
            return Some(self.now.local(at)?.strftime("%a, %d %b %Y %H:%M:%S %z").to_string());
        }
        let (kind, rest) = name.split_once(':')?;
        if kind == "ics" {
            let (day, time) = rest.split_once(' ')?;
            return Some(
                self.now
                    .day_at(day, clock(time)?)?
                    .strftime("%Y%m%dT%H%M%S")
                    .to_string(),
            );
        }
        let (offset, language) = rest.split_once(':').unwrap_or((rest, "en"));
        let zoned = self.now.offset(offset)?;
        let language = self.languages.get(language)?;
        match kind {
            "date" => language.filled(&language.date, &zoned),
            "day" => language.filled(&language.day, &zoned),
            "weekday" => language.weekday(&zoned),
            "time" => Some(zoned.strftime("%H:%M").to_string()),
            "iso" => Some(zoned.strftime("%Y-%m-%d").to_string()),
            _ => None,
        }
    }
}

/// Where `needle` begins in `hay`.
#[must_use]
pub fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len()).position(|window| window == needle)
}

/// `hay` with every `from` replaced.
#[must_use]
pub fn replaced(hay: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(hay.len());
    let mut rest = hay;
    while let Some(at) = find(rest, from) {
        out.extend_from_slice(rest.get(..at).unwrap_or_default());
        out.extend_from_slice(to);
        rest = rest.get(at + from.len()..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn placeholders() -> Placeholders {
        let friday: Zoned = "2026-11-27T11:30[Europe/Berlin]".parse().unwrap();
        let now = Now::new(Timestamp(friday.timestamp().as_millisecond()), "Europe/Berlin").unwrap();
        Placeholders::new(
            now,
            serde_json::from_str(include_str!("../../sample/calendar.json")).unwrap(),
        )
    }

    fn check(text: &str, gives: &str) {
        assert_eq!(placeholders().text(text).unwrap(), gives);
    }

    #[test]
    fn every_form_is_filled_in() {
        check("{{date}}", "Fri, 27 Nov 2026 11:30:00 +0100");
        check("on {{date:+4d}}.", "on 1 December 2026.");
        check("{{date:+4d:de}}", "1. Dezember 2026");
        check("{{day:-1d}}", "26 November");
        check("{{weekday:+1b:fr}}", "lundi");
        check("{{time:-1d4h10m}}", "07:20");
        check("{{iso:+0b}}", "2026-11-27");
        check("{{ics:+3d 14:00}}", "20261130T140000");
    }

    #[test]
    fn bytes_of_another_charset_stay_as_they_are() {
        let filled = placeholders()
            .message(b"caf\xe9 {{iso:+0d}} \xfc", Timestamp(0))
            .unwrap();
        assert_eq!(filled, b"caf\xe9 2026-11-27 \xfc");
    }

    #[test]
    fn an_unknown_placeholder_is_an_error() {
        assert_eq!(placeholders().text("{{moon}}"), Err(BadPlaceholder("moon".to_owned())));
    }
}
