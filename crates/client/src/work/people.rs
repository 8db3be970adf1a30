//! When people are there, and who is on call: said here, decided and kept by the server.

use baton_domain::{DAY_MS, DocumentBody, Member, Refusal, Timestamp};
use baton_protocol::{
    Acted, ApiError, Availability, ErrorCode, OnCallPreview, PreviewOnCall, SaveAvailability, SaveOnCall,
};

use super::Work;
use crate::net::error;

impl Work {
    /// When somebody is there, where that is still what the form showed at first. It is judged at once or not at all.
    pub(crate) async fn save_availability(&self, save: SaveAvailability) -> Result<Acted, ApiError> {
        let known = self.look(|engine| engine.member(save.member)).await;
        let (mut member, version) = known.ok_or_else(|| error(ErrorCode::NotFound, "there is no such member here"))?;
        if availability_of(&member) != save.before {
            let refusal = Refusal::VersionConflict { theirs: version };
            return Ok(Acted::Refused { refusal });
        }
        member.absent_until = save.availability.absent_until;
        member.backup = save.availability.backup;
        member.hours = save.availability.hours;
        self.put_document(DocumentBody::Member(member), version).await
    }

    /// Who is on call in an inbox, where that is still what the form showed at first.
    pub(crate) async fn save_on_call(&self, save: SaveOnCall) -> Result<Acted, ApiError> {
        let SaveOnCall { inbox, rota, before } = save;
        self.change_policy(inbox, |policy| policy.on_call == before, |policy| policy.on_call = rota)
            .await
    }

    /// Now, by the server's time as far as it is known.
    pub(crate) async fn time(&self) -> Timestamp {
        self.look(|engine| engine.time()).await
    }
}

fn availability_of(member: &Member) -> Availability {
    Availability {
        absent_until: member.absent_until,
        backup: member.backup,
        hours: member.hours.clone(),
    }
}

/// A rota as it will be from `now` on, or what is wrong with it.
pub(crate) fn preview_on_call(asked: &PreviewOnCall, now: Timestamp) -> OnCallPreview {
    match asked.rota.check() {
        Err(field) => OnCallPreview {
            wrong: Some(field.to_owned()),
            turns: Vec::new(),
        },
        Ok(()) => OnCallPreview {
            wrong: None,
            turns: asked
                .rota
                .turns(now, now.plus_ms(i64::from(asked.days).saturating_mul(DAY_MS))),
        },
    }
}
