//! What a member may read, as the scopes that travel: the workspace, what is theirs alone, and their inboxes.

use baton_domain::Scope;
use baton_store::server::Readable;

/// All scopes of what somebody may read, the workspace first.
#[must_use]
pub fn scopes(readable: &Readable) -> Vec<Scope> {
    let own = readable.member.iter().map(|id| Scope::Member { id: *id });
    let inboxes = readable.inboxes.iter().map(|id| Scope::Inbox { id: *id });
    std::iter::once(Scope::Workspace).chain(own).chain(inboxes).collect()
}

#[cfg(test)]
mod tests {
    use baton_domain::{InboxId, MemberId};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn every_scope_listed_may_be_read_and_no_other() {
        let sales = InboxId(Uuid::from_u128(10));
        let readable = Readable {
            inboxes: [sales].into(),
            member: Some(MemberId(Uuid::from_u128(1))),
        };
        let listed = scopes(&readable);
        assert_eq!(listed.len(), 3);
        assert!(listed.iter().all(|scope| readable.may_read(*scope)));
        assert!(!readable.may_read(Scope::Member {
            id: MemberId(Uuid::from_u128(2))
        }));
    }
}
