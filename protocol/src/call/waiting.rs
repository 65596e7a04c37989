//! Call waiting: a second call rings, or hears `busy` if a setting says so.

use super::core::{CallCore, Cx};
use super::incoming::tell;
use super::state::Call;
use crate::ids::{CallId, DeviceId};
use crate::limits::{RINGING_MAX, RINGING_OF_ONE_MAX};
use crate::wire::bodies::{Reason, Verdict};

impl CallCore {
    /// It rings, unless too much rings already or we are not to be disturbed in a call.
    pub(super) fn may_ring(&mut self, id: CallId, device: DeviceId, clock_off: bool, cx: &mut Cx<'_>) {
        if self.busy() || self.not_to_be_disturbed(id, device) {
            self.turn_away(id, device, cx);
        } else if self.full_for(id) {
            self.drop_offered(id, cx);
        } else {
            self.ring(id, device, clock_off, cx);
        }
    }

    /// Enough rings here, of all or of whoever calls (CHK-026).
    fn full_for(&self, id: CallId) -> bool {
        let of_offerer = |call: &Call| self.ringing_of(call.facts.offerer) >= RINGING_OF_ONE_MAX;
        self.ringing() >= RINGING_MAX || self.live.get(&id).is_some_and(of_offerer)
    }

    /// We are in a call, and the setting says that a second one doesn't ring.
    fn busy(&self) -> bool {
        self.busy_in_call && self.visible().any(|call| !call.rings())
    }

    /// Nobody here is to be disturbed, at all or by this contact.
    fn not_to_be_disturbed(&mut self, id: CallId, device: DeviceId) -> bool {
        self.quiet || self.peer_mut(id, device).is_some_and(|peer| peer.policy.do_not_disturb)
    }

    /// Says `busy`. Nobody here has seen the call: it was missed.
    fn turn_away(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let Some(call) = self.live.get(&id) else { return };
        let (offerer, started_ms) = (call.facts.offerer, call.facts.started_unix_ms);
        tell(id, device, Verdict::Busy, cx);
        self.note_missed(id, offerer, started_ms, Reason::Busy, cx);
        self.release(id, device, false, cx);
        self.drop_offered(id, cx);
    }
}
