//! Settings that change while we run.

use super::effect::{StoreCommand, Table};
use super::ledger::ContactRate;
use super::step::Step;
use super::{Core, SessionTimes};
use crate::control::{ControlError, DoneReply, EventKind, PresenceState, Reply, Setting};

impl Core {
    /// A setting has changed: it is used from now on, and every frontend hears of it.
    pub(super) fn configure(
        &mut self,
        key: String,
        setting: Setting,
        step: &mut Step<'_>,
    ) -> Result<Reply, ControlError> {
        match setting {
            Setting::Name(name) => self.rename_ourselves(&name, step),
            Setting::DoNotDisturb(on) => {
                let state = if on { PresenceState::DoNotDisturb } else { PresenceState::Available };
                self.set_presence(state, step)?;
            }
            Setting::BusyInCall(on) => self.calls.set_busy_in_call(on),
            Setting::Recording(policy) => self.calls.set_record_policy(policy),
            Setting::CallsAMinute(calls) => self.ledger.set_contact_rate(ContactRate(calls)),
            Setting::Times(times) => {
                self.reach_ms = times.reach_ms;
                self.session.times = SessionTimes { reach_ms: times.reach_ms, confirm_ms: times.confirm_ms };
                self.calls.set_times(times);
            }
            Setting::Later => {}
        }
        step.event(EventKind::ConfigChanged { key, client: step.client.clone() });
        Ok(Reply::Done(DoneReply { call: None }))
    }

    /// Our cards have this name from now on.
    fn rename_ourselves(&mut self, name: &str, step: &mut Step<'_>) {
        if self.own.rename(name) {
            step.store(StoreCommand::Put { table: Table::Account, key: Vec::new(), value: self.own.row() });
        }
    }
}
