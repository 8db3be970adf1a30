//! The companies the team deals with, for the window. The server decides and keeps them.

use baton_domain::Companies;
use baton_protocol::{Acted, Answer, ApiError, CompaniesKept, ErrorCode, PutCompanies};

use super::Work;

impl Work {
    /// The list: the server's, or, while it can't be reached, the one known here.
    pub(crate) async fn companies(&self) -> Result<CompaniesKept, ApiError> {
        match self.http.companies().await {
            Err(error) if error.code == ErrorCode::Unreachable => Ok(self.look(|engine| engine.companies()).await),
            answered => answered,
        }
    }

    /// Keeps a list that was made from that version.
    pub(crate) async fn save_companies(&self, companies: Companies, based_on: u32) -> Result<Acted, ApiError> {
        let put = PutCompanies { based_on, companies };
        let submitted = self.http.put_companies(&put).await?;
        Ok(match submitted.answer {
            Answer::Done { .. } => Acted::Done {
                command: submitted.command,
                undoable: false,
                undo_until: None,
            },
            Answer::Refused { refusal } => Acted::Refused { refusal },
        })
    }
}
