//! Routing rules: putting a set in force, and rehearsing a draft.

use baton_protocol::{ApiError, PutRules, Rehearsal, RehearseRules, RuleDrift, RulesInForce, Submitted};
use reqwest::Method;

use super::http::{Http, read};

impl Http {
    pub(crate) async fn rules(&self) -> Result<RulesInForce, ApiError> {
        read(self.request(Method::GET, "/v1/rules").await?).await
    }

    pub(crate) async fn put_rules(&self, rules: &PutRules) -> Result<Submitted, ApiError> {
        read(self.request(Method::PUT, "/v1/rules").await?.json(rules)).await
    }

    pub(crate) async fn rule_drift(&self, after: Option<&str>) -> Result<RuleDrift, ApiError> {
        let asked = self.request(Method::GET, "/v1/rules/drift").await?;
        let asked = asked.query(&after.map(|after| [("after", after)]).unwrap_or_default());
        read(asked).await
    }

    pub(crate) async fn rehearse_rules(&self, asked: &RehearseRules) -> Result<Rehearsal, ApiError> {
        self.post("/v1/rules/rehearsal", asked).await
    }
}
