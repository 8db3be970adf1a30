//! Documents in the office: who leads, and what is put on the board for all.

use std::collections::BTreeMap;

use baton_domain::{
    Command, Document, DocumentBody, DocumentContext, LogBody, LogEntry, Member, MemberId, Role, Scope, decide_document,
};
use baton_protocol::Answer;

use super::office::{Office, member};

impl Office {
    /// From the beginning that desk's member leads: their desktop learns it with a new snapshot.
    pub(super) fn leads(&mut self, desk: usize) {
        for document in &mut self.documents {
            if let DocumentBody::Member(known) = &mut document.body
                && known.id == member(desk)
            {
                known.role = Role::Manager;
                document.version += 1;
            }
        }
        self.restore(0);
        for desk in 0..self.desks.len() {
            self.cut(desk);
            self.connect(desk);
        }
    }

    /// Judges a change of a document as the referee does.
    pub(super) fn judge_document(&mut self, command: &Command) -> Answer {
        let documents: BTreeMap<_, _> = self.documents.iter().map(|known| (known.id, known.clone())).collect();
        let members: BTreeMap<MemberId, Member> = documents
            .values()
            .filter_map(|document| match &document.body {
                DocumentBody::Member(member) => Some((member.id, member.clone())),
                _ => None,
            })
            .collect();
        let context = DocumentContext {
            documents: &documents,
            members: &members,
            conversations: 0,
        };
        let from = self.log.len() as u64;
        match decide_document(command, context) {
            Err(refusal) => return Answer::Refused { refusal },
            Ok(None) => {}
            Ok(Some(LogBody::DocumentPut { document })) => self.file(command, document),
            Ok(Some(other)) => panic!("{other:?}"),
        }
        let to = self.log.len() as u64;
        let answer = Answer::Done { from, to };
        self.done.insert(command.id, answer.clone());
        answer
    }

    fn file(&mut self, command: &Command, document: Document) {
        self.documents.retain(|known| known.id != document.id);
        self.documents.push(document.clone());
        self.log.push(LogEntry {
            number: self.log.len() as u64 + 1,
            at: self.now,
            issued_at: command.issued_at,
            actor: command.actor,
            command: command.id,
            scope: Scope::Workspace,
            body: LogBody::DocumentPut { document },
        });
    }
}
