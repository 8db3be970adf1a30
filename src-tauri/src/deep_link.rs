//! Links into the desktop: `baton://conversation/ID`.
//!
//! A link comes from anywhere, a web page included, so it can only ever show something; it never does anything.

use baton_domain::ConversationId;

const CONVERSATION: &str = "baton://conversation/";

/// The conversation that a link leads to; `None` for any other word.
#[must_use]
pub fn conversation(link: &str) -> Option<ConversationId> {
    let id = link.strip_prefix(CONVERSATION)?;
    id.strip_suffix('/').unwrap_or(id).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_conversation_link_is_followed() {
        let id = "0198c5b2-7f10-7000-8000-000000000001";
        assert!(conversation(&format!("baton://conversation/{id}")).is_some());
        assert!(conversation(&format!("baton://conversation/{id}/")).is_some());
        assert!(conversation(&format!("baton://conversation/{id}/send")).is_none());
        assert!(conversation(&format!("https://conversation/{id}")).is_none());
        assert!(conversation("baton://conversation/").is_none());
    }
}
