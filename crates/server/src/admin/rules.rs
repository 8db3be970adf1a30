//! Routing rules on the command line: shown and put as the API has them, in JSON.

use baton_protocol::RulesInForce;

use super::Words;
use crate::core::{Core, told};
use crate::directory::Refused;

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
