//! Somebody else's HTML, made safe to show.
//!
//! Style sheets are inlined without ever being fetched, then an allow-list decides what stays: no script, form, frame or style that
//! reaches outside its place; no address that a window would load by itself. Remote images stay off until somebody asks for them, and
//! even then the window never loads them: whoever fetched them hands over bytes. A body too heavy to take apart is shown as its text.
//! The document made here carries a policy of its own that would refuse all the same things again.

mod allowed;
mod links;

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::plain;
pub use links::{Link, LinkDoubt};

/// Selectors times elements beyond which a body is shown without its style sheets: inlining is that many comparisons.
const MAX_STYLE_WORK: usize = 5_000_000;
/// Bytes of style sheets times elements, likewise: inlining may write every rule into every element.
const MAX_STYLED_BYTES: usize = 96 * 1024 * 1024;
/// Bytes of style sheets that are looked at.
const MAX_STYLE_BYTES: usize = 256 * 1024;
/// Parts of one selector. Matching a long one climbs the tree again and again.
const MAX_SELECTOR_PARTS: usize = 24;

/// A mail's HTML body, ready to be shown in a frame without scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RenderedBody {
    /// A complete document for `srcdoc`, with its own policy. Blocked images keep their address in `data-remote-src`.
    pub srcdoc_html: String,
    /// How many remote images are not shown.
    pub blocked_images: u32,
    /// Their addresses, each once, in order.
    pub remote_images: Vec<String>,
    /// Every link, in the order of the document.
    pub links: Vec<Link>,
    /// The same body as plain text, for where a document is too much.
    pub fallback_text: String,
}

/// What a body may show beside its text.
#[derive(Debug, Clone, Default)]
pub struct RenderOptions {
    /// Inline images of the mail by content id: [`super::parse::inline_images`].
    pub inline_images: Vec<(String, Vec<u8>)>,
    /// Remote images somebody asked for and the core has fetched, by address. Empty: remote images are off.
    pub remote_images: HashMap<String, Vec<u8>>,
    /// Hosts whose look-alikes are flagged: our own domain, our contacts'.
    pub known_hosts: Vec<String>,
}

/// Makes an HTML body safe. It always gives something to show.
#[must_use]
pub fn render(html: &str, options: RenderOptions) -> RenderedBody {
    let fallback_text = plain::text_of_html(html);
    let weight = plain::weigh(html);
    let cleaned = weight
        .bearable
        .then(|| catch_unwind(AssertUnwindSafe(|| clean(html, weight.tags, options))).ok())
        .flatten();
    match cleaned {
        Some((body, remote_images, blocked_images, links)) => RenderedBody {
            srcdoc_html: document(&body),
            blocked_images,
            remote_images,
            links,
            fallback_text,
        },
        None => RenderedBody {
            srcdoc_html: document(&text_body(&fallback_text)),
            blocked_images: 0,
            remote_images: Vec::new(),
            links: Vec::new(),
            fallback_text,
        },
    }
}

/// A plain text body as a document of the same kind, for mail without HTML.
#[must_use]
pub fn render_text(text: &str) -> RenderedBody {
    RenderedBody {
        srcdoc_html: document(&super::compose::text_to_html(text)),
        blocked_images: 0,
        remote_images: Vec::new(),
        links: links::of_document(&super::compose::text_to_html(text), &[]),
        fallback_text: text.to_owned(),
    }
}

type Cleaned = (String, Vec<String>, u32, Vec<Link>);

fn clean(html: &str, tags: usize, options: RenderOptions) -> Cleaned {
    let styled = inline_styles(html, tags);
    let known_hosts = options.known_hosts.clone();
    let (body, remote_images, blocked) = allowed::only(styled.as_deref().unwrap_or(html), options);
    let links = links::of_document(&body, &known_hosts);
    (body, remote_images, blocked, links)
}

/// The style sheets within the mail as `style` attributes, which the allow-list can then judge. Nothing is fetched.
fn inline_styles(html: &str, tags: usize) -> Option<String> {
    let sheets = plain::style_sheets(html);
    if sheets.is_empty() || !bearable_styles(&sheets, tags) {
        return None;
    }
    let inliner = css_inline::CSSInliner::options()
        .load_remote_stylesheets(false)
        .keep_style_tags(false)
        .keep_link_tags(false)
        .build();
    let styled = catch_unwind(AssertUnwindSafe(|| inliner.inline(html))).ok()?.ok()?;
    // Inlining multiplies: one long rule on ten thousand cells.
    plain::weigh(&styled).bearable.then_some(styled)
}

/// Whether applying style sheets to that many elements costs what a window can wait for.
fn bearable_styles(sheets: &[&str], tags: usize) -> bool {
    let bytes: usize = sheets.iter().map(|sheet| sheet.len()).sum();
    let selectors: usize = sheets
        .iter()
        .map(|sheet| sheet.bytes().filter(|byte| matches!(byte, b'{' | b',')).count())
        .sum();
    // What stands before a block is its selectors, behind whatever ended the last one.
    let parts = |sheet: &&str| {
        let blocks = sheet.split('{').map(|block| {
            let selectors = block.rsplit(['}', ';']).next().unwrap_or(block);
            let selectors = selectors.rsplit("*/").next().unwrap_or(selectors);
            selectors
                .split(',')
                .map(|selector| selector.split_whitespace().count())
                .max()
                .unwrap_or(0)
        });
        blocks.max().unwrap_or(0)
    };
    let longest = sheets.iter().map(parts).max().unwrap_or(0);
    // Looking at relatives makes every comparison a search.
    let searches = sheets.iter().any(|sheet| {
        let lower = sheet.to_ascii_lowercase();
        [":has(", ":is(", ":where(", ":nth-", ":not("]
            .iter()
            .any(|word| lower.contains(word))
    });
    let factor = if searches { 16 } else { 1 };
    bytes <= MAX_STYLE_BYTES
        && longest <= MAX_SELECTOR_PARTS
        && selectors.saturating_mul(tags).saturating_mul(factor) <= MAX_STYLE_WORK
        && bytes.saturating_mul(tags) <= MAX_STYLED_BYTES
}

/// The frame's document. The policy stands first, before anything of the mail. What is wider than the frame keeps its width: whoever
/// shows it measures that, and scales or scrolls.
fn document(body: &str) -> String {
    format!(
        "<!doctype html><html><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <style>body{{margin:0;font:14px/1.5 system-ui,sans-serif;overflow-wrap:break-word}}img{{max-width:100%;height:auto}}\
         table{{max-width:100%}}pre{{white-space:pre-wrap}}blockquote{{margin:0 0 0 .8em;padding-left:.8em;border-left:2px solid #ccc}}</style>\
         </head><body>{body}</body></html>"
    )
}

fn text_body(text: &str) -> String {
    format!(
        "<pre>{}</pre>",
        ammonia::clean_text(text).replace("&#32;", " ").replace("&#10;", "\n")
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
