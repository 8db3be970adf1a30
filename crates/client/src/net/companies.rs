//! The companies the team deals with: read, and put as a whole.

use baton_protocol::{ApiError, CompaniesKept, PutCompanies, Submitted};
use reqwest::Method;

use super::http::{Http, read};

impl Http {
    pub(crate) async fn companies(&self) -> Result<CompaniesKept, ApiError> {
        read(self.request(Method::GET, "/v1/companies").await?).await
    }

    pub(crate) async fn put_companies(&self, companies: &PutCompanies) -> Result<Submitted, ApiError> {
        read(self.request(Method::PUT, "/v1/companies").await?.json(companies)).await
    }
}
