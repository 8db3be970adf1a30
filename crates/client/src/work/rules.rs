//! Routing rules for the window. The server decides and keeps them; a set is judged at once or not at all.

use baton_domain::RuleSet;
use baton_protocol::{Acted, Answer, ApiError, ErrorCode, PutRules, Rehearsal, RehearseRules, RuleDrift, RulesInForce};

use super::Work;

impl Work {
    /// The set in force: the server's, or, while it can't be reached, the one known here.
    pub(crate) async fn rules(&self) -> Result<RulesInForce, ApiError> {
        match self.http.rules().await {
            Err(error) if error.code == ErrorCode::Unreachable => Ok(self.look(|engine| engine.rules()).await),
            answered => answered,
        }
    }

    /// Puts a set in force that was made from that version.
    pub(crate) async fn save_rules(&self, rules: RuleSet, based_on: u32) -> Result<Acted, ApiError> {
        let submitted = self.http.put_rules(&PutRules { based_on, rules }).await?;
        Ok(match submitted.answer {
            Answer::Done { .. } => Acted::Done {
                command: submitted.command,
                undoable: false,
                undo_until: None,
            },
            Answer::Refused { refusal } => Acted::Refused { refusal },
        })
    }

    /// A page of what the newest change of the rules did since.
    pub(crate) async fn rule_drift(&self, after: Option<String>) -> Result<RuleDrift, ApiError> {
        self.http.rule_drift(after.as_deref()).await
    }

    /// A page of a rehearsal.
    pub(crate) async fn rehearse_rules(&self, rules: RuleSet, after: Option<String>) -> Result<Rehearsal, ApiError> {
        self.http.rehearse_rules(&RehearseRules { rules, after }).await
    }
}
