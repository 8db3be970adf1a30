//! What a person types to find something: words, phrases and operators.
//!
//! | written | meaning |
//! |---|---|
//! | `blue lamp` | both words, anywhere |
//! | `"blue lamp"` | the words side by side |
//! | `lam*` | words that begin so |
//! | `lamp OR torch` | one of them |
//! | `-lamp` | not that word; works before operators too |
//! | `from: to: subject: filename:` | a word or a "phrase" of that part |
//! | `owner:` | `me`, `nobody`, or a colleague's name or address |
//! | `in:` | an inbox by its name |
//! | `status: is:` | a status by its word, or `open`, `closed`, `history`, `note`, `ours` |
//! | `has:attachment` | with a file |
//! | `before: after: on:` | a day `2026-11-21`, a month `2026-11` or a year, in the reader's zone |
//! | `#1042` | the conversation with that number |
//!
//! Nothing typed is an error: what is no operator is looked for as it stands, because people search for addresses and times.

/// A part of a message that words are looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Any part.
    Any,
    /// Its author.
    From,
    /// Those it went to.
    To,
    /// Its subject line.
    Subject,
    /// The names of its files.
    File,
}

/// Words looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// Where.
    pub part: Part,
    /// A word, or several side by side.
    pub text: String,
    /// More letters may follow.
    pub prefix: bool,
}

/// A period of days, months or years, as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The year.
    pub year: i16,
    /// The month, unless a year is meant.
    pub month: Option<i8>,
    /// The day, unless a month is meant.
    pub day: Option<i8>,
}

/// What a conversation or message must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    /// Has this owner: `me`, `nobody`, or somebody's name.
    Owner(String),
    /// Lies in the inbox of that name.
    Inbox(String),
    /// Is in that status.
    Status(String),
    /// Is open.
    Open,
    /// Is closed.
    Closed,
    /// Was there before its mailbox was connected.
    History,
    /// The find is a note of a colleague.
    Note,
    /// The find is ours.
    Ours,
    /// The find has a file.
    HasFile,
    /// Older than the period's beginning.
    Before(Period),
    /// Not older than the period's beginning.
    After(Period),
    /// Within the period.
    On(Period),
    /// The conversation has that number.
    Number(u32),
}

/// One thing that must be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clause {
    /// One of these is found; with `not`, none of them.
    Words {
        /// Turned round.
        not: bool,
        /// One of these.
        any: Vec<Words>,
    },
    /// That is so; with `not`, it is not.
    Fact {
        /// Turned round.
        not: bool,
        /// What.
        fact: Fact,
    },
}

/// What is looked for: everything must be so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// All of these.
    pub clauses: Vec<Clause>,
}

impl Query {
    /// What a person typed. With `typing`, more letters may follow the last word.
    #[must_use]
    pub fn parse(text: &str, typing: bool) -> Self {
        let tokens = tokens(text);
        let last = tokens.len().wrapping_sub(1);
        let mut query = Self::default();
        let mut or = false;
        for (at, token) in tokens.iter().enumerate() {
            if token.text == "OR" && !token.quoted && at != last && !query.clauses.is_empty() {
                or = true;
                continue;
            }
            let unfinished = typing && at == last && !token.quoted && !text.ends_with(char::is_whitespace);
            let clause = clause(token, unfinished);
            query.add(clause, std::mem::take(&mut or));
        }
        query
    }

    fn add(&mut self, clause: Clause, or: bool) {
        if or
            && let (
                Some(Clause::Words { not: false, any }),
                Clause::Words {
                    not: false,
                    any: others,
                },
            ) = (self.clauses.last_mut(), &clause)
        {
            any.extend(others.iter().cloned());
            return;
        }
        self.clauses.push(clause);
    }

    /// Whether nothing is looked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clauses.is_empty()
    }
}

#[derive(Debug)]
struct Token {
    not: bool,
    key: Option<String>,
    text: String,
    quoted: bool,
}

/// Splits at spaces outside quotes; a quote that is never closed ends with the text.
fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let not = rest.starts_with('-') && rest.chars().nth(1).is_some_and(|c| !c.is_whitespace() && c != '-');
        rest = if not {
            rest.strip_prefix('-').unwrap_or(rest)
        } else {
            rest
        };
        let (key, after) = key_of(rest);
        rest = after;
        let (value, quoted, after) = match rest.strip_prefix('"') {
            Some(inside) => match inside.split_once('"') {
                Some((value, after)) => (value, true, after),
                None => (inside, true, ""),
            },
            None => {
                let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
                let (value, after) = rest.split_at(end);
                (value, false, after)
            }
        };
        if !value.is_empty() {
            tokens.push(Token {
                not,
                key,
                text: value.to_owned(),
                quoted,
            });
        }
        rest = after.trim_start();
    }
    tokens
}

const KEYS: [&str; 13] = [
    "from", "to", "subject", "filename", "owner", "in", "status", "is", "has", "before", "after", "on", "file",
];

fn key_of(text: &str) -> (Option<String>, &str) {
    let Some((key, after)) = text.split_once(':') else {
        return (None, text);
    };
    let key = key.to_ascii_lowercase();
    // A key with nothing behind it is still being typed: it is looked for as a word.
    if KEYS.contains(&key.as_str()) && after.starts_with(|c: char| !c.is_whitespace()) {
        (Some(key), after)
    } else {
        (None, text)
    }
}

fn clause(token: &Token, unfinished: bool) -> Clause {
    if let Some(fact) = fact(token) {
        return Clause::Fact { not: token.not, fact };
    }
    let part = match token.key.as_deref() {
        Some("from") => Part::From,
        Some("to") => Part::To,
        Some("subject") => Part::Subject,
        Some("filename" | "file") => Part::File,
        _ => Part::Any,
    };
    let text = match (part, &token.key) {
        // An operator with a value that makes no sense is looked for as it was typed.
        (Part::Any, Some(key)) => format!("{key}:{}", token.text),
        _ => token.text.clone(),
    };
    let bare = text.strip_suffix('*').filter(|_| !token.quoted);
    let words = Words {
        part,
        prefix: bare.is_some() || unfinished,
        text: bare.unwrap_or(&text).to_owned(),
    };
    Clause::Words {
        not: token.not,
        any: vec![words],
    }
}

fn fact(token: &Token) -> Option<Fact> {
    let value = token.text.as_str();
    let word = value.to_lowercase();
    match token.key.as_deref() {
        Some("owner") => Some(Fact::Owner(value.to_owned())),
        Some("in") => Some(Fact::Inbox(value.to_owned())),
        Some("has") => {
            matches!(word.as_str(), "attachment" | "attachments" | "file" | "files").then_some(Fact::HasFile)
        }
        Some("status" | "is") => Some(match word.as_str() {
            "open" => Fact::Open,
            "closed" => Fact::Closed,
            "history" => Fact::History,
            "note" | "notes" => Fact::Note,
            "ours" | "sent" => Fact::Ours,
            _ => Fact::Status(value.to_owned()),
        }),
        Some("before") => period(value).map(Fact::Before),
        Some("after") => period(value).map(Fact::After),
        Some("on") => period(value).map(Fact::On),
        None if !token.quoted => {
            let number = value.strip_prefix('#')?.parse().ok()?;
            Some(Fact::Number(number))
        }
        _ => None,
    }
}

fn period(text: &str) -> Option<Period> {
    let mut parts = text.split(['-', '/', '.']);
    let year = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    let month: Option<i8> = parts.next().map(str::parse).transpose().ok()?;
    let day: Option<i8> = parts.next().map(str::parse).transpose().ok()?;
    let real = parts.next().is_none()
        && month.is_none_or(|month| (1..=12).contains(&month))
        && day.is_none_or(|day| (1..=31).contains(&day));
    real.then_some(Period { year, month, day })
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "tests")]
mod tests {
    use super::*;

    fn words(part: Part, text: &str, prefix: bool) -> Clause {
        Clause::Words {
            not: false,
            any: vec![Words {
                part,
                text: text.to_owned(),
                prefix,
            }],
        }
    }

    fn is(fact: Fact) -> Clause {
        Clause::Fact { not: false, fact }
    }

    #[test]
    fn words_phrases_and_operators_are_told_apart() {
        let query = Query::parse(
            r#"lamp "blue shade" from:"Carl Berg" subject:renew* has:attachment owner:me"#,
            false,
        );
        assert_eq!(
            query.clauses,
            [
                words(Part::Any, "lamp", false),
                words(Part::Any, "blue shade", false),
                words(Part::From, "Carl Berg", false),
                words(Part::Subject, "renew", true),
                is(Fact::HasFile),
                is(Fact::Owner("me".to_owned())),
            ]
        );
    }

    #[test]
    fn the_last_word_may_go_on_while_it_is_typed() {
        assert_eq!(Query::parse("blue lam", true).clauses[1], words(Part::Any, "lam", true));
        assert_eq!(
            Query::parse("blue lam ", true).clauses[1],
            words(Part::Any, "lam", false)
        );
        assert_eq!(Query::parse("from:ca", true).clauses, [words(Part::From, "ca", true)]);
    }

    #[test]
    fn either_and_not() {
        let query = Query::parse("lamp OR torch -broken -is:closed", false);
        assert!(matches!(&query.clauses[0], Clause::Words { not: false, any } if any.len() == 2));
        assert!(matches!(&query.clauses[1], Clause::Words { not: true, .. }));
        assert_eq!(
            query.clauses[2],
            Clause::Fact {
                not: true,
                fact: Fact::Closed
            }
        );
        assert_eq!(Query::parse("OR lamp", false).clauses.len(), 2);
    }

    #[test]
    fn days_months_and_years() {
        let of = |text: &str| Query::parse(text, false).clauses;
        let june = Period {
            year: 2025,
            month: Some(6),
            day: None,
        };
        assert_eq!(of("on:2025-06"), [is(Fact::On(june))]);
        assert_eq!(
            of("before:2025"),
            [is(Fact::Before(Period {
                year: 2025,
                month: None,
                day: None
            }))]
        );
        assert_eq!(of("after:2025-13"), [words(Part::Any, "after:2025-13", false)]);
    }

    #[test]
    fn nothing_typed_is_an_error() {
        for text in [
            "",
            "   ",
            "\"",
            "-",
            "--",
            "from:",
            "\"open",
            "a:b:c",
            "http://x.example/?q=1",
            "10:30",
            "*",
            "OR",
        ] {
            let _ = Query::parse(text, true);
        }
        assert_eq!(Query::parse("10:30", false).clauses, [words(Part::Any, "10:30", false)]);
        assert_eq!(Query::parse("#1042", false).clauses, [is(Fact::Number(1042))]);
        assert!(Query::parse(" \t ", true).is_empty());
    }

    #[test]
    fn any_text_at_all_is_read() {
        proptest::proptest!(|(text in ".{0,60}")| { let _ = Query::parse(&text, true); });
    }
}
