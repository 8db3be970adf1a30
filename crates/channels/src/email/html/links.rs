//! Where a link really goes, and whether its words say otherwise.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use unicode_security::{GeneralSecurityProfile as _, MixedScript as _};

use crate::email::plain::{strip_tags, unescape};

/// A link of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// The words one clicks on; empty for a picture.
    pub shown: String,
    /// The address it opens.
    pub target: String,
    /// Why it is better to look twice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub suspicious: Option<LinkDoubt>,
}

/// Why a link is not what it seems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS, utoipa::ToSchema)]
#[serde(tag = "doubt", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum LinkDoubt {
    /// Its words name one host, its target is another.
    OtherHost {
        /// The host in the words.
        shown: String,
        /// The host it opens.
        target: String,
    },
    /// The host is written in letters that can look like others.
    ForeignLetters {
        /// The host in its wire form, `xn--...`.
        host: String,
    },
    /// The host resembles one we know.
    LookAlike {
        /// The host it opens.
        host: String,
        /// The host it resembles.
        of: String,
    },
    /// The host is a bare number.
    NumericHost {
        /// That number.
        host: String,
    },
    /// What looks like the host is a user name before the real one: `https://bank.example@evil.example`.
    HostHidden {
        /// The host it opens.
        host: String,
    },
}

/// The links of a document that the sanitiser wrote, so attributes are quoted and escaped.
pub(super) fn of_document(html: &str, known_hosts: &[String]) -> Vec<Link> {
    let mut links = Vec::new();
    for chunk in html.split("<a ").skip(1) {
        let Some((attributes, rest)) = chunk.split_once('>') else {
            continue;
        };
        let Some(target) = attributes
            .split_once("href=\"")
            .and_then(|(_, value)| value.split_once('"'))
            .map(|(value, _)| unescape(value))
        else {
            continue;
        };
        let inside = rest.split_once("</a>").map_or(rest, |(inside, _)| inside);
        let shown = in_order(&strip_tags(inside))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let suspicious = doubt(&shown, &target, known_hosts);
        links.push(Link {
            shown,
            target,
            suspicious,
        });
    }
    links
}

fn doubt(shown: &str, target: &str, known_hosts: &[String]) -> Option<LinkDoubt> {
    let url = url::Url::parse(target)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let host = url.host_str()?.trim_end_matches('.').to_lowercase();
    if !url.username().is_empty() || url.password().is_some() {
        return Some(LinkDoubt::HostHidden { host });
    }
    if !matches!(url.host(), Some(url::Host::Domain(_))) {
        return Some(LinkDoubt::NumericHost { host });
    }
    if let Some(words) = host_in(shown).filter(|words| !same_site(words, &host)) {
        return Some(LinkDoubt::OtherHost {
            shown: words,
            target: host,
        });
    }
    let (written, decodes) = idna::domain_to_unicode(&host);
    if decodes.is_err() || written.split('.').any(deceives) {
        return Some(LinkDoubt::ForeignLetters { host });
    }
    let of = known_hosts
        .iter()
        .map(|known| known.to_lowercase())
        .find(|known| !same_site(known, &host) && skeleton(known) == skeleton(&registrable(&host, known)))?;
    Some(LinkDoubt::LookAlike { host, of })
}

/// Whether a label is written in letters of several scripts, in letters nobody writes with, or wholly in letters that pass for Latin
/// ones. `müller` and `пример` are none of these.
fn deceives(label: &str) -> bool {
    if label.is_ascii() {
        return false;
    }
    let odd = |c: char| c != '-' && !c.is_ascii_digit() && !c.identifier_allowed();
    let passes_for_latin = unicode_security::skeleton(label).all(|c| c.is_ascii());
    !label.is_single_script() || label.chars().any(odd) || passes_for_latin
}

/// Words without the characters that turn the direction of writing: what is shown backwards is no name.
fn in_order(text: &str) -> String {
    text.chars()
        .filter(|c| !matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}'))
        .collect()
}

/// The host that words name, if they name one: `www.bank.example`, `https://bank.example/login`.
fn host_in(shown: &str) -> Option<String> {
    shown
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/'))
        .find_map(|word| {
            let explicit = word.contains("://");
            if !explicit && (word.contains('@') || !word.contains('.')) {
                return None;
            }
            let address = if explicit {
                word.to_owned()
            } else {
                format!("https://{word}")
            };
            let url = url::Url::parse(&address).ok()?;
            let host = url.host_str()?.trim_end_matches('.').to_lowercase();
            let ending = host.rsplit('.').next().unwrap_or_default();
            // `report.pdf`, `3.50` and `e.g` are words, not hosts.
            let host_like = host.contains('.')
                && ending.len() >= 2
                && (ending.starts_with("xn--") || ending.bytes().all(|b| b.is_ascii_alphabetic()));
            let file = [
                "pdf", "doc", "docx", "xls", "xlsx", "zip", "html", "htm", "txt", "jpg", "png", "csv", "js", "md",
                "rs", "py",
            ]
            .contains(&ending);
            (host_like && (explicit || !file)).then_some(host)
        })
}

/// Whether one host is the other or lies within it, `www.` aside.
fn same_site(a: &str, b: &str) -> bool {
    let (a, b) = (a.trim_start_matches("www."), b.trim_start_matches("www."));
    let within = |inner: &str, outer: &str| {
        inner
            .strip_suffix(outer)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    within(a, b) || within(b, a)
}

/// As many last labels of `host` as `known` has.
fn registrable(host: &str, known: &str) -> String {
    let wanted = known.trim_start_matches("www.").split('.').count();
    let labels: Vec<&str> = host.split('.').collect();
    labels
        .iter()
        .skip(labels.len().saturating_sub(wanted))
        .copied()
        .collect::<Vec<_>>()
        .join(".")
}

/// What a hurried eye reads.
fn skeleton(host: &str) -> String {
    let written = idna::domain_to_unicode(host.trim_start_matches("www.")).0;
    unicode_security::skeleton(&written)
        .filter(|c| !matches!(c, '\u{300}'..='\u{36f}'))
        .collect::<String>()
        .to_lowercase()
        .replace("rn", "m")
        .replace("vv", "w")
        .replace("cl", "d")
        .replace(['1', 'i', '|'], "l")
        .replace('0', "o")
        .replace('5', "s")
        .replace('-', "")
}
