//! The words around a find.

use super::text::fold;

/// How much is shown before the first word found, and altogether, in characters.
const BEFORE: usize = 40;
const LENGTH: usize = 180;

/// A part of a text, in bytes of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub start: usize,
    /// Where the next part begins.
    pub end: usize,
}

/// Some words of a text, with the places of what was looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Excerpt {
    /// The words, on one line.
    pub text: String,
    /// What was looked for, in `text`, in order and apart from one another.
    pub marks: Vec<Span>,
}

impl Excerpt {
    /// Its text in parts, each with whether it is what was looked for.
    #[must_use]
    pub fn parts(&self) -> Vec<(&str, bool)> {
        let mut parts = Vec::new();
        let mut push = |from: usize, to: usize, found: bool| {
            if let Some(text) = self.text.get(from..to).filter(|text| !text.is_empty()) {
                parts.push((text, found));
            }
        };
        let mut at = 0;
        for mark in &self.marks {
            push(at, mark.start, false);
            push(mark.start, mark.end, true);
            at = mark.end;
        }
        push(at, self.text.len(), false);
        parts
    }
}

/// The words of `text` around the first of the folded `words`; its beginning where none of them is there, as when the find was
/// in another part of the message.
pub(super) fn of(text: &str, words: &[String]) -> Excerpt {
    let line = one_line(text);
    let parts: Vec<&str> = words
        .iter()
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric()))
        .filter(|part| !part.is_empty())
        .collect();
    let first = places(&line, &parts).next().map_or(0, |span| span.start);
    let start = step_back(&line, first, BEFORE);
    let rest = line.get(start..).unwrap_or_default();
    let end = rest.char_indices().nth(LENGTH).map_or(rest.len(), |(at, _)| at);
    let mut shown = String::new();
    if start > 0 {
        shown.push('…');
    }
    shown.push_str(rest.get(..end).unwrap_or(rest).trim_end());
    if end < rest.len() {
        shown.push('…');
    }
    let marks = places(&shown, &parts).collect();
    Excerpt { text: shown, marks }
}

fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(1 << 16));
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
}

/// The beginnings of words, and any place in a run without spaces, that fold to one of `parts`.
fn places<'a>(text: &'a str, parts: &'a [&str]) -> impl Iterator<Item = Span> + 'a {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let start = at;
            let begins_word = text
                .get(..start)
                .and_then(|before| before.chars().next_back())
                .is_none_or(|c| !c.is_alphanumeric() || super::text::is_spaceless(c));
            at += rest.chars().next().map_or(1, char::len_utf8);
            if !begins_word {
                continue;
            }
            let longest = parts.iter().filter_map(|part| length_of(rest, part)).max();
            if let Some(length) = longest {
                at = start + length;
                return Some(Span { start, end: at });
            }
        }
        None
    })
}

/// How many bytes of `text` fold to `part`, if it begins so.
fn length_of(text: &str, part: &str) -> Option<usize> {
    let mut left = part;
    for (at, c) in text.char_indices() {
        if left.is_empty() {
            return Some(at);
        }
        // Nearly every letter of nearly every text ends here.
        left = if c.is_ascii() {
            left.strip_prefix(c.to_ascii_lowercase())?
        } else {
            let mut buffer = [0; 4];
            left.strip_prefix(fold(c.encode_utf8(&mut buffer)).as_str())?
        };
    }
    left.is_empty().then_some(text.len())
}

fn step_back(text: &str, from: usize, characters: usize) -> usize {
    let before = text.get(..from).unwrap_or_default();
    let start = before.char_indices().rev().nth(characters).map_or(0, |(at, _)| at);
    if start == 0 {
        return 0;
    }
    // At a word's beginning, not within one.
    text.get(start..from)
        .and_then(|part| part.find(' '))
        .map_or(start, |space| start + space + 1)
}

#[cfg(test)]
#[allow(clippy::string_slice, reason = "tests")]
mod tests {
    use super::*;

    fn marked(text: &str, words: &[&str]) -> (String, Vec<String>) {
        let words: Vec<String> = words.iter().map(|word| fold(word)).collect();
        let excerpt = of(text, &words);
        let marks = excerpt
            .marks
            .iter()
            .map(|span| excerpt.text[span.start..span.end].to_owned());
        (excerpt.text.clone(), marks.collect())
    }

    #[test]
    fn what_was_found_is_marked_as_it_was_written() {
        let (text, marks) = marked("Wir liefern in die\n\nMüllerstraße, 3. Stock.", &["mullerstrasse"]);
        assert_eq!(text, "Wir liefern in die Müllerstraße, 3. Stock.");
        assert_eq!(marks, ["Müllerstraße"]);
        assert_eq!(marked("請寄到東京都港区", &["京都"]).1, ["京都"]);
    }

    #[test]
    fn a_long_text_is_shown_around_the_find() {
        let long = format!("{} the needle {}", "hay ".repeat(500), "hay ".repeat(500));
        let (text, marks) = marked(&long, &["needle"]);
        assert!(
            text.starts_with("…hay") && text.ends_with('…') && text.chars().count() <= LENGTH + 2,
            "{text}"
        );
        assert_eq!(marks, ["needle"]);
    }

    #[test]
    fn without_a_find_the_beginning_is_shown() {
        assert_eq!(marked("Hello there", &["carl"]), ("Hello there".to_owned(), vec![]));
        assert_eq!(marked("", &["carl"]), (String::new(), vec![]));
    }

    #[test]
    fn any_text_can_be_cut() {
        proptest::proptest!(|(text in ".{0,400}", word in "\\PC{0,6}")| {
            let excerpt = of(&text, &[fold(&word)]);
            for span in excerpt.marks {
                proptest::prop_assert!(excerpt.text.get(span.start..span.end).is_some());
            }
        });
    }
}
