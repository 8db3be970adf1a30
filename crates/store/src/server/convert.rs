//! Between domain types and rows. Every field is named, so that a new column breaks the build.

use baton_domain::{
    AccountId, Actor, CommandId, Conversation, ConversationId, Deadline, DeviceId, Document, DocumentBody, DocumentId,
    DraftId, HostGrant, InboxId, LogBody, LogEntry, MemberId, MessageId, Outbound, OutboundState, Phase, Scope,
    SessionId, Status, Timestamp,
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, QuerySelect as _, Select};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use super::entity::{conversation, document, draft, folder_cursor, host, lease, ledger, log, outbound, thread_key};
use super::error::StoreError;
use crate::port::{
    ConversationRow, DraftRow, FolderCursor, HostLease, ItemOutcome, ItemRow, KeyHit, KeyRow, LeaseRow, Sealed, chain,
    contact_key,
};

/// The version events are written in; older ones are upcast on reading.
const EVENT_VERSION: i64 = 1;

/// A number of the log in a database's signed integer.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of the log from a database's signed integer.
pub(super) fn number(signed: i64) -> u64 {
    u64::try_from(signed).unwrap_or(0)
}

/// A 32-bit number from a database's 64.
pub(super) fn small(signed: i64) -> u32 {
    u32::try_from(signed).unwrap_or(0)
}

/// Text of a serial form that is known to be plain data.
pub(super) fn text(value: &impl Serialize) -> Result<String, StoreError> {
    Ok(serde_json::to_string(value)?)
}

/// The value of a serial form.
pub(super) fn value<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    Ok(serde_json::from_str(text)?)
}

/// The word by which a value is stored in a column of its own.
pub(super) fn word(value: &impl Serialize) -> Result<String, StoreError> {
    match serde_json::to_value(value)? {
        serde_json::Value::String(word) => Ok(word),
        other => Err(StoreError::Unreadable(format!("{other} is no word"))),
    }
}

pub(super) fn bytes<const N: usize>(bytes: Vec<u8>) -> Result<[u8; N], StoreError> {
    bytes
        .try_into()
        .map_err(|_| StoreError::Unreadable("bytes of another length".to_owned()))
}

pub(super) const SCOPE_WORKSPACE: i64 = 0;
pub(super) const SCOPE_INBOX: i64 = 1;
pub(super) const SCOPE_MEMBER: i64 = 2;

pub(super) fn scope_columns(scope: Scope) -> (i64, Uuid) {
    match scope {
        Scope::Workspace => (SCOPE_WORKSPACE, Uuid::nil()),
        Scope::Inbox { id } => (SCOPE_INBOX, id.0),
        Scope::Member { id } => (SCOPE_MEMBER, id.0),
    }
}

fn scope(kind: i64, id: Uuid) -> Scope {
    match kind {
        SCOPE_INBOX => Scope::Inbox { id: InboxId(id) },
        SCOPE_MEMBER => Scope::Member { id: MemberId(id) },
        _ => Scope::Workspace,
    }
}

pub(super) fn log_row(workspace: Uuid, sealed: &Sealed) -> Result<log::ActiveModel, StoreError> {
    let Sealed {
        entry,
        salt,
        digest,
        hash,
    } = sealed;
    let LogEntry {
        number,
        at,
        issued_at,
        actor,
        command,
        scope,
        body,
    } = entry;
    let (scope_kind, scope_id) = scope_columns(*scope);
    let payload = chain::payload(body)?;
    let (conversation, kind) = match body {
        LogBody::Conversation { conversation, .. } => (conversation.0, event_kind(&payload)?),
        LogBody::DocumentPut { .. } => (Uuid::nil(), "documentPut".to_owned()),
        LogBody::DocumentRemoved { .. } => (Uuid::nil(), "documentRemoved".to_owned()),
    };
    Ok(log::ActiveModel {
        workspace: Set(workspace),
        number: Set(signed(*number)),
        at: Set(at.0),
        issued_at: Set(issued_at.0),
        actor: Set(text(actor)?),
        command: Set(command.0),
        scope_kind: Set(scope_kind),
        scope_id: Set(scope_id),
        conversation: Set(conversation),
        kind: Set(kind),
        version: Set(EVENT_VERSION),
        payload: Set(payload),
        salt: Set(salt.to_vec()),
        digest: Set(digest.to_vec()),
        hash: Set(hash.to_vec()),
    })
}

/// The event's name as stored. Only the tag is wanted: a message's text must not be written a second time for it.
/// The event's tag, out of its payload: nothing is written a second time for it.
fn event_kind(payload: &str) -> Result<String, StoreError> {
    #[derive(serde::Deserialize)]
    struct Body {
        event: Tag,
    }
    #[derive(serde::Deserialize)]
    struct Tag {
        r#type: String,
    }
    Ok(value::<Body>(payload)?.event.r#type)
}

pub(super) fn sealed(row: log::Model) -> Result<Sealed, StoreError> {
    Ok(Sealed {
        entry: entry((
            row.number,
            row.at,
            row.issued_at,
            row.actor,
            row.command,
            row.scope_kind,
            row.scope_id,
            row.payload,
        ))?,
        salt: bytes(row.salt)?,
        digest: bytes(row.digest)?,
        hash: bytes(row.hash)?,
    })
}

pub(super) fn conversation_row(
    workspace: Uuid,
    row: &ConversationRow,
) -> Result<conversation::ActiveModel, StoreError> {
    let ConversationRow {
        conversation: state,
        wake,
    } = row;
    Ok(conversation::ActiveModel {
        workspace: Set(workspace),
        id: Set(state.id.0),
        number: Set(i64::from(state.number)),
        inbox: Set(state.inbox.0),
        owner: Set(state.owner.map(|owner| owner.0)),
        status: Set(word(&state.status)?),
        phase: Set(word(&state.phase())?),
        history: Set(state.history),
        contact: Set(contact_key(&state.contact.email)),
        created_at: Set(state.created_at.0),
        updated_at: Set(state.updated_at.0),
        wake_at: Set(wake.map(|(at, _)| at.0)),
        wake_kind: Set(wake.map(|(_, what)| word(&what)).transpose()?),
        state: Set(text(state)?),
    })
}

pub(super) fn status_word(status: Status) -> Result<String, StoreError> {
    word(&status)
}

pub(super) fn phase_word(phase: Phase) -> Result<String, StoreError> {
    word(&phase)
}

/// The states of conversations. Their other columns, which are there to find them by, are not read.
pub(super) async fn conversations(
    query: Select<conversation::Entity>,
    connection: &impl ConnectionTrait,
) -> Result<Vec<Conversation>, StoreError> {
    let states = query.select_only().column(conversation::Column::State);
    let states: Vec<String> = states.into_tuple().all(connection).await?;
    states.iter().map(|state| value(state)).collect()
}

/// The entry of a row of [`ENTRY`].
pub(super) fn entry(row: EntryRow) -> Result<LogEntry, StoreError> {
    let (logged, at, issued_at, actor, command, scope_kind, scope_id, payload) = row;
    Ok(LogEntry {
        number: number(logged),
        at: Timestamp(at),
        issued_at: Timestamp(issued_at),
        actor: value::<Actor>(&actor)?,
        command: CommandId(command),
        scope: scope(scope_kind, scope_id),
        body: value(&payload)?,
    })
}

/// The serial form of that entry, without reading what happened only to write it down again.
pub(super) fn serial_entry(row: EntryRow) -> Result<String, StoreError> {
    let (logged, at, issued_at, actor, command, scope_kind, scope_id, payload) = row;
    let (actor, payload) = (serial(actor)?, serial(payload)?);
    let number = number(logged);
    let scope = text(&scope(scope_kind, scope_id))?;
    Ok(format!(
        r#"{{"number":{number},"at":{at},"issuedAt":{issued_at},"actor":{actor},"command":"{command}","scope":{scope},"body":{payload}}}"#
    ))
}

/// A serial form as it was kept. What is none would spoil all it is sent with.
pub(super) fn serial(text: String) -> Result<String, StoreError> {
    value::<serde::de::IgnoredAny>(&text)?;
    Ok(text)
}

/// What of a row of the log an entry without its place in the chain consists of.
pub(super) const ENTRY: [log::Column; 8] = [
    log::Column::Number,
    log::Column::At,
    log::Column::IssuedAt,
    log::Column::Actor,
    log::Column::Command,
    log::Column::ScopeKind,
    log::Column::ScopeId,
    log::Column::Payload,
];

/// The values of [`ENTRY`].
pub(super) type EntryRow = (i64, i64, i64, String, Uuid, i64, Uuid, String);

pub(super) fn deadline(word: &str) -> Result<Deadline, StoreError> {
    Ok(serde_json::from_value(serde_json::Value::String(word.to_owned()))?)
}

pub(super) fn document_row(workspace: Uuid, from: &Document) -> Result<document::ActiveModel, StoreError> {
    let Document { id, version, body } = from;
    Ok(document::ActiveModel {
        workspace: Set(workspace),
        id: Set(id.0),
        version: Set(i64::from(*version)),
        body: Set(text(body)?),
    })
}

pub(super) fn document(row: &document::Model) -> Result<Document, StoreError> {
    Ok(Document {
        id: DocumentId(row.id),
        version: small(row.version),
        body: value::<DocumentBody>(&row.body)?,
    })
}

pub(super) fn lease_row(workspace: Uuid, from: &LeaseRow) -> lease::ActiveModel {
    let LeaseRow {
        conversation,
        token,
        member,
        device,
        expires,
        active_at,
        lifetime_ms,
        idle_ms,
    } = *from;
    lease::ActiveModel {
        workspace: Set(workspace),
        conversation: Set(conversation.0),
        token: Set(signed(token)),
        member: Set(member.0),
        device: Set(device.0),
        expires: Set(expires.0),
        active_at: Set(active_at.0),
        lifetime_ms: Set(lifetime_ms),
        idle_ms: Set(idle_ms),
    }
}

pub(super) fn lease(row: &lease::Model) -> LeaseRow {
    LeaseRow {
        conversation: ConversationId(row.conversation),
        token: number(row.token),
        member: MemberId(row.member),
        device: DeviceId(row.device),
        expires: Timestamp(row.expires),
        active_at: Timestamp(row.active_at),
        lifetime_ms: row.lifetime_ms,
        idle_ms: row.idle_ms,
    }
}

pub(super) fn host_row(workspace: Uuid, from: &HostLease) -> host::ActiveModel {
    let HostLease { grant, expires } = *from;
    host::ActiveModel {
        workspace: Set(workspace),
        account: Set(grant.account.0),
        token: Set(signed(grant.token)),
        session: Set(grant.session.0),
        expires: Set(expires.0),
    }
}

pub(super) fn host(row: &host::Model) -> HostLease {
    HostLease {
        grant: HostGrant {
            account: AccountId(row.account),
            session: SessionId(row.session),
            token: number(row.token),
        },
        expires: Timestamp(row.expires),
    }
}

pub(super) fn draft_row(workspace: Uuid, from: &DraftRow) -> Result<draft::ActiveModel, StoreError> {
    let DraftRow {
        id,
        conversation,
        member,
        text: says,
        revision,
        saved_at,
        files_present: _,
    } = from;
    Ok(draft::ActiveModel {
        workspace: Set(workspace),
        conversation: Set(conversation.0),
        member: Set(member.0),
        id: Set(id.0),
        revision: Set(signed(*revision)),
        text: Set(text(says)?),
        saved_at: Set(saved_at.0),
    })
}

/// Whether the files of one that has any are there is looked up by the caller.
pub(super) fn draft(row: &draft::Model) -> Result<DraftRow, StoreError> {
    let says: baton_domain::DraftText = value(&row.text)?;
    let files_present = says.files.is_empty();
    Ok(DraftRow {
        id: DraftId(row.id),
        conversation: ConversationId(row.conversation),
        member: MemberId(row.member),
        text: says,
        revision: number(row.revision),
        saved_at: Timestamp(row.saved_at),
        files_present,
    })
}

pub(super) fn key_row(workspace: Uuid, from: &KeyRow) -> thread_key::ActiveModel {
    thread_key::ActiveModel {
        workspace: Set(workspace),
        key: Set(from.key.as_str().to_owned()),
        conversation: Set(from.conversation.0),
        message: Set(from.message.0),
        mentioned: Set(from.mentioned),
        ours: Set(from.ours),
        at: Set(from.at.0),
    }
}

pub(super) fn key_hit(row: &thread_key::Model) -> KeyHit {
    KeyHit {
        conversation: ConversationId(row.conversation),
        message: MessageId(row.message),
        mentioned: row.mentioned,
        ours: row.ours,
        at: Timestamp(row.at),
    }
}

pub(super) fn item_row(workspace: Uuid, from: &ItemRow) -> Result<ledger::ActiveModel, StoreError> {
    let ItemRow {
        key,
        outcome,
        blob,
        at,
        flags,
        internal_date,
    } = from;
    Ok(ledger::ActiveModel {
        workspace: Set(workspace),
        account: Set(key.account.0),
        folder: Set(key.folder.clone()),
        uidvalidity: Set(i64::from(key.uidvalidity)),
        uid: Set(i64::from(key.uid)),
        kind: Set(item_kind(outcome).to_owned()),
        outcome: Set(text(outcome)?),
        blob: Set(blob.as_ref().map(|blob| blob.as_str().to_owned())),
        at: Set(at.0),
        flags: Set(flags.join(" ")),
        internal_date: Set(internal_date.0),
        gone: Set(None),
    })
}

pub(super) const IMPORTED: &str = "imported";
pub(super) const DUPLICATE: &str = "duplicate";
pub(super) const QUARANTINED: &str = "quarantined";
pub(super) const IGNORED: &str = "ignored";

const fn item_kind(outcome: &ItemOutcome) -> &'static str {
    match outcome {
        ItemOutcome::Imported { .. } => IMPORTED,
        ItemOutcome::Duplicate { .. } => DUPLICATE,
        ItemOutcome::Quarantined { .. } => QUARANTINED,
        ItemOutcome::Ignored { .. } => IGNORED,
    }
}

pub(super) fn cursor_row(workspace: Uuid, from: &FolderCursor) -> folder_cursor::ActiveModel {
    let FolderCursor {
        account,
        folder,
        uidvalidity,
        high,
        low,
        modseq,
        found_below,
        renumbered,
        received,
        uid_next,
        messages,
        sent,
    } = from;
    folder_cursor::ActiveModel {
        workspace: Set(workspace),
        account: Set(account.0),
        folder: Set(folder.clone()),
        uidvalidity: Set(i64::from(*uidvalidity)),
        high: Set(i64::from(*high)),
        low: Set(i64::from(*low)),
        modseq: Set(signed(*modseq)),
        found_below: Set(i64::from(*found_below)),
        renumbered: Set(*renumbered),
        received: Set(i64::from(*received)),
        uid_next: Set(i64::from(*uid_next)),
        messages: Set(i64::from(*messages)),
        sent: Set(*sent),
    }
}

pub(super) fn cursor(row: folder_cursor::Model) -> FolderCursor {
    FolderCursor {
        account: AccountId(row.account),
        folder: row.folder,
        uidvalidity: small(row.uidvalidity),
        high: small(row.high),
        low: small(row.low),
        modseq: number(row.modseq),
        found_below: small(row.found_below),
        renumbered: row.renumbered,
        received: small(row.received),
        uid_next: small(row.uid_next),
        messages: small(row.messages),
        sent: row.sent,
    }
}

/// Replies that are not done with: on their way, in doubt, or sent without a copy in Sent.
pub(super) fn outbound_rows(workspace: Uuid, state: &Conversation) -> Result<Vec<outbound::ActiveModel>, StoreError> {
    let open =
        |reply: &&Outbound| !reply.settled() || (matches!(reply.state, OutboundState::Sent { .. }) && !reply.filed);
    state
        .outbound
        .iter()
        .filter(open)
        .map(|reply| {
            Ok(outbound::ActiveModel {
                workspace: Set(workspace),
                id: Set(reply.id.0),
                conversation: Set(state.id.0),
                account: Set(reply.account.0),
                state: Set(outbound_state(&reply.state).to_owned()),
                not_before: Set(reply.not_before.0),
                body: Set(text(reply)?),
            })
        })
        .collect()
}

const fn outbound_state(state: &OutboundState) -> &'static str {
    match state {
        OutboundState::Queued => "queued",
        OutboundState::Sending => "sending",
        OutboundState::Sent { .. } => "sent",
        OutboundState::Failed { .. } => "failed",
        OutboundState::Unknown { .. } => "unknown",
        OutboundState::Cancelled { .. } => "cancelled",
    }
}
