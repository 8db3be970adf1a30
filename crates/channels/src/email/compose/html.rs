//! Plain text as HTML, and the images within it.

use std::fmt::Write as _;

use super::OutgoingAttachment;

/// What stands in a text for an image that is shown there. A reader without HTML sees the name and finds the file.
#[must_use]
pub fn image_marker(name: &str) -> String {
    format!("[{name}]")
}

/// The same as [`text_to_html`], with images where their markers stand.
pub(super) fn illustrated(text: &str, images: &[&OutgoingAttachment]) -> String {
    let mut html = text_to_html(text);
    for image in images {
        let (Some(id), name) = (&image.content_id, escaped(&image.name)) else {
            continue;
        };
        let shown = format!(
            "<img src=\"cid:{}\" alt=\"{name}\" style=\"max-width:100%\">",
            escaped(id)
        );
        html = html.replace(&image_marker(&name), &shown);
    }
    html
}

/// Simple HTML that says what the text says: paragraphs, line breaks and links.
#[must_use]
pub fn text_to_html(text: &str) -> String {
    let mut html = String::with_capacity(text.len() + text.len() / 8);
    let mut finder = linkify::LinkFinder::new();
    finder.url_must_have_scheme(true);
    for paragraph in text.replace("\r\n", "\n").trim_end().split("\n\n") {
        html.push_str("<p>");
        for (at, line) in paragraph.split('\n').enumerate() {
            if at > 0 {
                html.push_str("<br>\n");
            }
            for span in finder.spans(line) {
                let shown = escaped(span.as_str());
                let target = match span.kind() {
                    Some(linkify::LinkKind::Url) if span.as_str().starts_with("http") => Some(shown.clone()),
                    Some(linkify::LinkKind::Email) => Some(format!("mailto:{shown}")),
                    _ => None,
                };
                let _ = match target {
                    Some(target) => write!(html, "<a href=\"{target}\">{shown}</a>"),
                    None => write!(html, "{shown}"),
                };
            }
        }
        html.push_str("</p>\n");
    }
    html
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut space = true;
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Indented lines keep their shape.
            ' ' if space => out.push_str("&nbsp;"),
            c => out.push(c),
        }
        space = c == ' ';
    }
    out
}
