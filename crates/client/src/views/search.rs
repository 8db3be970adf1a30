//! Finding a conversation by what is in its row: contact, company, subject, the newest words, its number.
//!
//! Accents and case do not count: `muller` finds Müller, and `strasse` finds Straße.

use baton_domain::Conversation;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// What can be found of a conversation, folded once when it changes, so that a keystroke costs a look and no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Haystack {
    number: u32,
    who: String,
    subject: String,
    rest: String,
}

/// What is searched for: every word must be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Needle {
    words: Vec<String>,
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

    /// How well it fits: lower is better, `None` when a word is missing.
    #[must_use]
    pub fn rank(&self, needle: &Needle) -> Option<u8> {
        if needle.number == Some(self.number) {
            return Some(0);
        }
        if needle.words.is_empty() {
            return None;
        }
        let mut worst = 0;
        for word in &needle.words {
            let rank = if starts_word(&self.who, word) {
                1
            } else if starts_word(&self.subject, word) {
                2
            } else if self.who.contains(word.as_str()) || self.subject.contains(word.as_str()) {
                3
            } else if self.rest.contains(word.as_str()) {
                4
            } else {
                return None;
            };
            worst = worst.max(rank);
        }
        Some(worst)
    }
}

impl Needle {
    /// What a person typed.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let bare = text.trim();
        Self {
            words: fold(bare).split_whitespace().map(str::to_owned).collect(),
            number: bare.strip_prefix('#').unwrap_or(bare).parse().ok(),
        }
    }
}

fn starts_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|part| part.starts_with(word))
        || text.starts_with(word)
}

fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text
        .nfkd()
        .filter(|c| !is_combining_mark(*c))
        .flat_map(char::to_lowercase)
    {
        match c {
            // Letters that Unicode does not take apart, as people type them without.
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'þ' => folded.push_str("th"),
            'ı' => folded.push('i'),
            c => folded.push(c),
        }
    }
    folded
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
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

    #[test]
    fn accents_and_case_do_not_count() {
        let row = haystack(1, "Jürgen Müller Łódź Straßenbau", "Anfrage über 40 Sitze");
        for text in ["muller", "MÜLLER", "lodz", "strassenbau", "uber", "müller anfrage"] {
            assert!(row.rank(&Needle::new(text)).is_some(), "{text}");
        }
        assert_eq!(row.rank(&Needle::new("müller absage")), None);
    }

    #[test]
    fn a_number_finds_its_conversation_first() {
        let row = haystack(1042, "Carl", "Lamps");
        assert_eq!(row.rank(&Needle::new("#1042")), Some(0));
        assert_eq!(row.rank(&Needle::new("1042")), Some(0));
        assert_eq!(row.rank(&Needle::new("104")), None);
    }

    #[test]
    fn the_beginning_of_a_name_is_better_than_its_middle() {
        let needle = Needle::new("ann");
        let anna = haystack(1, "Anna Berg", "").rank(&needle).unwrap();
        let johann = haystack(2, "Johann", "").rank(&needle).unwrap();
        assert!(anna < johann);
    }
}
