//! How text is made findable: without case and accents, and with Chinese, Japanese and Korean text in pairs of characters.
//!
//! The tokenizer of the index takes a run of Chinese characters for one word, and an index of triples finds nothing for one or
//! two of them. So such runs are kept in a column of their own, as overlapping pairs: 東京都 becomes `東京 京都 都`, where 東京, 京都
//! and 都 alone are all found.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// Text as people type it when they look for it: `Müller` and `muller` are the same, as are `Straße` and `strasse`.
#[must_use]
pub fn fold(text: &str) -> String {
    // Most mail, and many times faster.
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
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
    // Decomposed Hangul is put together again: a syllable is what people type.
    if folded.chars().any(|c| ('\u{1100}'..='\u{11ff}').contains(&c)) {
        folded = folded.nfc().collect();
    }
    folded
}

/// Whether a character belongs to a script that is written without spaces between words.
#[must_use]
pub(super) fn is_spaceless(c: char) -> bool {
    matches!(c,
        '\u{3041}'..='\u{30ff}' // Hiragana, Katakana
        | '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' // Han
        | '\u{ac00}'..='\u{d7a3}' // Hangul
        | '\u{20000}'..='\u{3134f}') // Han, beyond the basic plane
}

/// Folded text, split into what the tokenizer reads and the runs it can't.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Split {
    /// Everything written with spaces.
    pub(super) words: String,
    /// The other runs, each as it stands.
    pub(super) runs: Vec<String>,
}

impl Split {
    pub(super) fn of(folded: String) -> Self {
        if !folded.chars().any(is_spaceless) {
            return Self {
                words: folded,
                runs: Vec::new(),
            };
        }
        let mut split = Self {
            words: String::with_capacity(folded.len()),
            runs: Vec::new(),
        };
        let mut inside = false;
        for c in folded.chars() {
            if is_spaceless(c) {
                match split.runs.last_mut() {
                    Some(run) if inside => run.push(c),
                    _ => {
                        split.runs.push(c.to_string());
                        split.words.push(' ');
                    }
                }
                inside = true;
            } else {
                split.words.push(c);
                inside = false;
            }
        }
        split
    }

    /// The runs as overlapping pairs, for the index. The last character stands alone too.
    pub(super) fn pairs(&self) -> String {
        let mut pairs = String::new();
        for run in &self.runs {
            push_pairs(run, &mut pairs);
            if let Some(last) = run.chars().next_back() {
                pairs.push(last);
                pairs.push(' ');
            }
        }
        pairs
    }
}

/// The overlapping pairs of a run, as a phrase that is looked for; `None` for a single character, of which pairs only begin.
pub(super) fn phrase_of_pairs(run: &str) -> Option<String> {
    let mut pairs = String::new();
    push_pairs(run, &mut pairs);
    let pairs = pairs.trim_end();
    (!pairs.is_empty()).then(|| pairs.to_owned())
}

fn push_pairs(run: &str, pairs: &mut String) {
    for (one, two) in run.chars().zip(run.chars().skip(1)) {
        pairs.push(one);
        pairs.push(two);
        pairs.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_accents_do_not_count() {
        assert_eq!(fold("JÜRGEN Straße Łódź ÆØ"), "jurgen strasse lodz aeo");
        assert_eq!(fold("Ａｌｐｈａ"), "alpha");
        assert_eq!(fold("한국어"), "한국어");
    }

    #[test]
    fn spaceless_text_is_kept_apart_from_words() {
        let split = Split::of(fold("Order 東京都 from ABC株式会社"));
        assert_eq!(split.words, "order   from abc ");
        assert_eq!(split.runs, ["東京都", "株式会社"]);
        assert_eq!(split.pairs(), "東京 京都 都 株式 式会 会社 社 ");
    }

    #[test]
    fn a_run_is_looked_for_as_its_pairs() {
        assert_eq!(phrase_of_pairs("東京都").as_deref(), Some("東京 京都"));
        assert_eq!(phrase_of_pairs("都"), None);
    }
}
