//! Who looks after a customer in the owner's place (O7). The owner stays who they are: this only says who is told.

use crate::{Capability, Clock, Conversation, MemberId, Standing};

impl Standing<'_> {
    /// Whoever stands in for the owner while their customer waits: the owner is away, or off by hours of their own until after the answer is
    /// due. The backup must be here and at work, and may work on it.
    #[must_use]
    pub fn covering(&self, state: &Conversation) -> Option<MemberId> {
        if state.status.is_over() || state.unanswered_since.is_none() {
            return None;
        }
        let owner = self.members.get(&state.owner?)?;
        let at_work = |id: &MemberId| self.members.get(id).is_some_and(|member| member.at_work(self.now));
        let backup = owner.backup.filter(|id| *id != owner.id);
        let backup =
            backup.filter(|id| at_work(id) && self.can_take(*id) && self.may(*id, Capability::SendOnBehalf))?;
        let back = owner.at_work_from(self.now);
        let response = |clock: &&Clock| clock.kind.is_response() && clock.runs();
        let due = state.clocks.iter().find(response).map(|clock| clock.due);
        let in_time = match (back, due) {
            (Some(back), Some(due)) => back < due,
            // Nothing is promised: whoever is off is there again for it; whoever is away for a while is not.
            (Some(_), None) => true,
            (None, _) => false,
        };
        let away = !owner.available(self.now) || (!owner.at_work(self.now) && !in_time);
        away.then_some(backup)
    }
}
