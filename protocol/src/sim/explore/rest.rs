//! What must hold between devices once all is said, and what a call comes to when nothing more goes wrong.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Scene;
use super::state::State;
use super::watch::Broken;
use crate::control::CallState;
use crate::ids::CallId;
use crate::wire::bodies::Reason;

impl Scene {
    /// A rule is unbroken in this state.
    pub(super) fn holds(&self, state: &State, rule: Broken) -> bool {
        let within = state.nodes.iter().all(|node| !node.watch.broken.contains(&rule));
        within
            && match rule {
                Broken::Disagree => self.agree(state) && self.say_the_same(state) && self.know(state),
                Broken::ShownMuteIsNotHeard => self.shown_is_heard(state),
                Broken::CrossingPrompts => self.cross_well(state),
                Broken::HeldIsHeard => self.held_is_silent(state),
                Broken::Hangs => !state.quiet() || self.comes_to_rest(state),
                Broken::OpensWithoutAccept
                | Broken::RingsWithoutConfirm
                | Broken::ConnectsBeforeAccept
                | Broken::EndsTwice
                | Broken::ActsAfterEnd
                | Broken::OutsiderCounts => true,
            }
    }

    /// Who was told how a call ended says what the other one said.
    fn agree(&self, state: &State) -> bool {
        state.nodes.iter().all(|node| {
            node.watch.ended.iter().all(|(first, end)| {
                // What is one call for people has ended as its last one.
                // Own devices are told what another one did, by the caller as by each other.
                let elsewhere = is_elsewhere(end.reason);
                let by = end.by.and_then(|by| (0..state.nodes.len()).find(|n| self.device(*n) == by));
                let call = &node.watch.last_of(*first);
                let said_of = |call: CallId| {
                    by.and_then(|n| state.nodes[n].watch.ended.get(&state.nodes[n].watch.first_of(call)))
                };
                // Whoever ended it may have been in the first of them alone: the last one was never taken.
                let said = said_of(*call).or_else(|| said_of(*first));
                // Who hangs up a call that crosses another one hangs up both; that one was never shown there.
                let unseen = self.crossing && said.is_none() && end.reason == Reason::Declined;
                let gave_way = by.is_some_and(|n| state.nodes[n].watch.gave_way.contains(call));
                let unseen = unseen || (gave_way && end.reason == Reason::Cancelled);
                // What was taken over and never joined there has its line where it was.
                let taken = |n: usize| state.nodes[n].watch.handed.contains(call);
                let unseen = unseen || (said.is_none() && by.is_some_and(taken));
                elsewhere || unseen || end.by.is_none() || said.is_some_and(|said| said.reason == end.reason)
            })
        })
    }

    /// Where nothing was lost and no time has passed, both sides have the same of a call once all has arrived, also where
    /// both ended it: why it is over, and whether it was accepted. Of several devices of one account those that don't
    /// have it say that another one took or refused it.
    fn say_the_same(&self, state: &State) -> bool {
        if !state.quiet() || state.spoiled {
            return true;
        }
        let ends = |n: usize| state.nodes[n].watch.ended.iter();
        (0..state.nodes.len()).all(|n| {
            ends(n).filter(|(_, end)| !is_elsewhere(end.reason)).all(|(first, end)| {
                let call = state.nodes[n].watch.last_of(*first);
                let said = |m: usize| state.nodes[m].watch.ended.get(&state.nodes[m].watch.first_of(call));
                let others = (0..state.nodes.len()).filter(|m| *m != n).filter_map(said);
                let mut others = others.filter(|other| !is_elsewhere(other.reason));
                others.all(|other| (other.reason, other.accepted) == (end.reason, end.accepted))
            })
        })
    }

    /// Where nothing was lost and no time has passed, everybody knows once all has arrived: the call is over for the
    /// caller and for all it rang at, or it is on, and over only where a person refused it or another device answered.
    fn know(&self, state: &State) -> bool {
        if !state.quiet() || state.spoiled {
            return true;
        }
        if self.alone() {
            return self.live_calls(state).values().all(|states| states.len() == 2);
        }
        let live = |n: usize| state.nodes[n].calls.iter().any(|(_, info)| info.state != CallState::Ended);
        let settled = |n: usize| {
            let mut ends = state.nodes[n].watch.ended.values();
            ends.all(|end| end.reason == Reason::AnsweredElsewhere || end.by.is_none())
        };
        // One of them at least has it.
        let on = live(0) && (1..state.nodes.len()).any(live);
        (1..state.nodes.len()).all(|n| if live(0) { on && (live(n) || settled(n)) } else { !live(n) })
    }

    /// The core shows what it told the sound devices; the other side shows the same, once all has arrived.
    fn shown_is_heard(&self, state: &State) -> bool {
        if state.nodes.iter().any(|node| node.core.muted() != node.watch.muted) {
            return false;
        }
        if !state.quiet() || state.spoiled {
            return true;
        }
        (0..state.nodes.len()).all(|n| {
            state.nodes[n].calls.iter().filter(|(_, info)| info.state == CallState::Active).all(|(_, info)| {
                info.participants.iter().all(|participant| {
                    let of = |other: &usize| self.device(*other).text() == participant.device;
                    let other = (0..state.nodes.len()).find(of);
                    other.is_some_and(|other| state.nodes[other].watch.muted == participant.muted)
                })
            })
        })
    }

    /// If from now on nobody does anything and nothing goes wrong, every call is on at both ends or over at both, and
    /// nothing rings, dials or connects any more.
    fn comes_to_rest(&self, state: &State) -> bool {
        let mut state = state.clone();
        for _ in 0..4 {
            self.pass(&mut state, 61_000);
            self.deliver_all(&mut state);
        }
        let written = state.nodes.iter().all(|node| node.core.drained() || node.core.live_calls() > 0);
        if self.alone() {
            return written && self.live_calls(&state).values().all(|states| rest(states));
        }
        let live: Vec<usize> = (0..state.nodes.len())
            .filter(|n| state.nodes[*n].calls.iter().any(|(_, info)| info.state != CallState::Ended))
            .collect();
        let talking = |n: &usize| state.nodes[*n].calls.iter().any(|(_, info)| info.state == CallState::Active);
        written && (live.is_empty() || (live.len() == 2 && live.iter().all(talking)))
    }

    /// Every account has one device.
    fn alone(&self) -> bool {
        self.accounts.iter().collect::<BTreeSet<_>>().len() == self.accounts.len()
    }

    /// Calls that are not over, with their state at each device that has them.
    fn live_calls(&self, state: &State) -> BTreeMap<CallId, Vec<CallState>> {
        let mut live: BTreeMap<CallId, Vec<CallState>> = BTreeMap::new();
        for (id, info) in state.nodes.iter().flat_map(|node| &node.calls) {
            if info.state != CallState::Ended {
                live.entry(*id).or_default().push(info.state);
            }
        }
        live
    }

    /// Who called each other have one call and were asked nothing, once all has arrived and unless a person intervened.
    fn cross_well(&self, state: &State) -> bool {
        if !self.crossing || !state.quiet() || state.spoiled || state.acted != 0 {
            return true;
        }
        let talk = if self.links { CallState::Active } else { CallState::Connecting };
        let live = self.live_calls(state);
        live.len() == 1
            && live.values().all(|states| *states == [talk, talk])
            && state.nodes.iter().all(|node| node.watch.rang.is_empty())
    }

    /// Where all has arrived, a hold is shown at the other end, and sound is let out and in where neither holds.
    fn held_is_silent(&self, state: &State) -> bool {
        if !self.talking || self.waiting || !self.alone() || !state.quiet() || state.spoiled {
            return true;
        }
        let live = self.live_calls(state);
        let Some(states) = live.values().next() else { return true };
        let both = states.iter().all(|state| *state == CallState::Active);
        let shown = (0..2).all(|n| {
            let others = state.nodes[n].calls.iter().flat_map(|(_, info)| &info.participants);
            others.into_iter().all(|other| other.held == (states.get(1 - n) == Some(&CallState::Held)))
        });
        shown && state.ends.values().all(|end| end.send == both && end.play == both)
    }

    /// All arrives that is on its way, pairs first.
    pub(super) fn deliver_all(&self, state: &mut State) {
        for _ in 0..1_000 {
            if let Some(pair) = state.pairs.keys().next().copied() {
                let queue = state.pairs.get_mut(&pair).map(|queue| queue.remove(0));
                state.tidy();
                if let Some(flying) = queue {
                    self.arrive(state, &flying);
                }
            } else if let Some(flying) = state.loose.pop() {
                self.arrive(state, &flying);
            } else {
                return;
            }
            state.tidy();
        }
    }
}

/// Another device of the account took it, or refused it.
fn is_elsewhere(reason: Reason) -> bool {
    matches!(reason, Reason::AnsweredElsewhere | Reason::DeclinedElsewhere)
}

/// Both ends have it and nothing is waited for: it is on or held.
fn rest(states: &[CallState]) -> bool {
    let rests = |state: &CallState| match state {
        CallState::Active | CallState::Held => true,
        CallState::Connecting
        | CallState::Dialing
        | CallState::Ringing
        | CallState::Incoming
        | CallState::Reconnecting
        | CallState::Ending
        | CallState::Ended => false,
    };
    states.len() == 2 && states.iter().all(rests)
}
