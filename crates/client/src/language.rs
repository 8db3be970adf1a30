//! The window's catalogue of messages, for what is said where there may be no window: native notifications and the tray.
//!
//! There is one catalogue, `ui/messages`; translators know no other. Messages named `notify_…` and `tray_…` are read from it here,
//! in the two forms that occur in it: a sentence with names in braces, and one that counts, with a form for one and a form for
//! other numbers.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::Badge;

/// Messages this program says itself.
const OURS: [&str; 2] = ["notify_", "tray_"];

static CATALOGUES: LazyLock<BTreeMap<Language, Catalogue>> = LazyLock::new(|| {
    Language::ALL
        .into_iter()
        .map(|language| (language, catalogue(language.source())))
        .collect()
});

type Catalogue = BTreeMap<String, Message>;

/// A sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Message {
    /// The same for every number.
    Plain(String),
    /// By number.
    Counted { one: String, other: String },
}

/// A language the window has a catalogue of messages in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Language {
    /// English: what is said where nothing else is known.
    #[default]
    English,
    /// German.
    German,
    /// Spanish.
    Spanish,
}

impl Language {
    const ALL: [Self; 3] = [Self::English, Self::German, Self::Spanish];

    /// The language of a tag such as `de-AT`; `None` where there is no catalogue in it.
    #[must_use]
    pub fn of(tag: &str) -> Option<Self> {
        let primary = tag.split(['-', '_', '.']).next()?.to_ascii_lowercase();
        Self::ALL.into_iter().find(|language| language.code() == primary)
    }

    /// The language of this computer.
    #[must_use]
    pub fn system() -> Self {
        sys_locale::get_locales()
            .find_map(|tag| Self::of(&tag))
            .unwrap_or_default()
    }

    const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::Spanish => "es",
        }
    }

    const fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../../../ui/messages/en.json"),
            Self::German => include_str!("../../../ui/messages/de.json"),
            Self::Spanish => include_str!("../../../ui/messages/es.json"),
        }
    }

    /// What a tray says, with the number of conversations that need the person.
    fn tray(self, name: &str, count: u32) -> String {
        self.count(name, count.into(), &[])
    }

    /// A sentence with its names filled in.
    pub(crate) fn say(self, name: &str, values: &[(&str, &str)]) -> String {
        filled(self.message(name).map_or(name, Message::other), values)
    }

    /// A sentence about a number of things; `{count}` is that number.
    pub(crate) fn count(self, name: &str, count: u64, values: &[(&str, &str)]) -> String {
        let message = self.message(name);
        // One and the others are told apart alike in all languages there are.
        let form = message.map_or(name, |message| if count == 1 { message.one() } else { message.other() });
        filled(&filled(form, &[("count", &count.to_string())]), values)
    }

    fn message(self, name: &str) -> Option<&'static Message> {
        let of = |language: Self| CATALOGUES.get(&language)?.get(name);
        of(self).or_else(|| of(Self::English))
    }
}

impl Badge {
    /// That many, in that language.
    #[must_use]
    pub fn of(count: u32, language: Language) -> Self {
        let (open, tip) = match count {
            0 => ("tray_open", "tray_none"),
            _ => ("tray_open_counted", "tray_tip"),
        };
        Self {
            count,
            open: language.tray(open, count),
            quit: language.tray("tray_quit", count),
            tip: language.tray(tip, count),
        }
    }
}

impl Message {
    fn one(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Counted { one: text, .. } => text,
        }
    }

    fn other(&self) -> &str {
        match self {
            Self::Plain(text) | Self::Counted { other: text, .. } => text,
        }
    }
}

/// A catalogue is part of this program, and a test reads all of them: one that can't be read is empty here.
fn catalogue(source: &str) -> Catalogue {
    let all: BTreeMap<String, Value> = serde_json::from_str(source).unwrap_or_default();
    all.into_iter()
        .filter(|(name, _)| OURS.iter().any(|ours| name.starts_with(ours)))
        .filter_map(|(name, value)| Some((name, message(&value)?)))
        .collect()
}

fn message(value: &Value) -> Option<Message> {
    if let Some(text) = value.as_str() {
        return Some(Message::Plain(text.to_owned()));
    }
    let forms = value.get(0)?.get("match")?;
    let form = |name: &str| Some(forms.get(name)?.as_str()?.to_owned());
    Some(Message::Counted {
        one: form("plural=one")?,
        other: form("plural=other")?,
    })
}

/// Fills names in, each once from left to right: what a customer wrote is never read as a name.
fn filled(text: &str, values: &[(&str, &str)]) -> String {
    let mut said = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        said.push_str(before);
        let known = after
            .split_once('}')
            .and_then(|(name, tail)| Some((values.iter().find(|(key, _)| *key == name)?.1, tail)));
        match known {
            Some((value, tail)) => {
                said.push_str(value);
                rest = tail;
            }
            None => {
                said.push('{');
                rest = after;
            }
        }
    }
    said.push_str(rest);
    said
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn every_catalogue_says_what_the_english_one_says() {
        let english = CATALOGUES.get(&Language::English).unwrap();
        assert!(english.len() > 20);
        for language in Language::ALL {
            let catalogue = CATALOGUES.get(&language).unwrap();
            assert!(catalogue.keys().eq(english.keys()), "{language:?}");
        }
    }

    #[test]
    fn a_language_is_known_by_its_tag_whatever_the_region() {
        assert_eq!(Language::of("de-AT"), Some(Language::German));
        assert_eq!(Language::of("es_MX.UTF-8"), Some(Language::Spanish));
        assert_eq!(Language::of("fr"), None);
        assert_eq!(Language::of(""), None);
    }

    #[test]
    fn numbers_have_their_forms() {
        let say = |count| Language::German.count("notify_bundle", count, &[]);
        assert_ne!(say(1), say(2).replace('2', "1"));
    }

    #[test]
    fn a_badge_counts_in_its_language() {
        let english = |count| Badge::of(count, Language::English);
        assert_eq!(english(0).tip, "Baton: nothing needs you");
        assert_eq!(english(1).tip, "Baton: 1 conversation needs you");
        assert_eq!(
            (english(0).open, english(12).open),
            ("Open Baton".to_owned(), "Open Baton (12)".to_owned())
        );
        assert_eq!(Badge::of(3, Language::German).quit, "Baton beenden");
    }

    #[test]
    fn what_is_filled_in_is_not_filled_again() {
        assert_eq!(
            filled("{who}: {what}", &[("who", "{what}"), ("what", "x")]),
            "{what}: x"
        );
        assert_eq!(filled("{open and {who}", &[("who", "Carl")]), "{open and Carl");
    }
}
