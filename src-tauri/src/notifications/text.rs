//! A stranger's words, made fit for a notification.

/// The longest title, in characters. Daemons cut at about this length themselves, some of them badly.
const TITLE_CHARS: usize = 120;

/// The longest body, in characters.
const BODY_CHARS: usize = 400;

/// One line without control characters.
#[must_use]
pub fn title(text: &str) -> String {
    cut(&flat(text), TITLE_CHARS)
}

/// A few lines without control characters, escaped where the daemon reads markup.
#[must_use]
pub fn body(text: &str, markup: bool) -> String {
    let lines: Vec<String> = text.lines().map(flat).filter(|line| !line.is_empty()).collect();
    let text = cut(&lines.join("\n"), BODY_CHARS);
    if markup { escape(&text) } else { text }
}

/// Escapes what the notification specification's markup gives a meaning.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            other => escaped.push(other),
        }
    }
    escaped
}

fn flat(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .filter(|character| !is_direction_override(*character))
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Characters that make the text after them read in another order than it was written (UAX #9).
fn is_direction_override(character: char) -> bool {
    matches!(character, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

fn cut(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some(_) => {
            let mut short: String = text.chars().take(max_chars.saturating_sub(1)).collect();
            short.push('…');
            short
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_of_a_stranger_is_shown_and_not_obeyed() {
        assert_eq!(body("<b>Free</b> & easy", true), "&lt;b&gt;Free&lt;/b&gt; &amp; easy");
    }

    #[test]
    fn a_daemon_without_markup_gets_the_plain_words() {
        assert_eq!(body("a < b & c", false), "a < b & c");
    }

    #[test]
    fn a_title_is_one_line() {
        assert_eq!(title("Quote\r\nfor 40\tseats\u{0007}"), "Quote for 40 seats");
    }

    #[test]
    fn text_that_would_turn_its_reader_around_is_straightened() {
        assert_eq!(title("invoice\u{202E}fdp.exe"), "invoicefdp.exe");
    }

    #[test]
    fn long_text_is_cut_before_it_is_escaped() {
        let long = body(&"<".repeat(1000), true);
        assert!(long.ends_with("&lt;…"));
        assert_eq!(long.matches("&lt;").count(), BODY_CHARS - 1);
    }
}
