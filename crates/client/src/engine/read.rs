//! What the window reads: rows, counts, one conversation, the team. Nothing here changes anything.

use std::collections::BTreeMap;

use baton_domain::{
    Account, AccountId, Acquaintance, Companies, Company, Conversation, ConversationId, DocumentId, Inbox, InboxId,
    LogEntry, Member, MemberId, RoutingFacts, RuleSet, Timestamp, Turns,
};
use baton_protocol::{
    CompaniesKept, Exception, Group, Held, ListPage, ListQuery, Opened, PendingAction, Present, Row, RulesInForce,
    Settings, Team, UsedDetails, ViewCount,
};

use super::outbox::Stage;
use super::state::Engine;
use crate::views::{self, Judge, Listed};

/// How many other conversations of the same customer are offered.
const RELATED: usize = 20;

impl Engine {
    /// A conversation as shown: with what waits for the network already in it.
    #[must_use]
    pub fn state(&self, id: ConversationId) -> Option<&Conversation> {
        self.predicted.get(&id).or_else(|| self.confirmed.get(&id))
    }

    /// A conversation as the server confirmed it.
    #[must_use]
    pub fn confirmed(&self, id: ConversationId) -> Option<&Conversation> {
        self.confirmed.get(&id)
    }

    /// All conversations as shown.
    pub fn conversations(&self) -> impl Iterator<Item = &Conversation> + Clone {
        self.confirmed
            .values()
            .map(|conversation| self.predicted.get(&conversation.id).unwrap_or(conversation))
    }

    /// A page of a view.
    #[must_use]
    pub fn list(&self, query: &ListQuery) -> ListPage {
        // Both go by id: side by side, nothing is looked up.
        let mut places = self.index.places().peekable();
        let all = self.conversations().filter_map(|conversation| {
            let id = conversation.id;
            while places.next_if(|(placed, _)| *placed < id).is_some() {}
            let (_, placement) = places.next_if(|(placed, _)| *placed == id)?;
            Some(Listed {
                id,
                conversation,
                placement,
            })
        });
        let (rows, total, groups) = views::page(all, query);
        ListPage {
            rows: rows
                .into_iter()
                .map(|(group, listed)| self.row(listed.conversation, group))
                .collect(),
            total,
            groups,
            searched: None,
        }
    }

    /// What was said of conversations before.
    #[must_use]
    pub fn used_details(&self) -> UsedDetails {
        views::used_details(self.conversations().map(|conversation| &*conversation.details))
    }

    /// The counts of all views.
    #[must_use]
    pub fn counts(&self) -> Vec<ViewCount> {
        self.index.counts()
    }

    /// How many conversations need me.
    #[must_use]
    pub fn badge(&self) -> u32 {
        self.index.badge()
    }

    /// A row of a list.
    #[must_use]
    pub fn row(&self, conversation: &Conversation, group: Group) -> Row {
        let id = conversation.id;
        let held = self.held_list_of(id).next().is_some();
        let waits = self.outbox.of(id).any(|item| !matches!(item.stage, Stage::Done(_)));
        Row {
            id,
            number: conversation.number,
            group,
            inbox: conversation.inbox,
            contact: conversation.contact.clone(),
            company: conversation.company.clone(),
            subject: conversation.subject.clone(),
            preview: conversation
                .last_message
                .as_ref()
                .map(|last| last.preview.clone())
                .unwrap_or_default(),
            owner: conversation.owner,
            status: conversation.status,
            shown: self.shown_status(conversation),
            phase: if views::snoozed(conversation, self.now) {
                baton_domain::Phase::Snoozed
            } else {
                conversation.status.phase()
            },
            turn: views::turn(conversation, self.now),
            due: views::due_at(conversation, self.now),
            clock: views::clock(conversation),
            at: views::at(conversation),
            priority: conversation.priority,
            value: conversation.value.clone(),
            unread: views::unread(conversation, self.seen.get(&id).copied()),
            has_attachment: conversation.has_attachment,
            replying: views::replying(conversation),
            draft: self.drafts.text(id).is_some(),
            pending: waits || held,
            trouble: views::trouble(conversation),
            found: None,
        }
    }

    /// A conversation on screen; its log comes from the disk.
    #[must_use]
    pub fn opened(&self, id: ConversationId, entries: Vec<LogEntry>) -> Option<Opened> {
        let conversation = self.state(id)?;
        let update_needed = self.blind.contains(&id);
        let capabilities = self.documents.capabilities(self.id.me, conversation.inbox);
        let mut context = self.context_of(conversation, &capabilities, self.now);
        // Who gets it is the referee's to say; that the rules can be asked is known here.
        let (loads, turns) = (BTreeMap::new(), Turns::new());
        let routing = self.documents.rules.as_ref().map(|rules| RoutingFacts {
            rules,
            version: self.documents.version(RuleSet::document()),
            loads: &loads,
            turns: &turns,
            acquaintance: Acquaintance::default(),
        });
        if let Some(context) = &mut context {
            context.routing = routing;
        }
        let judge = context.as_ref().map(|context| Judge {
            me: self.id.me,
            device: self.id.device,
            conversation,
            context,
        });
        let allowed = judge.as_ref().map(|judge| views::allowed(judge, update_needed));
        let statuses = judge
            .as_ref()
            .filter(|_| !update_needed)
            .map(|judge| self.statuses(judge));
        let inbox = self.documents.inboxes.get(&conversation.inbox);
        let first_chase = |policy: &baton_domain::InboxPolicy| policy.cadence_days.first().copied().unwrap_or(2);
        let next_chase = inbox.map_or(self.now, |inbox| {
            inbox
                .policy
                .calendar
                .add_business_days(self.now, first_chase(&inbox.policy))
        });
        let pending = self
            .outbox
            .of(id)
            .filter(|item| !matches!(item.stage, Stage::Done(_)))
            .map(|item| PendingAction {
                id: item.command.id,
                body: item.command.body.clone(),
                issued_at: item.command.issued_at,
            });
        Some(Opened {
            conversation: conversation.clone(),
            shown: self.shown_status(conversation),
            statuses: statuses.unwrap_or_default(),
            turn: views::turn(conversation, self.now),
            thread: views::thread(entries, self.pending_notes(id)),
            draft: self.drafts.text(id).cloned(),
            allowed: allowed.unwrap_or_default(),
            assignable: inbox
                .map(|inbox| views::assignable(inbox, self.documents.members.values(), self.now))
                .unwrap_or_default(),
            movable: context
                .as_ref()
                .map(|context| views::movable(self.id.me, conversation, context))
                .unwrap_or_default(),
            last_message: conversation.last_message.as_ref().map(|last| last.id),
            next_chase,
            account: self.company_of(conversation).cloned(),
            related: self.related(conversation),
            same: self.same_as(conversation),
            pending: pending.collect(),
            held: self.held_list_of(id).collect(),
            update_needed,
        })
    }

    /// The company of the customer's address, as the team's list has it.
    fn company_of(&self, conversation: &Conversation) -> Option<&Company> {
        let companies = self.documents.companies.as_ref()?;
        companies.of(&conversation.contact.email)
    }

    fn held_list_of(&self, id: ConversationId) -> impl Iterator<Item = Held> {
        let any = !self.held.is_empty();
        let list = if any { self.held_list() } else { Vec::new() };
        list.into_iter().filter(move |held| held.conversation == id)
    }

    /// Other conversations with the same customer or company, newest first.
    fn related(&self, to: &Conversation) -> Vec<Row> {
        let same = |other: &&Conversation| {
            let company = to.company.is_some() && other.company == to.company;
            let contact = other.contact.email.eq_ignore_ascii_case(&to.contact.email);
            other.id != to.id && (contact || company)
        };
        let mut related: Vec<&Conversation> = self.conversations().filter(same).collect();
        related.sort_by_key(|other| std::cmp::Reverse(views::at(other)));
        related.truncate(RELATED);
        related.into_iter().map(|other| self.row(other, Group::Rest)).collect()
    }

    /// A conversation and everything that was merged into it: what is shown as one.
    #[must_use]
    pub fn one_with(&self, id: ConversationId) -> Vec<ConversationId> {
        let mut all = vec![id];
        let mut at = 0;
        while let Some(id) = all.get(at).copied() {
            let parts = self.state(id).into_iter().flat_map(Conversation::absorbs);
            let parts: Vec<ConversationId> = parts.filter(|part| !all.contains(part)).collect();
            all.extend(parts);
            at = at.saturating_add(1);
        }
        all
    }

    /// Conversations that may be the same enquiry, the oldest first.
    fn same_as(&self, to: &Conversation) -> Vec<Row> {
        let mut same: Vec<&Conversation> = self.conversations().filter(|other| to.may_be_the_same(other)).collect();
        same.sort_by_key(|other| other.number);
        same.into_iter().map(|other| self.row(other, Group::Rest)).collect()
    }

    /// The conversations with that address, newest first.
    #[must_use]
    pub fn with_address(&self, email: &str) -> Vec<Row> {
        let email = email.trim();
        let theirs = |other: &&Conversation| other.contact.email.eq_ignore_ascii_case(email);
        let mut with: Vec<&Conversation> = self.conversations().filter(theirs).collect();
        with.sort_by_key(|other| std::cmp::Reverse(views::at(other)));
        with.truncate(RELATED);
        with.into_iter().map(|other| self.row(other, Group::Rest)).collect()
    }

    /// Who I am, once the documents are here.
    #[must_use]
    pub fn me(&self) -> Option<&Member> {
        self.documents.members.get(&self.id.me)
    }

    /// My id.
    #[must_use]
    pub fn my_id(&self) -> MemberId {
        self.id.me
    }

    /// Everybody and everything shared.
    #[must_use]
    pub fn team(&self) -> Team {
        self.documents.team(self.id.me)
    }

    /// What left the usual path, in all conversations.
    #[must_use]
    pub fn exceptions(&self) -> Vec<Exception> {
        views::exceptions(
            self.conversations(),
            &self.documents.inboxes,
            self.documents.rules.as_ref(),
            self.now,
        )
    }

    /// A channel account, and the version of its document.
    #[must_use]
    pub fn account(&self, id: AccountId) -> Option<(Account, u32)> {
        let account = self.documents.accounts.get(&id)?.clone();
        Some((account, self.documents.version(DocumentId(id.0))))
    }

    /// An inbox, and the version of its document.
    #[must_use]
    pub fn inbox(&self, id: InboxId) -> Option<(Inbox, u32)> {
        let inbox = self.documents.inboxes.get(&id)?.clone();
        Some((inbox, self.documents.version(DocumentId(id.0))))
    }

    /// A member, and the version of their document.
    #[must_use]
    pub fn member(&self, id: MemberId) -> Option<(Member, u32)> {
        let member = self.documents.members.get(&id)?.clone();
        Some((member, self.documents.version(DocumentId(id.0))))
    }

    /// The companies the team deals with, as far as they are known here.
    #[must_use]
    pub fn companies(&self) -> CompaniesKept {
        CompaniesKept {
            version: self.documents.version(Companies::document()),
            companies: self.documents.companies.clone().unwrap_or_default(),
        }
    }

    /// The routing rules in force, as far as they are known here.
    #[must_use]
    pub fn rules(&self) -> RulesInForce {
        RulesInForce {
            version: self.documents.version(RuleSet::document()),
            rules: self.documents.rules.clone().unwrap_or_default(),
        }
    }

    /// What the person chose.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Who is where.
    pub fn present(&self) -> impl Iterator<Item = &Present> {
        self.presence.values()
    }

    /// Now, by the server's time as far as it is known.
    #[must_use]
    pub fn time(&self) -> Timestamp {
        self.now
    }

    /// The conversations whose messages are wanted here first: those I own.
    #[must_use]
    pub fn mine(&self) -> Vec<ConversationId> {
        self.conversations()
            .filter(|conversation| conversation.owner == Some(self.id.me))
            .map(|conversation| conversation.id)
            .collect()
    }

    /// Whether it is known that the server can't be reached: then nobody has to wait to find that out.
    #[must_use]
    pub fn offline(&self) -> bool {
        matches!(self.connection().state, baton_protocol::ConnectionState::Offline { .. })
    }

    /// How far the log has been read.
    #[must_use]
    pub fn cursor(&self) -> Option<&baton_protocol::Cursor> {
        self.cursor.as_ref()
    }
}
