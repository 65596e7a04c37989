//! What may happen next.

use crate::control::InCall;

use super::model::{Call, Model, PEOPLE, Place, Stage, Step, Taken, path};

/// How long two who called each other have to sort it out, ms: the second that the higher call waits, and some.
pub(super) const SORTED_MS: u64 = 1_511;

/// How long a device that nobody answers at is asked to take a call over, ms: it rings there for 20 s.
pub(super) const ASKED_MS: u64 = 20_503;

/// Times that pass, ms; no sum of a few is a deadline.
const MOMENTS_MS: [u64; 4] = [307, 307, 307, 1_511];
const WHILES_MS: [u64; 3] = [3_019, 8_053, 50_021];

impl Call {
    /// Nobody has it, and nobody is still to be told.
    fn done(&self) -> bool {
        !self.lives(0) && !self.lives(1) && (self.stage == Stage::Known || self.ends[0].place == Place::Gone)
    }

    /// It is on at both ends, and was never heard.
    fn silent(&self) -> bool {
        self.ends.iter().any(|end| end.place == Place::In && !end.worked)
    }
}

impl Model {
    /// Everything that may happen, the likelier ones more than once, the simpler ones first.
    pub(super) fn possible(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(call) = self.calls.iter().find(|call| call.hazy) {
            let [a, b] = call.who;
            steps.extend([Step::Settle(a, b), Step::Settle(b, a)]);
            steps.extend(self.blocked.iter().map(|(a, b)| Step::Release(*a, *b)));
            steps.extend((self.patience_ms > SORTED_MS).then_some(Step::Pass(MOMENTS_MS[0])));
            return steps;
        }
        self.time(&mut steps);
        for a in 0..PEOPLE {
            steps.extend([Step::Mute(a, false), Step::Mute(a, true), Step::Stray(a)]);
            steps.extend(self.may_restart(a).then_some(Step::Restart(a)));
            for b in (0..PEOPLE).filter(|b| *b != a) {
                self.network(a, b, &mut steps);
                self.people(a, b, &mut steps);
            }
        }
        steps
    }

    fn time(&self, steps: &mut Vec<Step>) {
        let waits = |call: &Call| call.ends.iter().any(|end| end.place == Place::Waits);
        let lost = |call: &Call| call.gone_ms.is_some() && (call.lives(0) || call.lives(1));
        let long = self.calls.iter().any(|call| waits(call) || lost(call));
        let enough = |ms: &u64| self.blocked.is_empty() || *ms < self.patience_ms;
        steps.extend(MOMENTS_MS.into_iter().filter(enough).map(Step::Pass));
        steps.extend(WHILES_MS.into_iter().filter(|ms| long && enough(ms)).map(Step::Pass));
    }

    fn of_pair(&self, a: usize, b: usize) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(move |call| call.is_of(a, b))
    }

    fn network(&self, a: usize, b: usize, steps: &mut Vec<Step>) {
        let broken = self.broken.contains(&path(a, b));
        if self.blocked.contains(&(a, b)) {
            steps.extend([Step::Release(a, b), Step::Release(a, b)]);
        } else if !broken && self.blocked.len() < 2 && self.patience_ms > SORTED_MS {
            steps.push(Step::Block(a, b));
        }
        if a > b {
            return;
        }
        if broken {
            steps.extend([Step::Mend(a, b), Step::Mend(a, b)]);
        } else if self.open(a, b) && self.open(b, a) && self.of_pair(a, b).all(|call| !call.silent() && whole(call)) {
            steps.push(Step::Break(a, b));
        }
    }

    fn may_restart(&self, who: usize) -> bool {
        let others = || (0..PEOPLE).filter(|other| *other != who);
        let near = others().all(|other| self.open(who, other) && self.open(other, who));
        near && others().all(|other| self.of_pair(who, other).all(|call| !call.silent() && whole(call)))
    }

    /// The other device of the first has no call with the second, and nothing keeps any of them from hearing the others.
    fn may_hand_over(&self, a: usize, b: usize) -> bool {
        let (Some(twin), Some(call)) = (self.twin(a), self.call_of(a, b).map(|at| &self.calls[at])) else {
            return false;
        };
        let on = call.ends.iter().all(|end| end.place == Place::In && end.worked) && call.gone_ms.is_none();
        on && self.blocked.is_empty() && self.broken.is_empty() && self.of_pair(twin, b).all(Call::done)
    }

    /// Whoever has a call with one device of a person is not called by the other one, or is told so at once.
    fn with_the_other_device(&self, a: usize, b: usize, steps: &mut Vec<Step>) -> bool {
        let twins = [self.twin(a).map(|twin| (twin, b)), self.twin(b).map(|twin| (a, twin))];
        let busy = |(x, y): (usize, usize)| !self.of_pair(x, y).all(Call::done);
        let other = twins.into_iter().flatten().any(busy);
        let told = self.twin(a).is_some_and(|twin| self.may_hand_over(twin, b));
        steps.extend(told.then_some(Step::Offer(a, b)));
        other
    }

    fn people(&self, a: usize, b: usize, steps: &mut Vec<Step>) {
        if self.twins && a != 1 && b != 1 || self.with_the_other_device(a, b, steps) {
            return;
        }
        if self.may_hand_over(a, b) {
            let ways = [Taken::Accepted, Taken::Accepted, Taken::Declined, Taken::Left];
            steps.extend(ways.map(|taken| Step::HandOver(a, b, taken)));
        }
        let likely = self.call_of(a, b).map(|at| &self.calls[at]).filter(|call| call.lives(call.end_of(a)));
        let there = self.open(a, b) && self.open(b, a);
        let idle = self.of_pair(a, b).all(Call::done);
        if idle || self.may_cross(a, b) || self.may_recall(a, b) {
            steps.extend(vec![Step::Offer(a, b); 3]);
        }
        steps.extend((idle && !self.broken.contains(&path(a, b))).then_some(Step::Both(a, b)));
        let Some(call) = likely else {
            // It makes no sense, and is answered so.
            steps.extend((a < b).then_some(Step::HangUp(a, b)));
            return;
        };
        let rings = call.end_of(a) == 1 && call.ends[1].place == Place::Waits;
        if rings && call.gone_ms.is_none() && !self.broken.contains(&path(a, b)) {
            let modes = [InCall::Hold, InCall::End, InCall::Refuse];
            steps.extend(modes.map(|mode| Step::Accept(a, b, mode)));
            steps.extend((0..3).map(|_| Step::Accept(a, b, InCall::Hold)));
            steps.push(Step::Offer(a, b));
        }
        steps.extend([Step::HangUp(a, b), Step::Decline(a, b)]);
        steps.extend(self.already(a, b).then_some(Step::Offer(a, b)));
        if call.ends[call.end_of(a)].place == Place::In {
            steps.extend([Step::Hold(a, b), Step::Resume(a, b), Step::Accept(a, b, InCall::End)]);
            steps.extend(there.then_some(Step::Mute(a, true)));
        }
    }

    /// The other has called, and nothing of it is known here.
    fn may_cross(&self, a: usize, b: usize) -> bool {
        let Some(call) = self.call_of(a, b).map(|at| &self.calls[at]) else { return false };
        let unknown = call.who == [b, a] && call.ends[1].place == Place::Unseen && call.stage < Stage::Rings;
        let alone = self.of_pair(a, b).filter(|call| !call.done()).count() == 1;
        alone && unknown && call.ends[0].place == Place::Waits && !self.broken.contains(&path(a, b))
    }

    /// They lost us in a call.
    fn may_recall(&self, a: usize, b: usize) -> bool {
        let Some(call) = self.call_of(a, b).map(|at| &self.calls[at]) else { return false };
        let (mine, theirs) = (call.ends[call.end_of(a)].place, call.ends[call.end_of(b)].place);
        let alone = self.of_pair(a, b).filter(|call| !call.done()).count() == 1;
        alone && mine == Place::Gone && theirs == Place::In && self.open(a, b) && self.open(b, a)
    }
}

/// Both ends say the same of it, or nobody has it.
fn whole(call: &Call) -> bool {
    call.done() || (call.gone_ms.is_none() && call.ends[0].place == call.ends[1].place && call.stage == Stage::Known)
}
