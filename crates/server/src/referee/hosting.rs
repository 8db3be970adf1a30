//! Grants of hosts. What a host brings counts only under the grant that stands when it is decided: that is looked up here, at the head
//! of the log, and not when the host set out.

use std::sync::Arc;

use baton_domain::{
    AccountId, Actor, Command, CommandBody, CommandId, ConversationId, DeviceId, Document, DocumentBody, Host,
    HostGrant, LogBody, Timestamp, may_host,
};
use baton_store::port::HostLease;
use uuid::Uuid;

use super::io::{Fault, HostAsk, HostGranted};
use super::working::Working;

impl Working<'_> {
    /// Whether what comes under that grant counts. What no host brought always does.
    pub(super) fn counts(&self, under: Option<HostGrant>) -> bool {
        under.is_none_or(|grant| {
            self.documents
                .host(grant.account)
                .is_some_and(|host| host.stands(grant))
        })
    }

    /// Grants the hosting of an account; `None` while another has it.
    pub(super) fn host(&mut self, ask: HostAsk) -> Result<Option<HostGranted>, Fault> {
        let HostAsk {
            account,
            session,
            lifetime_ms,
        } = ask;
        let known = self.documents.host(account).copied();
        if !may_host(known.as_ref(), self.host_expires(account), session, self.now) {
            return Ok(None);
        }
        let host = Host::next(known.as_ref(), account, session, self.next_number());
        self.put_host(host, Some(self.now.plus_ms(lifetime_ms)))?;
        Ok(Some(HostGranted { host, before: known }))
    }

    /// Gives a grant back. One that does not stand any more stays as it is.
    pub(super) fn release(&mut self, grant: HostGrant) -> Result<(), Fault> {
        let known = self.documents.host(grant.account).copied();
        match known.filter(|host| host.stands(grant)) {
            Some(host) => self.put_host(Host { released: true, ..host }, Some(self.now)),
            None => Ok(()),
        }
    }

    /// A host has shown that it sees the mailbox its predecessor saw; false where it is none any more.
    pub(super) fn shown(&mut self, grant: HostGrant) -> Result<bool, Fault> {
        let known = self.documents.host(grant.account).copied();
        match known.filter(|host| host.stands(grant)) {
            Some(host) if host.shown => Ok(true),
            Some(host) => self.put_host(Host { shown: true, ..host }, None).map(|()| true),
            None => Ok(false),
        }
    }

    fn host_expires(&self, account: AccountId) -> Option<Timestamp> {
        // Granted in this very commit, or before it.
        let here = self.batch.hosts.iter().find(|row| row.grant.account == account);
        here.or_else(|| self.loaded.hosts.get(&account)).map(|row| row.expires)
    }

    /// `expires`: until when, where that changes.
    fn put_host(&mut self, host: Host, expires: Option<Timestamp>) -> Result<(), Fault> {
        let id = Host::document(host.account);
        let document = Document {
            id,
            version: self.documents.version(id).saturating_add(1),
            body: DocumentBody::Host(host),
        };
        let command = Command {
            id: CommandId::derive(id.0, &self.next_number().to_string()),
            actor: Actor::Channel { account: host.account },
            device: DeviceId(Uuid::nil()),
            conversation: ConversationId(Uuid::nil()),
            issued_at: self.now,
            last_seen: None,
            based_on: None,
            body: CommandBody::PutDocument {
                document: Box::new(document.body.clone()),
            },
        };
        self.batch.documents.retain(|known| known.id != id);
        self.batch.documents.push(document.clone());
        if let Some(expires) = expires {
            self.batch.hosts.retain(|row| row.grant.account != host.account);
            self.batch.hosts.push(HostLease {
                grant: host.grant(),
                expires,
            });
        }
        let scope = document.body.scope();
        let body = LogBody::DocumentPut { document };
        Arc::make_mut(&mut self.documents).apply(&body);
        self.append(&command, scope, body)
    }
}
