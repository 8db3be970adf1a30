//! Which texts were used for details before: proposed where one is typed, so that the same thing is called the same.

use std::collections::BTreeMap;

use baton_domain::{Detail, Details};
use baton_protocol::{UsedCustom, UsedDetail, UsedDetails};

/// How many texts of one field are proposed.
const PROPOSED: usize = 50;

/// By how a text is compared: how it was first written, and how often.
type Counted = BTreeMap<String, (String, usize)>;

/// What these conversations say.
#[must_use]
pub fn used_details<'a>(all: impl Iterator<Item = &'a Details>) -> UsedDetails {
    let mut details: BTreeMap<Detail, Counted> = BTreeMap::new();
    let mut custom: BTreeMap<String, (String, Counted)> = BTreeMap::new();
    for one in all.filter(|one| !one.is_empty()) {
        for detail in Detail::ALL {
            if let Some(text) = one.get(detail) {
                count(details.entry(detail).or_default(), text);
            }
        }
        for (name, text) in &one.custom {
            let known = custom.entry(name.to_lowercase());
            let (_, texts) = known.or_insert_with(|| (name.clone(), Counted::new()));
            count(texts, text);
        }
    }
    UsedDetails {
        details: details
            .into_iter()
            .map(|(detail, texts)| UsedDetail {
                detail,
                texts: most_used(texts),
            })
            .collect(),
        custom: custom
            .into_values()
            .map(|(name, texts)| UsedCustom {
                name,
                texts: most_used(texts),
            })
            .collect(),
    }
}

fn count(texts: &mut Counted, text: &str) {
    let (_, times) = texts.entry(text.to_lowercase()).or_insert_with(|| (text.to_owned(), 0));
    *times = times.saturating_add(1);
}

fn most_used(texts: Counted) -> Vec<String> {
    let mut texts: Vec<(String, usize)> = texts.into_values().collect();
    texts.sort_by(|(one, often), (other, more)| more.cmp(often).then_with(|| one.cmp(other)));
    texts.into_iter().take(PROPOSED).map(|(text, _)| text).collect()
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test")]
mod tests {
    use baton_domain::{Detail, Details};

    use super::used_details;

    #[test]
    fn the_most_used_comes_first_and_case_makes_no_second() {
        let said = ["Pricing", "demo", "pricing", "Demo", "pricing"].map(|text| Details::one(Detail::Topic, text));
        let own = [("Plan", "gold"), ("plan", "Gold")].map(|(name, text)| Details::one_custom(name, text));
        let nothing = Details::default();
        let used = used_details(said.iter().chain(&own).chain([&nothing]));
        assert_eq!(used.details.len(), 1);
        assert_eq!(used.details[0].texts, ["Pricing", "demo"]);
        assert_eq!(
            (used.custom[0].name.as_str(), &used.custom[0].texts[..]),
            ("Plan", &["gold".to_owned()][..])
        );
    }
}
