//! Finding a conversation by what is in its row: contact, company, subject, the newest words, its number.
//!
//! This is what can be told at once, at every keystroke and without a network. What was written in messages, replies and notes is
//! found by the server's index.

use baton_domain::Conversation;
use baton_store::search::{Clause, Part, Query, Words, fold};

/// What can be found of a conversation, folded once when it changes, so that a keystroke costs a look and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Haystack {
    number: u32,
    who: String,
    subject: String,
    rest: String,
}

/// What is looked for in rows: the words of a query, folded once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    clauses: Vec<(bool, Vec<Word>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Word {
    part: Part,
    text: String,
    number: Option<u32>,
}

impl Haystack {
    /// What can be found of it.
    #[must_use]
    pub fn of(conversation: &Conversation) -> Self {
        let company = conversation.company.as_deref().unwrap_or_default();
        let contact = &conversation.contact;
        let preview = conversation
            .last_message
            .as_ref()
            .map_or("", |last| last.preview.as_str());
        let tags: Vec<&str> = conversation.tags.iter().map(String::as_str).collect();
        let next_step = conversation.next_step_text().unwrap_or_default();
        Self {
            number: conversation.number,
            who: fold(&format!("{} {} {company}", contact.name, contact.email)),
            subject: fold(&conversation.subject),
            rest: fold(&format!("{preview} {} {next_step}", tags.join(" "))),
        }
    }

    /// How well it fits: lower is better, `None` when a word is missing, or one is there that must not be.
    #[must_use]
    pub fn rank(&self, needle: &Needle) -> Option<u8> {
        let mut worst = 0;
        for (not, any) in &needle.clauses {
            let best = any.iter().filter_map(|word| self.rank_of(word)).min();
            match (not, best) {
                (true, Some(_)) | (false, None) => return None,
                (true, None) => {}
                (false, Some(rank)) => worst = worst.max(rank),
            }
        }
        Some(worst)
    }

    fn rank_of(&self, word: &Word) -> Option<u8> {
        let text = word.text.as_str();
        match word.part {
            Part::From if starts_word(&self.who, text) => Some(1),
            Part::Subject if starts_word(&self.subject, text) => Some(2),
            Part::Any if word.number == Some(self.number) => Some(0),
            Part::Any if starts_word(&self.who, text) => Some(1),
            Part::Any if starts_word(&self.subject, text) => Some(2),
            Part::Any if self.who.contains(text) || self.subject.contains(text) => Some(3),
            Part::Any if self.rest.contains(text) => Some(4),
            Part::From | Part::Subject | Part::To | Part::File | Part::Any => None,
        }
    }
}

impl Needle {
    /// The words of what a person typed.
    #[must_use]
    pub fn of(query: &Query) -> Self {
        let words = query.clauses.iter().filter_map(|clause| match clause {
            Clause::Words { not, any } => Some((*not, any.iter().map(word).collect())),
            Clause::Fact { .. } => None,
        });
        Self {
            clauses: words.collect(),
        }
    }
}

fn word(words: &Words) -> Word {
    Word {
        part: words.part,
        text: fold(words.text.trim()),
        number: words.text.parse().ok(),
    }
}

fn starts_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|part| part.starts_with(word))
        || text.starts_with(word)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn haystack(number: u32, who: &str, subject: &str) -> Haystack {
        Haystack {
            number,
            who: fold(who),
            subject: fold(subject),
            rest: String::new(),
        }
    }

    fn rank(row: &Haystack, text: &str) -> Option<u8> {
        row.rank(&Needle::of(&Query::parse(text, true)))
    }

    #[test]
    fn accents_and_case_do_not_count() {
        let row = haystack(1, "Jürgen Müller Łódź Straßenbau", "Anfrage über 40 Sitze");
        for text in [
            "muller",
            "MÜLLER",
            "lodz",
            "strassenbau",
            "uber",
            "müller anfrage",
            "from:mull",
            "\"40 sitze\"",
        ] {
            assert!(rank(&row, text).is_some(), "{text}");
        }
        assert_eq!(rank(&row, "müller absage"), None);
        assert_eq!(rank(&row, "subject:müller"), None);
    }

    #[test]
    fn one_of_two_and_not_a_third() {
        let row = haystack(1, "Jürgen Müller", "Anfrage");
        assert!(rank(&row, "absage OR anfrage").is_some());
        assert!(rank(&row, "anfrage -absage").is_some());
        assert_eq!(rank(&row, "müller -anfrage"), None);
    }

    #[test]
    fn a_number_finds_its_conversation_first() {
        let row = haystack(1042, "Carl", "Lamps");
        assert_eq!(rank(&row, "1042"), Some(0));
        assert_eq!(rank(&row, "104"), None);
    }

    #[test]
    fn the_beginning_of_a_name_is_better_than_its_middle() {
        let anna = rank(&haystack(1, "Anna Berg", ""), "ann").unwrap();
        let johann = rank(&haystack(2, "Johann", ""), "ann").unwrap();
        assert!(anna < johann);
    }
}
