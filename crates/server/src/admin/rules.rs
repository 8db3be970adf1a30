//! Routing rules on the command line: shown and put as the API has them, in JSON; and what became of what they sent.

use baton_protocol::{RuleDrift, RulesInForce};

use super::Words;
use crate::core::{Core, told};
use crate::directory::Refused;
use crate::drift;

pub(super) fn show(core: &Core) -> Words {
    serde_json::to_string_pretty(&core.directory.rules()).map_err(|error| told(&error))
}

/// Puts a set in force, if the one it was made from still is.
pub(super) async fn put(core: &Core, set: RulesInForce) -> Words {
    let rules = set.rules.rules.len();
    match core.directory.put_rules(set, core.now()).await {
        Ok(()) => {
            let version = core.directory.rules().version;
            Ok(format!("{rules} rules, in force as version {version}"))
        }
        Err(Refused::Rules(baton_domain::Refusal::VersionConflict { theirs })) => Err(format!(
            "version {theirs} is in force by now: show it, change that, and put it again"
        )),
        Err(Refused::Rules(baton_domain::Refusal::Invalid { field, why })) => {
            Err(format!("{field} can't be used: {why:?}"))
        }
        Err(error) => Err(told(&error)),
    }
}

/// The report over all inboxes, page after page, in JSON.
pub(super) async fn drift(core: &Core) -> Words {
    let documents = core.directory.documents();
    let mut pages: Vec<RuleDrift> = Vec::new();
    let mut after = None;
    loop {
        let inboxes = documents.inboxes().keys().copied().collect();
        let page = drift::page(&core.store, &documents, inboxes, after).await;
        let page = page.map_err(|error| told(&error))?;
        let next = page.next.as_deref().map(str::parse).transpose();
        pages.push(page);
        match next.map_err(|error| told(&error))? {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    let report = pages.into_iter().reduce(RuleDrift::and);
    serde_json::to_string_pretty(&report.unwrap_or_default()).map_err(|error| told(&error))
}
