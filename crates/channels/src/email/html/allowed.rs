//! The allow-list: which elements, attributes, styles and addresses of a mail may reach the window.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::RenderOptions;

/// Bytes of images that one body may carry in itself.
const MAX_IMAGE_BYTES: usize = 12 * 1024 * 1024;

const TAGS: &[&str] = &[
    "a",
    "abbr",
    "acronym",
    "b",
    "bdi",
    "bdo",
    "big",
    "blockquote",
    "br",
    "caption",
    "center",
    "cite",
    "code",
    "col",
    "colgroup",
    "dd",
    "del",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "figcaption",
    "figure",
    "font",
    "footer",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "mark",
    "ol",
    "p",
    "pre",
    "q",
    "rp",
    "rt",
    "ruby",
    "s",
    "samp",
    "section",
    "small",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "table",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "tt",
    "u",
    "ul",
    "var",
    "wbr",
];

/// Elements that go with everything inside them.
const GONE: &[&str] = &[
    "script", "style", "title", "noscript", "template", "iframe", "object", "embed", "svg", "math", "textarea",
    "select", "option", "xmp", "noembed", "noframes", "audio", "video", "applet", "frameset", "canvas",
];

/// Styles that stay within the element they are on. No background images, positions, content, cursors, animations.
const STYLES: &[&str] = &[
    "background-color",
    "border",
    "border-bottom",
    "border-bottom-color",
    "border-bottom-left-radius",
    "border-bottom-right-radius",
    "border-bottom-style",
    "border-bottom-width",
    "border-collapse",
    "border-color",
    "border-left",
    "border-left-color",
    "border-left-style",
    "border-left-width",
    "border-radius",
    "border-right",
    "border-right-color",
    "border-right-style",
    "border-right-width",
    "border-spacing",
    "border-style",
    "border-top",
    "border-top-color",
    "border-top-left-radius",
    "border-top-right-radius",
    "border-top-style",
    "border-top-width",
    "border-width",
    "box-sizing",
    "clear",
    "color",
    "direction",
    "display",
    "float",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-variant",
    "font-weight",
    "height",
    "letter-spacing",
    "line-height",
    "list-style-type",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-right",
    "margin-top",
    "max-height",
    "max-width",
    "min-height",
    "min-width",
    "overflow",
    "padding",
    "padding-bottom",
    "padding-left",
    "padding-right",
    "padding-top",
    "table-layout",
    "text-align",
    "text-decoration",
    "text-indent",
    "text-transform",
    "unicode-bidi",
    "vertical-align",
    "white-space",
    "width",
    "word-break",
    "word-spacing",
    "word-wrap",
    "overflow-wrap",
];

/// Functions a style value may call; `url()` and its relatives aren't among them.
const STYLE_FUNCTIONS: &[&str] = &["rgb", "rgba", "hsl", "hsla", "calc", "min", "max", "clamp"];

/// Classes by which mail programs mark what they quote; the window folds them.
const QUOTE_CLASSES: &[&str] = &[
    "gmail_quote",
    "gmail_quote_container",
    "gmail_attr",
    "gmail_signature",
    "moz-cite-prefix",
    "moz-signature",
    "yahoo_quoted",
    "protonmail_quote",
    "OutlookMessageHeader",
];

/// What was seen of images while cleaning.
#[derive(Default)]
struct Images {
    remote: Vec<String>,
    blocked: u32,
    bytes: usize,
}

/// The body with nothing but what is allowed, the addresses of its blocked remote images, and how often they occur.
pub(super) fn only(html: &str, options: RenderOptions) -> (String, Vec<String>, u32) {
    let seen = Arc::new(Mutex::new(Images::default()));
    // Unknown to the sender when writing, so that no mail can contain it: it depends on every byte of the mail.
    let mark = format!("x{}", hex::encode(Sha256::digest(html.as_bytes())));
    let inline: HashMap<String, Vec<u8>> = options
        .inline_images
        .into_iter()
        .map(|(id, bytes)| (id.to_lowercase(), bytes))
        .collect();
    let remote = options.remote_images;
    let filter = {
        let (seen, mark) = (Arc::clone(&seen), mark.clone());
        move |element: &str, attribute: &str, value: &str| -> Option<String> {
            match (element, attribute) {
                ("a", "href") => link_target(value),
                ("img", "src") => {
                    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                    image_source(value, &inline, &remote, &mark, &mut seen)
                }
                (_, "style") => Some(declarations(value)).filter(|style| !style.is_empty()),
                (
                    _,
                    "href" | "src" | "action" | "background" | "poster" | "srcset" | "cite" | "data" | "formaction"
                    | "ping" | "longdesc",
                ) => None,
                _ => Some(value.to_owned()),
            }
        }
    };
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(TAGS.iter().copied().collect())
        .clean_content_tags(GONE.iter().copied().collect())
        .generic_attributes(
            [
                "style", "dir", "lang", "title", "align", "valign", "width", "height", "bgcolor",
            ]
            .into(),
        )
        .tag_attributes(HashMap::from([
            ("a", HashSet::from(["href"])),
            ("img", HashSet::from(["src", "alt", "border"])),
            ("table", HashSet::from(["border", "cellpadding", "cellspacing"])),
            ("td", HashSet::from(["colspan", "rowspan", "nowrap"])),
            ("th", HashSet::from(["colspan", "rowspan", "nowrap"])),
            ("col", HashSet::from(["span"])),
            ("colgroup", HashSet::from(["span"])),
            ("font", HashSet::from(["color", "size", "face"])),
            ("hr", HashSet::from(["color", "size", "noshade"])),
            ("ol", HashSet::from(["start", "type"])),
            ("ul", HashSet::from(["type"])),
        ]))
        .tag_attribute_values(HashMap::from([
            ("blockquote", HashMap::from([("type", HashSet::from(["cite"]))])),
            (
                "div",
                HashMap::from([("id", HashSet::from(["divRplyFwdMsg", "appendonsend"]))]),
            ),
        ]))
        .allowed_classes(
            ["div", "blockquote", "span"]
                .into_iter()
                .map(|tag| (tag, QUOTE_CLASSES.iter().copied().collect()))
                .collect(),
        )
        .url_schemes(["http", "https", "mailto", "tel", "cid", "data"].into())
        .url_relative(ammonia::UrlRelative::PassThrough)
        .filter_style_properties(STYLES.iter().copied().collect())
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(move |element, attribute, value| filter(element, attribute, value).map(Cow::Owned));
    let cleaned = builder.clean(html).to_string();
    let body = cleaned.replace(&format!("src=\"{mark}:"), "data-remote-src=\"");
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    (body, std::mem::take(&mut seen.remote), seen.blocked)
}

/// Addresses a click may open, after a question; `None` for everything a window would act on by itself.
fn link_target(value: &str) -> Option<String> {
    let value = value.trim();
    let url = url::Url::parse(value)
        .or_else(|_| url::Url::parse(&format!("https:{value}")))
        .ok()?;
    matches!(url.scheme(), "http" | "https" | "mailto" | "tel").then(|| url.to_string())
}

fn image_source(
    value: &str,
    inline: &HashMap<String, Vec<u8>>,
    remote: &HashMap<String, Vec<u8>>,
    mark: &str,
    seen: &mut Images,
) -> Option<String> {
    let value = value.trim();
    let lower = value.to_ascii_lowercase();
    if let Some(id) = lower.strip_prefix("cid:") {
        let bytes = inline.get(id).or_else(|| inline.get(&percent_decoded(id)))?;
        return data_uri(bytes, seen);
    }
    if lower.starts_with("data:") {
        let (_, data) = value.split_once(";base64,")?;
        let compact: String = data.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        return data_uri(&STANDARD.decode(compact).ok()?, seen);
    }
    let absolute = if value.starts_with("//") {
        format!("https:{value}")
    } else {
        value.to_owned()
    };
    let url = url::Url::parse(&absolute)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?
        .to_string();
    if let Some(shown) = remote.get(&url).and_then(|bytes| data_uri(bytes, seen)) {
        return Some(shown);
    }
    seen.blocked = seen.blocked.saturating_add(1);
    if !seen.remote.contains(&url) {
        seen.remote.push(url.clone());
    }
    Some(format!("{mark}:{url}"))
}

/// Bytes as an image address, if they really are a picture of a kind that can do nothing but be looked at.
fn data_uri(bytes: &[u8], seen: &mut Images) -> Option<String> {
    let kind = infer::get(bytes)?.mime_type();
    let harmless = matches!(
        kind,
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" | "image/bmp" | "image/avif"
    );
    seen.bytes = seen.bytes.saturating_add(bytes.len());
    (harmless && seen.bytes <= MAX_IMAGE_BYTES).then(|| format!("data:{kind};base64,{}", STANDARD.encode(bytes)))
}

/// The declarations that are plain: an allowed property, no escapes, no functions beyond colours and arithmetic. The sanitiser
/// judges them a second time by its own parser.
fn declarations(style: &str) -> String {
    let plain = |declaration: &&str| {
        let Some((name, value)) = declaration.split_once(':') else {
            return false;
        };
        let name = name.trim().to_ascii_lowercase();
        STYLES.contains(&name.as_str())
            && !value.contains(['\\', '<', '>', '@', '{', '}'])
            && !value.contains("/*")
            && functions(value)
    };
    style
        .split(';')
        .filter(plain)
        .map(str::trim)
        .collect::<Vec<_>>()
        .join(";")
}

fn functions(value: &str) -> bool {
    let mut chunks = value.split('(').peekable();
    while let Some(chunk) = chunks.next() {
        if chunks.peek().is_some() {
            let word: String = chunk
                .chars()
                .rev()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
                .collect();
            let word: String = word.chars().rev().collect::<String>().to_ascii_lowercase();
            if !word.is_empty() && !STYLE_FUNCTIONS.contains(&word.as_str()) {
                return false;
            }
        }
    }
    true
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut ahead = rest.clone();
        let digits = (ahead.next(), ahead.next());
        if let (b'%', (Some(high), Some(low))) = (byte, digits)
            && let (Some(high), Some(low)) = (char::from(high).to_digit(16), char::from(low).to_digit(16))
        {
            bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
            rest = ahead;
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
