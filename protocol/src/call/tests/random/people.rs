//! What people do, and what they are answered.

use super::model::{Call, Model, Place, Stage, Taken};
use crate::control::{ErrorKind, InCall};

impl Model {
    /// What of it a person may do: the call, and that it lives here, or why not.
    fn mine(&self, who: usize, other: usize) -> Result<(usize, usize), ErrorKind> {
        let Some(mut at) = self.call_of(who, other) else { return Err(ErrorKind::NoSuchCall) };
        // Its old name means the call that went on.
        while let Some((_, next)) = self.calls[at].went_on.filter(|(whose, _)| *whose == who) {
            at = next;
        }
        let end = self.calls[at].end_of(who);
        match self.calls[at].ends[end].place {
            Place::Waits | Place::In => Ok((at, end)),
            Place::Over(..) => Err(ErrorKind::WrongState),
            Place::Unseen | Place::Gone => Err(ErrorKind::NoSuchCall),
        }
    }

    /// With one person there is one call.
    pub(super) fn already(&self, a: usize, b: usize) -> bool {
        let Some(call) = self.call_of(a, b).map(|at| &self.calls[at]) else { return false };
        let end = call.end_of(a);
        match call.ends[end].place {
            // Who has left without a word is lost some time later, and may be called then.
            Place::In => call.gone_ms.is_none() && call.ends[1 - end].place == Place::In,
            Place::Waits => end == 0,
            Place::Unseen | Place::Over(..) | Place::Gone => false,
        }
    }

    /// Another device of the same person is in a call with them: they say so, and nothing rings.
    fn refused(&mut self, a: usize, b: usize) -> bool {
        let Some(other) = self.twin(a).and_then(|twin| self.call_of(twin, b)) else { return false };
        if !self.calls[other].ends.iter().all(|end| end.place == Place::In) {
            return false;
        }
        self.dial(a, b);
        let at = self.calls.len() - 1;
        self.calls[at].missed = true;
        self.calls[at].stage = Stage::Known;
        self.over(at, 0, "answered_elsewhere", false);
        true
    }

    pub(super) fn offer(&mut self, a: usize, b: usize) {
        if self.refused(a, b) {
            return;
        }
        if self.already(a, b) {
            self.answer = Some(Err(ErrorKind::AlreadyInCall));
            return;
        }
        let others = self.call_of(a, b).filter(|at| {
            let call = &self.calls[*at];
            call.lives(0) || call.lives(1)
        });
        let Some(at) = others else {
            self.dial(a, b);
            return;
        };
        let call = &self.calls[at];
        let (mine, theirs) = (call.ends[call.end_of(a)].place, call.ends[call.end_of(b)].place);
        match (mine, theirs) {
            // Theirs rings here: it is answered.
            (Place::Waits, _) => {
                self.take_focus(at, call.end_of(a), false);
                self.join(at, self.calls[at].end_of(a));
            }
            // They lost us, or we them: taken back.
            (Place::Gone, Place::In) => self.recall(at, a, b),
            // Theirs is on its way.
            _ => self.cross(a, b),
        }
    }

    fn dial(&mut self, a: usize, b: usize) {
        self.calls.push(Call::new([a, b], self.now_ms));
        self.take_focus(self.calls.len() - 1, 0, false);
    }

    /// Two call each other: one call, and nobody is asked.
    pub(super) fn cross(&mut self, a: usize, b: usize) {
        let hazy = !self.open(a, b) || !self.open(b, a);
        let under_way = self.call_of(a, b).filter(|at| self.calls[*at].lives(0) && !self.calls[*at].crossed);
        let at = under_way.unwrap_or_else(|| {
            self.dial(a, b);
            self.calls.len() - 1
        });
        self.calls[at].crossed = true;
        self.calls[at].hazy = hazy;
        let late = usize::from(self.calls[at].who[0] == if under_way.is_some() { b } else { a });
        self.take_focus(at, late, false);
        self.calls[at].ends[late].place = Place::Waits;
        if !hazy {
            self.both_join(at);
        }
    }

    fn both_join(&mut self, at: usize) {
        let call = &mut self.calls[at];
        (call.stage, call.hazy, call.described, call.linked) = (Stage::Known, false, true, true);
        for end in 0..2 {
            self.join(at, end);
        }
    }

    fn recall(&mut self, old: usize, a: usize, b: usize) {
        self.dial(a, b);
        let new = self.calls.len() - 1;
        let before = self.people[b].focus;
        self.both_join(new);
        // Who held it holds it still.
        self.people[b].focus = before;
        let end = self.calls[old].end_of(b);
        self.calls[new].ends[1].displaced = self.calls[old].ends[end].displaced.take();
        for call in &mut self.calls {
            let here = if call.who[0] == b { 0 } else { 1 };
            if let Some(displaced) = call.ends[here].displaced.as_mut().filter(|(of, _)| *of == old) {
                displaced.0 = new;
            }
        }
        if self.people[b].focus == Some(old) {
            self.people[b].focus = Some(new);
        } else {
            self.calls[new].ends[1].displaced = None;
        }
        self.over(old, end, "lost", true);
        // For people it goes on: the new one has the line of both, and the old name means it.
        self.people[b].lines -= 1;
        self.calls[old].went_on = Some((b, new));
    }

    pub(super) fn sort_out(&mut self, a: usize, b: usize) {
        self.blocked.remove(&(a, b));
        self.blocked.remove(&(b, a));
        for at in 0..self.calls.len() {
            if self.calls[at].hazy && self.calls[at].is_of(a, b) {
                self.both_join(at);
            }
        }
        self.spread();
        self.pass(super::steps::SORTED_MS);
    }

    pub(super) fn accept(&mut self, who: usize, other: usize, mode: InCall) -> Result<(), ErrorKind> {
        let (at, end) = self.mine(who, other)?;
        let place = self.calls[at].ends[end].place;
        let rings = place == Place::Waits && end == 1;
        let waits = place == Place::In && !self.focused(at, end);
        if !rings && !waits {
            return Err(ErrorKind::WrongState);
        }
        if mode == InCall::Refuse && self.people[who].focus.is_some_and(|focus| focus != at) {
            return Err(ErrorKind::InCall);
        }
        self.take_focus(at, end, mode == InCall::End);
        if rings {
            self.join(at, end);
        } else if self.calls[at].ends[end].worked {
            self.works(at, end);
        }
        Ok(())
    }

    pub(super) fn decline(&mut self, who: usize, other: usize) -> Result<(), ErrorKind> {
        let (at, end) = self.mine(who, other)?;
        if self.calls[at].ends[end].place != Place::Waits || end == 0 {
            return Err(ErrorKind::WrongState);
        }
        self.over(at, end, "declined", true);
        Ok(())
    }

    pub(super) fn hang_up(&mut self, who: usize, other: usize) -> Result<(), ErrorKind> {
        let (at, end) = self.mine(who, other)?;
        match self.calls[at].ends[end].place {
            Place::In => self.over(at, end, "hung_up", true),
            Place::Waits if end == 0 => self.over(at, end, "cancelled", true),
            Place::Waits | Place::Unseen | Place::Over(..) | Place::Gone => return Err(ErrorKind::WrongState),
        }
        Ok(())
    }

    pub(super) fn hold(&mut self, who: usize, other: usize) -> Result<(), ErrorKind> {
        let (at, end) = self.mine(who, other)?;
        if self.calls[at].ends[end].place != Place::In || !self.focused(at, end) {
            return Err(ErrorKind::WrongState);
        }
        self.people[who].focus = None;
        Ok(())
    }

    pub(super) fn resume(&mut self, who: usize, other: usize) -> Result<(), ErrorKind> {
        let (at, end) = self.mine(who, other)?;
        if self.calls[at].ends[end].place != Place::In || self.focused(at, end) {
            return Err(ErrorKind::WrongState);
        }
        self.take_focus(at, end, false);
        if self.calls[at].ends[end].worked {
            self.works(at, end);
        }
        Ok(())
    }

    /// The other device of the same person.
    pub(super) fn twin(&self, who: usize) -> Option<usize> {
        (self.twins && who != 1).then_some(2 - who)
    }

    /// The call goes to the other device, or stays where it is. For people at its other end it is one call.
    pub(super) fn hand_over(&mut self, a: usize, b: usize, taken: Taken) -> Result<(), ErrorKind> {
        let (old, end) = self.mine(a, b)?;
        let Some(twin) = self.twin(a) else { return Err(ErrorKind::NoSuchDevice) };
        self.people[twin].rang += 1;
        match taken {
            Taken::Accepted => {}
            Taken::Declined => return Ok(()),
            Taken::Left => {
                self.pass(super::steps::ASKED_MS);
                return Ok(());
            }
        }
        let held = self.people[b].focus != Some(old);
        self.people[twin].muted = self.people[a].muted;
        self.dial(twin, b);
        let new = self.calls.len() - 1;
        self.both_join(new);
        self.over(old, end, "answered_elsewhere", false);
        self.over(old, 1 - end, "answered_elsewhere", false);
        self.calls[old].went_on = Some((b, new));
        self.people[b].lines -= 1;
        self.people[b].focus = (!held).then_some(new);
        self.calls[new].ends[1].displaced = None;
        // Where either holds, the link alone shows that it works; the rest is told as of any call.
        Ok(())
    }

    pub(super) fn mute(&mut self, who: usize, muted: bool) -> Result<(), ErrorKind> {
        if !self.has_calls(who) {
            return Err(ErrorKind::NoSuchCall);
        }
        self.people[who].muted = muted;
        Ok(())
    }
}
