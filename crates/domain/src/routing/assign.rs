//! Who gets a lead: the order of assignment.

use std::collections::BTreeMap;

use super::{DistributeBy, PassedOver, PoolMember, RouteStep, RouteStepKind, RouteTrace};
use crate::{Capability, MemberId, RuleId, Standing, on_call};

/// When each member last got a lead by their turn in a rule's pool: the numbers of those entries of the log.
pub type Turns = BTreeMap<(RuleId, MemberId), u64>;

/// What Baton knows of whoever wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Acquaintance {
    /// They have written to us before, in another conversation.
    pub returning: bool,
    /// Who owns another open conversation with them.
    pub open_with: Option<MemberId>,
}

/// Everybody who could get a lead, as they stand at this place of the log.
#[derive(Debug, Clone, Copy)]
pub struct Staff<'a> {
    /// Members, their rights, and the time.
    pub standing: Standing<'a>,
    /// How many open conversations each has; none where there is no number.
    pub loads: &'a BTreeMap<MemberId, u32>,
    /// Whose turn was when.
    pub turns: &'a Turns,
    /// Who owns another open conversation of the contact.
    pub open_with: Option<MemberId>,
    /// Who looks after the contact's company.
    pub account_owner: Option<MemberId>,
}

/// Somebody who got it, and whether by their turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Given {
    pub(super) to: MemberId,
    pub(super) turn: bool,
}

/// When somebody can get a lead.
#[derive(Debug, Clone, Copy)]
enum Duty {
    /// While they are here, whatever the hour and the load.
    Always,
    /// While they are here and have room, whatever the hour, and may answer: what they look after is theirs to answer.
    Answering {
        /// With so many open conversations they get no more.
        capacity: Option<u32>,
    },
    /// While they are here and at work, and have room.
    AtWork {
        /// With so many open conversations they get no more.
        capacity: Option<u32>,
    },
}

impl Staff<'_> {
    fn load(&self, member: MemberId) -> u32 {
        self.loads.get(&member).copied().unwrap_or(0)
    }

    /// Why somebody can't get it; `None` where they can.
    fn obstacle(&self, member: MemberId, duty: Duty) -> Option<PassedOver> {
        let Some(known) = self.standing.members.get(&member).filter(|known| known.active) else {
            return Some(PassedOver::Left);
        };
        let answers = !matches!(duty, Duty::Answering { .. }) || self.standing.may(member, Capability::SendOnBehalf);
        if !self.standing.may(member, Capability::Work) || !answers {
            return Some(PassedOver::NotPermitted);
        }
        if !known.available(self.standing.now) {
            let until = known.absent_until;
            return Some(PassedOver::Away { until });
        }
        let capacity = match duty {
            Duty::Always => return None,
            Duty::Answering { capacity } => capacity,
            Duty::AtWork { .. } if !known.at_work(self.standing.now) => {
                let until = known.at_work_from(self.standing.now);
                return Some(PassedOver::OffHours { until });
            }
            Duty::AtWork { capacity } => capacity,
        };
        let load = self.load(member);
        capacity
            .filter(|capacity| load >= *capacity)
            .map(|capacity| PassedOver::AtCapacity { load, capacity })
    }

    /// To whom the rule names, or who stands in for them.
    pub(super) fn named(&self, to: MemberId, trace: &mut RouteTrace) -> Option<Given> {
        let mut away = Vec::new();
        let given = self.offer(RouteStepKind::Named, to, Duty::Always, trace, &mut away);
        given
            .or_else(|| self.backup(&away, &[], trace))
            .or_else(|| self.on_call(trace))
    }

    /// By a strategy, in the order of assignment.
    pub(super) fn distributed(
        &self,
        rule: RuleId,
        by: DistributeBy,
        pool: &[PoolMember],
        trace: &mut RouteTrace,
    ) -> Option<Given> {
        let mut away = Vec::new();
        if let Some(owner) = self.open_with
            && let Some(given) = self.offer(RouteStepKind::OpenConversation, owner, Duty::Always, trace, &mut away)
        {
            return Some(given);
        }
        // Who owns another conversation of the contact was asked already.
        let account_owner = self.account_owner.filter(|owner| self.open_with != Some(*owner));
        if let Some(owner) = account_owner
            && let Some(given) = self.looking_after(owner, pool, trace, &mut away)
        {
            return Some(given);
        }
        let (kind, order) = self.order(rule, by, pool);
        for one in order {
            let duty = Duty::AtWork { capacity: one.capacity };
            if let Some(given) = self.offer(kind, one.member, duty, trace, &mut away) {
                return Some(given);
            }
        }
        self.backup(&away, pool, trace).or_else(|| self.on_call(trace))
    }

    /// Whoever looks after the contact's company. Who is in the pool, too, has the same limit here.
    fn looking_after(
        &self,
        owner: MemberId,
        pool: &[PoolMember],
        trace: &mut RouteTrace,
        away: &mut Vec<MemberId>,
    ) -> Option<Given> {
        let capacity = limit(pool, owner);
        self.offer(
            RouteStepKind::AccountOwner,
            owner,
            Duty::Answering { capacity },
            trace,
            away,
        )
    }

    /// Whoever looks after the contact's company, or who stands in for them, or is on call: where no rule says whose it is.
    pub(super) fn looked_after(&self, trace: &mut RouteTrace) -> Option<Given> {
        let owner = self.account_owner?;
        let mut away = Vec::new();
        let given = self.looking_after(owner, &[], trace, &mut away);
        given
            .or_else(|| self.backup(&away, &[], trace))
            .or_else(|| self.on_call(trace))
    }

    /// The pool, in the order in which it is asked.
    fn order(&self, rule: RuleId, by: DistributeBy, pool: &[PoolMember]) -> (RouteStepKind, Vec<PoolMember>) {
        let mut order = pool.to_vec();
        match by {
            // Whoever never had one, then whose last one is longest ago: the order of the pool at first, the order of turns ever after.
            DistributeBy::RoundRobin => {
                order.sort_by_key(|one| self.turns.get(&(rule, one.member)).copied().unwrap_or(0));
                (RouteStepKind::Turn, order)
            }
            DistributeBy::LeastLoaded => {
                order.sort_by_key(|one| self.load(one.member));
                (RouteStepKind::Load, order)
            }
        }
    }

    fn offer(
        &self,
        kind: RouteStepKind,
        to: MemberId,
        duty: Duty,
        trace: &mut RouteTrace,
        away: &mut Vec<MemberId>,
    ) -> Option<Given> {
        let passed_over = self.obstacle(to, duty);
        trace.step(RouteStep {
            kind,
            member: Some(to),
            stands_in_for: None,
            passed_over,
        });
        let gone = matches!(
            passed_over,
            Some(PassedOver::Away { .. } | PassedOver::OffHours { .. } | PassedOver::Left)
        );
        if gone && !away.contains(&to) {
            away.push(to);
        }
        passed_over.is_none().then_some(Given {
            to,
            turn: kind == RouteStepKind::Turn,
        })
    }

    /// Whoever stands in for those who are away. Who is in the pool was asked before, and has the same limit here.
    fn backup(&self, away: &[MemberId], pool: &[PoolMember], trace: &mut RouteTrace) -> Option<Given> {
        for absent in away {
            let backup = self.standing.members.get(absent).and_then(|member| member.backup);
            let Some(to) = backup.filter(|to| to != absent) else {
                continue;
            };
            let capacity = limit(pool, to);
            let passed_over = self.obstacle(to, Duty::AtWork { capacity });
            trace.step(RouteStep {
                kind: RouteStepKind::Backup,
                member: Some(to),
                stands_in_for: Some(*absent),
                passed_over,
            });
            if passed_over.is_none() {
                return Some(Given { to, turn: false });
            }
        }
        None
    }

    /// Whoever is on call in this inbox, or who stands in for them while they are away.
    fn on_call(&self, trace: &mut RouteTrace) -> Option<Given> {
        let rota = self.standing.inbox.policy.on_call.as_ref()?;
        let first = on_call(rota, self.standing.now)?;
        let backup = self.standing.members.get(&first).and_then(|member| member.backup);
        let backup = backup.filter(|backup| *backup != first);
        let others = backup
            .into_iter()
            .chain(rota.after(first).filter(|one| Some(*one) != backup));
        let others = others.map(|to| (to, Some(first)));
        for (to, stands_in_for) in std::iter::once((first, None)).chain(others) {
            let passed_over = self.obstacle(to, Duty::Always);
            trace.step(RouteStep {
                kind: RouteStepKind::OnCall,
                member: Some(to),
                stands_in_for,
                passed_over,
            });
            if passed_over.is_none() {
                return Some(Given { to, turn: false });
            }
        }
        None
    }
}

/// With how many open conversations somebody of a pool gets no more.
fn limit(pool: &[PoolMember], member: MemberId) -> Option<u32> {
    let listed = pool.iter().find(|one| one.member == member);
    listed.and_then(|one| one.capacity)
}
