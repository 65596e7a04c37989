//! What is to be heard while a call is not answered: it rings here, or it rings there. Follows from what frontends are
//! told, so that both always agree.

use std::collections::BTreeMap;

use ahoy_media::host_media::api::Ringing;
use ahoy_protocol::control::{CallState, Direction, EventKind};

/// The calls that ring now: as many as the core lets ring.
#[derive(Debug, Default)]
pub(super) struct Ringings {
    calls: BTreeMap<String, Ringing>,
    told: Option<Ringing>,
}

impl Ringings {
    /// An event; what is to be heard from now on, if that changes. A call that comes in is louder than one that goes out.
    pub(super) fn see(&mut self, kind: &EventKind) -> Option<Option<Ringing>> {
        let EventKind::CallState { call, state, direction, .. } = kind else { return None };
        match ringing(*state, *direction) {
            Some(ringing) => self.calls.insert(call.clone(), ringing),
            None => self.calls.remove(call),
        };
        let here = self.calls.values().any(|ringing| *ringing == Ringing::Here);
        let wanted = if here { Some(Ringing::Here) } else { self.calls.values().next().copied() };
        (std::mem::replace(&mut self.told, wanted) != wanted).then_some(wanted)
    }
}

fn ringing(state: CallState, direction: Direction) -> Option<Ringing> {
    match (state, direction) {
        (CallState::Incoming, Direction::In) => Some(Ringing::Here),
        (CallState::Ringing, Direction::Out) => Some(Ringing::There),
        (
            CallState::Dialing
            | CallState::Ringing
            | CallState::Incoming
            | CallState::Connecting
            | CallState::Active
            | CallState::Held
            | CallState::Reconnecting
            | CallState::Ending
            | CallState::Ended,
            Direction::In | Direction::Out,
        ) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(call: &str, state: CallState, direction: Direction) -> EventKind {
        EventKind::CallState {
            call: call.into(),
            state,
            direction,
            reason: None,
            cause: None,
            device: None,
            client: None,
            continues_as: None,
        }
    }

    #[test]
    fn it_rings_here_until_somebody_answers_anywhere_and_there_until_somebody_does_there() {
        for end in [CallState::Connecting, CallState::Ended, CallState::Ending] {
            let mut ringings = Ringings::default();
            let mut see = |state, direction| ringings.see(&told("a", state, direction));
            assert_eq!(see(CallState::Incoming, Direction::In), Some(Some(Ringing::Here)));
            assert_eq!(see(CallState::Incoming, Direction::In), None, "said once");
            assert_eq!(see(end, Direction::In), Some(None));
            assert_eq!(see(CallState::Dialing, Direction::Out), None, "nothing rings yet");
            assert_eq!(see(CallState::Ringing, Direction::Out), Some(Some(Ringing::There)));
            assert_eq!(see(end, Direction::Out), Some(None));
        }
    }

    #[test]
    fn of_several_calls_the_one_that_comes_in_is_heard_and_each_until_its_own_end() {
        let mut ringings = Ringings::default();
        let mut see = |call, state, direction| ringings.see(&told(call, state, direction));
        assert_eq!(see("out", CallState::Ringing, Direction::Out), Some(Some(Ringing::There)));
        assert_eq!(see("in", CallState::Incoming, Direction::In), Some(Some(Ringing::Here)));
        assert_eq!(see("second", CallState::Incoming, Direction::In), None);
        assert_eq!(see("in", CallState::Ended, Direction::In), None, "another one rings on");
        assert_eq!(see("second", CallState::Ended, Direction::In), Some(Some(Ringing::There)));
        assert_eq!(see("out", CallState::Active, Direction::Out), Some(None));
    }
}
