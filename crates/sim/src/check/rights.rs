//! Who may send from where, as the documents of the log say, and who does.

use std::collections::{BTreeMap, BTreeSet};

use baton_domain::{
    Account, AccountId, AccountMode, Capability, CommandId, Companies, ConversationId, DocumentBody, Event, Host,
    HostGrant, Inbox, InboxId, LogBody, LogEntry, Member, MemberId, MessageId, Role, RuleAction, RuleId, RuleSet,
    Scope, Settlement, Timestamp,
};

use super::{Broken, Promise, because};

/// A reply that may still be stopped, or is under way.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    conversation: ConversationId,
    /// Nobody: an inbox answers by itself.
    by: Option<MemberId>,
    account: AccountId,
    queued: bool,
}

/// What the documents say, and who replies.
#[derive(Debug, Default)]
pub(super) struct Rights {
    members: BTreeMap<MemberId, Member>,
    inboxes: BTreeMap<InboxId, Inbox>,
    accounts: BTreeMap<AccountId, Account>,
    hosts: BTreeMap<AccountId, Host>,
    rules: RuleSet,
    companies: Companies,
    contacts: BTreeMap<ConversationId, String>,
    /// Under which grants a command of a host was said: another host may say the same again.
    said: BTreeMap<CommandId, Vec<HostGrant>>,
    /// Where conversations lay, from which number on.
    places: BTreeMap<ConversationId, Vec<(u64, InboxId)>>,
    locks: BTreeMap<ConversationId, MemberId>,
    replies: BTreeMap<MessageId, Waiting>,
}

impl Rights {
    pub(super) fn read(&mut self, entry: &LogEntry) -> Result<(), Broken> {
        match &entry.body {
            LogBody::DocumentPut { document } => {
                match document.body.clone() {
                    DocumentBody::Member(member) => drop(self.members.insert(member.id, member)),
                    DocumentBody::Inbox(inbox) => drop(self.inboxes.insert(inbox.id, inbox)),
                    DocumentBody::Account(account) => drop(self.accounts.insert(account.id, account)),
                    DocumentBody::Host(host) => {
                        let next = self.hosts.insert(host.account, host);
                        if next.is_some_and(|before| before.token > host.token) {
                            return Err(because(
                                Promise::OneHost,
                                format!("token {} came after {next:?}", host.token),
                            ));
                        }
                    }
                    DocumentBody::Rules(rules) => self.rules = rules,
                    DocumentBody::Companies(companies) => self.companies = companies,
                    DocumentBody::Workspace(_) | DocumentBody::Review(_) => {}
                }
                Ok(())
            }
            LogBody::DocumentRemoved { .. } => Ok(()),
            LogBody::Conversation { .. } if !self.said_by_a_host(entry) => Err(because(
                Promise::OneHost,
                format!("entry {} was said by a host that was none any more", entry.number),
            )),
            LogBody::Conversation { conversation, event } => {
                if let Event::MovedOut { to } = event {
                    self.may_move(entry, *conversation, *to)?;
                }
                self.happens(entry.number, *conversation, event)?;
                self.told_where_it_lies(entry, *conversation)
            }
        }
    }

    /// Who is in a rule's pool.
    pub(super) fn pool(&self, rule: RuleId) -> Vec<MemberId> {
        let of_rule = self.rules.rules.iter().filter(|known| known.id == rule);
        let mut pool = Vec::new();
        for action in of_rule.flat_map(|rule| &rule.then) {
            if let RuleAction::Distribute { pool: members, .. } = action {
                pool.extend(members.iter().map(|one| one.member));
            }
        }
        pool
    }

    /// Whether somebody is there and may work where that conversation lies.
    pub(super) fn could_get(&self, member: MemberId, conversation: ConversationId, now: Timestamp) -> bool {
        let inbox = self.place(conversation).and_then(|inbox| self.inboxes.get(&inbox));
        let (Some(member), Some(inbox)) = (self.members.get(&member), inbox) else {
            return false;
        };
        let absent = member.absent_until.is_some_and(|until| until > now);
        !absent && inbox.capabilities_of(member).contains(&Capability::Work)
    }

    /// Whether somebody is at work by hours of their own.
    pub(super) fn at_work(&self, member: MemberId, now: Timestamp) -> bool {
        let hours = self.members.get(&member).and_then(|member| member.hours.as_ref());
        hours.is_none_or(|hours| hours.is_open(now))
    }

    /// Whoever looks after the company its customer writes for, where they are there and may answer.
    pub(super) fn looks_after(&self, conversation: ConversationId, now: Timestamp) -> Option<MemberId> {
        let (_, domain) = self.contacts.get(&conversation)?.rsplit_once('@')?;
        let theirs = |of: &&baton_domain::Company| of.domains.iter().any(|known| known == domain);
        let owner = self.companies.companies.iter().find(theirs)?.owner?;
        (self.could_get(owner, conversation, now) && self.may_send(owner, conversation)).then_some(owner)
    }

    pub(super) fn said_under(&mut self, command: CommandId, grant: HostGrant) {
        self.said.entry(command).or_default().push(grant);
    }

    /// Whether a grant stands.
    pub(super) fn hosts(&self, grant: HostGrant) -> bool {
        self.hosts.get(&grant.account).is_some_and(|host| host.stands(grant))
    }

    /// Whether a host that said this was one when it was decided; true for what no host said.
    fn said_by_a_host(&self, entry: &LogEntry) -> bool {
        let stands = |grant: &HostGrant| self.hosts(*grant);
        self.said
            .get(&entry.command)
            .is_none_or(|grants| grants.iter().any(stands))
    }

    fn happens(&mut self, number: u64, conversation: ConversationId, event: &Event) -> Result<(), Broken> {
        if let Event::Created { contact, .. } = event {
            self.contacts.insert(conversation, contact.email.clone());
        }
        match event {
            Event::Created { inbox: to, .. } | Event::MovedOut { to } => {
                self.places.entry(conversation).or_default().push((number, *to));
            }
            Event::LockGranted { member, .. } => drop(self.locks.insert(conversation, *member)),
            Event::LockReleased { .. } => drop(self.locks.remove(&conversation)),
            Event::ReplyQueued { outbound } => {
                let waiting = Waiting {
                    conversation,
                    by: outbound.automatic.is_none().then_some(outbound.by),
                    account: outbound.account,
                    queued: true,
                };
                self.replies.insert(outbound.id, waiting);
            }
            Event::OutboundSending { outbound, .. } => {
                // Judged as it passes the fence: it was queued until now.
                let stopped = self.replies.get(outbound).and_then(|waiting| self.stopped(waiting));
                if let Some(why) = stopped {
                    let how = format!("entry {number}: reply {outbound} passes the fence, and {why}");
                    return Err(because(Promise::Permitted, how));
                }
                self.queued(*outbound, false);
            }
            Event::OutboundReturned { outbound, .. }
            | Event::OutboundSettled {
                outbound,
                how: Settlement::SendAgain,
            } => self.queued(*outbound, true),
            Event::OutboundCancelled { outbound, .. }
            | Event::OutboundFailed { outbound, .. }
            | Event::OutboundSent { outbound, .. }
            | Event::OutboundUnknown { outbound, .. } => self.queued(*outbound, false),
            _ => {}
        }
        Ok(())
    }

    /// Where a conversation lies now.
    pub(super) fn place(&self, conversation: ConversationId) -> Option<InboxId> {
        self.places.get(&conversation)?.last().map(|(_, inbox)| *inbox)
    }

    /// Where a conversation lay when an entry of it came: the entry that it left is of where it was.
    pub(super) fn lay_in(&self, conversation: ConversationId, number: u64) -> Option<InboxId> {
        let places = self.places.get(&conversation)?;
        let before = places.iter().rev().find(|(from, _)| *from < number);
        before.or_else(|| places.first()).map(|(_, inbox)| *inbox)
    }

    /// Every inbox a conversation ever lay in.
    pub(super) fn ever_in(&self, conversation: ConversationId) -> impl Iterator<Item = InboxId> {
        let places = self.places.get(&conversation).into_iter().flatten();
        places.map(|(_, inbox)| *inbox)
    }

    /// What happens in a conversation is told where it lies, and nowhere else.
    fn told_where_it_lies(&self, entry: &LogEntry, conversation: ConversationId) -> Result<(), Broken> {
        let lies_in = self.lay_in(conversation, entry.number);
        if lies_in.is_some_and(|id| entry.scope == Scope::Inbox { id }) {
            return Ok(());
        }
        let how = format!("entry {} of {conversation} is told in {:?}", entry.number, entry.scope);
        Err(because(Promise::Private, how))
    }

    /// Who moves a conversation works where it lies, and assigns where it goes.
    fn may_move(&self, entry: &LogEntry, conversation: ConversationId, to: InboxId) -> Result<(), Broken> {
        let Some(member) = entry.actor.member().and_then(|member| self.members.get(&member)) else {
            return Ok(());
        };
        let from = self.place(conversation);
        let works = from.is_some_and(|from| self.held(member, from).contains(&Capability::Work));
        let there = self.held(member, to);
        let assigns = there.contains(&Capability::Read) && there.contains(&Capability::Assign);
        if member.active && (sees_all(member) || works && assigns) {
            return Ok(());
        }
        let how = format!("entry {}: {} may not move {conversation}", entry.number, member.name);
        Err(because(Promise::Permitted, how))
    }

    fn queued(&mut self, outbound: MessageId, queued: bool) {
        if let Some(waiting) = self.replies.get_mut(&outbound) {
            waiting.queued = queued;
        }
    }

    /// After every commit: whoever holds a lock may send, and so may whoever wrote a reply that waits.
    pub(super) fn stand(&self) -> Result<(), Broken> {
        for (conversation, holder) in &self.locks {
            if !self.may_send(*holder, *conversation) {
                let how = format!("{holder} holds the lock of {conversation}, and may not send there");
                return Err(because(Promise::Permitted, how));
            }
        }
        for (id, waiting) in self.replies.iter().filter(|(_, waiting)| waiting.queued) {
            if let Some(why) = self.stopped(waiting) {
                return Err(because(
                    Promise::Permitted,
                    format!("reply {id} waits to leave, and {why}"),
                ));
            }
        }
        Ok(())
    }

    fn stopped(&self, waiting: &Waiting) -> Option<&'static str> {
        let watched = |account: &Account| account.mode == AccountMode::Watch;
        if waiting.by.is_some_and(|by| !self.may_send(by, waiting.conversation)) {
            Some("its author may not send")
        } else if self.accounts.get(&waiting.account).is_none_or(watched) {
            Some("its account only watches")
        } else {
            None
        }
    }

    /// Whether somebody may read an inbox.
    pub(super) fn may_read(&self, member: MemberId, inbox: InboxId) -> bool {
        self.members.get(&member).is_some_and(|member| {
            member.active && (sees_all(member) || self.held(member, inbox).contains(&Capability::Read))
        })
    }

    fn held(&self, member: &Member, inbox: InboxId) -> BTreeSet<Capability> {
        let access = self.inboxes.get(&inbox).into_iter().flat_map(|inbox| &inbox.access);
        access
            .filter(|access| access.member == member.id)
            .flat_map(|access| access.capabilities.iter().copied())
            .collect()
    }

    fn may_send(&self, member: MemberId, conversation: ConversationId) -> bool {
        let Some(member) = self.members.get(&member).filter(|member| member.active) else {
            return false;
        };
        let held = match self.place(conversation) {
            Some(inbox) => self.held(member, inbox),
            None => BTreeSet::new(),
        };
        match member.role {
            Role::Admin | Role::Manager => true,
            Role::Rep => held.contains(&Capability::SendAs) || held.contains(&Capability::SendOnBehalf),
            Role::Observer => false,
        }
    }
}

fn sees_all(member: &Member) -> bool {
    matches!(member.role, Role::Admin | Role::Manager)
}
