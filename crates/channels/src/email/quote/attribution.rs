//! Whom the outermost quote is attributed to.
//!
//! `On 3 May, Sales <sales@example.com> wrote:`, or the block of headers that Outlook puts above what it quotes. Only an address says
//! anything: names are everybody's. Where two are named, or a quote begins without being introduced, it is attributed to nobody.

use super::{begins_forward, begins_unmarked_quote, cut_lines, introduction, is_quote_mark};

/// Lines of an unmarked quote among which the author's is looked for.
const HEADER_LINES: usize = 8;
/// What stands before the author in such a block, in lower case.
const FROM: &[&str] = &[
    "from",
    "von",
    "de",
    "da",
    "van",
    "fra",
    "från",
    "od",
    "lähettäjä",
    "от",
    "feladó",
    "kimden",
];

/// The address that the outermost quote of a text is attributed to, in lower case.
#[must_use]
pub fn quoted_from(text: &str) -> Option<String> {
    let lines = cut_lines(text);
    for at in 0..lines.len() {
        let rest = lines.get(at..).unwrap_or_default();
        let line = rest.first().copied().unwrap_or_default();
        if begins_forward(line) || is_quote_mark(line) {
            return None;
        }
        if let Some(length) = introduction(rest) {
            return only_address(&rest.get(..length).unwrap_or_default().concat());
        }
        if begins_unmarked_quote(rest) {
            return rest.iter().take(HEADER_LINES).find_map(|line| author(line));
        }
    }
    None
}

/// The address in a line that names the author of what is quoted.
fn author(line: &str) -> Option<String> {
    let (key, value) = line.split_once([':', '：'])?;
    let key = key.trim().trim_matches('*').trim().to_lowercase();
    FROM.contains(&key.as_str()).then(|| only_address(value)).flatten()
}

/// The one address in a text; none where there are two different ones.
fn only_address(text: &str) -> Option<String> {
    let inside = |c: char| c.is_alphanumeric() || "._%+-@!#$&'*/=?^`{|}~".contains(c);
    let mut found: Option<String> = None;
    for word in text.split(|c| !inside(c)) {
        let word = word.trim_matches(['.', '\'', '*']).to_lowercase();
        let Some((local, domain)) = word.split_once('@') else {
            continue;
        };
        if local.is_empty() || !domain.contains('.') || domain.contains('@') {
            continue;
        }
        match &found {
            Some(known) if *known != word => return None,
            _ => found = Some(word),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_quote_is_attributed_to_the_address_that_introduces_it() {
        for (text, gives) in [
            (
                "Fine.\n\nOn 3 May 2026 at 10:02, Sales <Sales@Example.com> wrote:\n> 90 euros.\n>\n> On 2 May, Carl <carl@example.org> wrote:\n>> How much?\n",
                Some("sales@example.com"),
            ),
            (
                "Gut.\n\nAm 03.05.2026 um 10:02 schrieb Sales <sales@example.com>:\n> 90 Euro.\n",
                Some("sales@example.com"),
            ),
            (
                "Fine.\n\nFrom: Sales <sales@example.com>\nSent: Monday, 4 May 2026 10:02\nTo: Carl <carl@example.org>\nSubject: Re: Desks\n\n90 euros.\n",
                Some("sales@example.com"),
            ),
            (
                "Gut.\n\nVon: Sales [mailto:sales@example.com]\nGesendet: Montag, 4. Mai 2026 10:02\nAn: Carl\nBetreff: AW: Tische\n\n90 Euro.\n",
                Some("sales@example.com"),
            ),
            // A name is everybody's.
            ("Fine.\n\nOn 3 May 2026 at 10:02, Sales wrote:\n> 90 euros.\n", None),
            // Nobody introduced it.
            (
                "> 90 euros.\nFine.\n\nOn 3 May, Sales <sales@example.com> wrote:\n> more\n",
                None,
            ),
            ("Ask sales@example.com, they know.\n", None),
            ("", None),
        ] {
            assert_eq!(quoted_from(text).as_deref(), gives, "{text}");
        }
    }
}
