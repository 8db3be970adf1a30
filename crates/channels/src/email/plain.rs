//! HTML as plain text, and the bounds that every use of somebody else's HTML goes through first.
//!
//! HTML parsers build trees, and trees built from hostile markup can cost far more than the markup itself. [`weigh`] estimates the
//! tree before anything builds it; what is too heavy is shown as text, which costs one pass.

/// The widest HTML body that is taken as HTML, in bytes. Newsletters are around 100 kB; Gmail cuts at 102 kB.
pub(super) const MAX_HTML_BYTES: usize = 2 * 1024 * 1024;
/// Elements inside one another before a body counts as hostile. Real mail with its nested tables stays below 100.
const MAX_DEPTH: usize = 256;
/// The most tree nodes, roughly, that a parser may be made to build.
const MAX_NODES: usize = 1_000_000;
/// Characters that need escaping, times the length of the text they are in: writing such a text down costs that much.
const MAX_ESCAPING: usize = 20_000_000_000;
/// Columns of text made from HTML. Wide: lines are wrapped by whoever shows them.
const TEXT_WIDTH: usize = 1000;

/// Elements that parsers reopen by themselves inside every block that follows when they are left open.
const FORMATTING: &[&str] = &[
    "a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u",
];
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
    "!doctype", "!--",
];

/// What a tree of this HTML would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Weight {
    /// Tags, as written.
    pub(super) tags: usize,
    /// Whether a parser may be given it.
    pub(super) bearable: bool,
}

/// Estimates, from above and in one pass, the tree that an HTML parser would build.
pub(super) fn weigh(html: &str) -> Weight {
    let mut open: Vec<String> = Vec::new();
    let mut formatting = 0usize;
    let (mut tags, mut nodes, mut bearable) = (0usize, 0usize, html.len() <= MAX_HTML_BYTES);
    let (mut run, mut specials) = (0usize, 0usize);
    for (at, chunk) in html.split('<').enumerate() {
        tags += usize::from(at > 0);
        let closing = chunk.starts_with('/');
        let name: String = chunk
            .trim_start_matches('/')
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '!' | '-'))
            .take(16)
            .collect::<String>()
            .to_ascii_lowercase();
        let name = if at == 0 { String::new() } else { name };
        // A text ends where a tag begins; a bracket that begins none is one more letter of it.
        if !name.is_empty() {
            (run, specials) = (0, 0);
        }
        run = run.saturating_add(chunk.len() + 1);
        specials += 1 + chunk.bytes().filter(|byte| matches!(byte, b'&' | b'>' | 0xc2)).count();
        if run.saturating_mul(specials) > MAX_ESCAPING {
            bearable = false;
            break;
        }
        if name.is_empty() {
            continue;
        }
        let formats = FORMATTING.contains(&name.as_str());
        if closing {
            if let Some(at) = open.iter().rposition(|other| *other == name) {
                open.truncate(at);
                formatting = formatting.saturating_sub(usize::from(formats));
            }
            continue;
        }
        // Reopening every formatting element is what makes small markup into a large tree.
        nodes = nodes.saturating_add(1 + formatting);
        if !VOID.contains(&name.as_str()) && !name.starts_with("!--") {
            open.push(name);
            formatting += usize::from(formats);
        }
        if open.len() > MAX_DEPTH || formatting > MAX_DEPTH || nodes > MAX_NODES {
            bearable = false;
            break;
        }
    }
    Weight { tags, bearable }
}

/// What stands in the style sheets of a body.
pub(super) fn style_sheets(html: &str) -> Vec<&str> {
    let lower = html.to_ascii_lowercase();
    let mut sheets = Vec::new();
    let mut at = 0;
    while let Some(begin) = lower.get(at..).and_then(|rest| rest.find("<style")) {
        let begin = at + begin;
        let end = lower
            .get(begin..)
            .and_then(|rest| rest.find("</style"))
            .map_or(html.len(), |end| begin + end);
        sheets.extend(html.get(begin..end));
        at = end.max(begin + 1);
    }
    sheets
}

/// HTML as text: links kept in brackets, tables as lines. Falls back to a plain stripping of tags where the HTML can't be read.
pub(super) fn text_of_html(html: &str) -> String {
    if weigh(html).bearable {
        let rendered = std::panic::catch_unwind(|| {
            html2text::config::plain_no_decorate()
                .allow_width_overflow()
                .string_from_read(html.as_bytes(), TEXT_WIDTH)
        });
        if let Ok(Ok(text)) = rendered {
            return tidy(&text);
        }
    }
    tidy(&strip_tags(html))
}

/// The text between tags, in one pass and constant depth: what is shown of a body that nothing else can read.
pub(super) fn strip_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut skip_until: Option<&str> = None;
    for (at, chunk) in html.split('<').enumerate() {
        if at == 0 {
            text.push_str(chunk);
            continue;
        }
        let (tag, rest) = chunk.split_once('>').unwrap_or((chunk, ""));
        let name: String = tag
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '/')
            .collect::<String>()
            .to_ascii_lowercase();
        match (skip_until, name.as_str()) {
            (Some(end), name) if name == end => skip_until = None,
            (Some(_), _) => continue,
            (None, "script") => skip_until = Some("/script"),
            (None, "style") => skip_until = Some("/style"),
            (None, "title") => skip_until = Some("/title"),
            (
                None,
                "br" | "p" | "/p" | "div" | "/div" | "tr" | "/tr" | "li" | "h1" | "h2" | "h3" | "table" | "/table",
            ) => text.push('\n'),
            (None, "td" | "th") => text.push(' '),
            (None, _) => {}
        }
        if skip_until.is_none() {
            text.push_str(rest);
        }
    }
    unescape(&text)
}

/// The handful of entities that matter when text is rescued from markup.
pub(super) fn unescape(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    text.replace("&nbsp;", " ")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}

/// Text with `\n` line ends, no trailing white space and at most one empty line in a row.
fn tidy(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines() {
        let line = line.trim_end();
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty <= 1 && !(out.is_empty() && line.is_empty()) {
            out.push_str(line);
            out.push('\n');
        }
    }
    out.truncate(out.trim_end().len());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_becomes_readable_text() {
        let text =
            text_of_html("<style>p{}</style><p>Dear Carl,</p><p>the price is <b>12&nbsp;€</b><br>per piece.</p>");
        assert_eq!(text, "Dear Carl,\n\nthe price is 12\u{a0}€\nper piece.");
    }

    #[test]
    fn deep_markup_is_read_without_a_tree() {
        let html = format!("{}end{}", "<div>".repeat(50_000), "</div>".repeat(50_000));
        assert!(!weigh(&html).bearable);
        assert_eq!(text_of_html(&html), "end");
    }

    #[test]
    fn markup_that_multiplies_is_not_bearable() {
        let fonts: String = (0..200).map(|n| format!("<font size={n}>")).collect();
        let html = format!("<p>{fonts}</p>{}", "<p>x</p>".repeat(20_000));
        assert!(!weigh(&html).bearable);
    }

    #[test]
    fn an_ordinary_newsletter_is_bearable() {
        let row = "<tr><td><table><tr><td><a href=x><b>Tea</b></a> <img src=y></td></tr></table></td></tr>";
        assert!(weigh(&format!("<table>{}</table>", row.repeat(2000))).bearable);
    }
}
