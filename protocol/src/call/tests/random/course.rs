//! How calls run on by themselves: what becomes known, who takes the microphone, what time does.

use super::model::{Model, Place, Stage, path};

/// A caller gives up, ms.
const CALLER_MS: u64 = 60_000;
/// Ringing stops, ms.
const RINGING_MS: u64 = 45_000;
/// An offer without a word after it was missed, ms; and who is gone while it rings is given up.
const WORD_MS: u64 = 5_000;
/// So long after the end the other's last word still counts, ms.
const LAST_WORDS_MS: u64 = 5_000;
/// Who is gone in a call is given up, ms.
const LOST_MS: u64 = 60_000;

/// What time brings about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// The end of a call, at this end.
    Over(usize, &'static str),
    /// It is told as missed, though it may ring yet.
    Missed,
}

impl Model {
    /// The call gets the microphone; who had it waits, or ends once this one works.
    pub(super) fn take_focus(&mut self, at: usize, end: usize, ends: bool) {
        let who = self.calls[at].who[end];
        let before = self.people[who].focus.filter(|focus| *focus != at);
        self.calls[at].ends[end].displaced = before.map(|before| (before, ends));
        self.people[who].focus = Some(at);
    }

    /// It was accepted, here or there.
    pub(super) fn join(&mut self, at: usize, end: usize) {
        self.calls[at].ends[end].place = Place::In;
        let who = self.calls[at].who[end];
        if self.people[who].focus.is_none() {
            self.people[who].focus = Some(at);
            self.calls[at].ends[end].displaced = None;
        }
    }

    /// The other is heard: what was displaced is let go.
    pub(super) fn works(&mut self, at: usize, end: usize) {
        self.calls[at].ends[end].worked = true;
        let Some((before, true)) = self.calls[at].ends[end].displaced.take() else { return };
        let here = self.calls[before].end_of(self.calls[at].who[end]);
        match self.calls[before].ends[here].place {
            Place::In => self.over(before, here, "hung_up", true),
            Place::Waits if here == 0 => self.over(before, here, "cancelled", true),
            Place::Waits | Place::Unseen | Place::Over(..) | Place::Gone => {}
        }
    }

    /// It ends at this end.
    pub(super) fn over(&mut self, at: usize, end: usize, reason: &'static str, own: bool) {
        let who = self.calls[at].who[end];
        let waited = self.calls[at].ends[end].place == Place::Waits;
        self.calls[at].ends[end].place = Place::Over(reason, own);
        (self.calls[at].ends[end].over_ms, self.calls[at].ends[end].told) = (self.now_ms, !own);
        assert_eq!(self.reasons.insert((at, end), reason), None, "a call ends once");
        self.people[who].lines += 1;
        let leaves = matches!(reason, "cancelled" | "no_answer" | "lost");
        if end == 1 && waited && leaves && !std::mem::replace(&mut self.calls[at].missed, true) {
            self.people[who].missed += 1;
        }
        if self.people[who].focus == Some(at) {
            let back = self.calls[at].ends[end].displaced.map(|(before, _)| before);
            self.people[who].focus = back.filter(|before| {
                let call = &self.calls[*before];
                call.lives(call.end_of(who))
            });
        }
    }

    /// It is told as missed, without having rung.
    fn miss(&mut self, at: usize) {
        if !std::mem::replace(&mut self.calls[at].missed, true) {
            let who = &mut self.people[self.calls[at].who[1]];
            who.missed += 1;
            who.lines += 1;
        }
    }

    /// All that can become known does.
    pub(super) fn spread(&mut self) {
        loop {
            let before = (self.calls.clone(), self.people.clone());
            for at in 0..self.calls.len() {
                if !self.calls[at].hazy {
                    self.ring(at);
                    self.end(at);
                    self.amend(at);
                    self.link(at);
                    self.show(at);
                    self.hear(at);
                }
            }
            if (&before.0, &before.1) == (&self.calls, &self.people) {
                break;
            }
        }
        for who in 0..self.people.len() {
            if !self.has_calls(who) {
                self.people[who].muted = false;
            }
        }
    }

    /// Offer, answer, confirm and the word that it rings.
    fn ring(&mut self, at: usize) {
        let [a, b] = self.calls[at].who;
        let (there, back) = (self.open(a, b), self.open(b, a));
        let now_ms = self.now_ms;
        let call = &mut self.calls[at];
        let wants = call.ends[0].place == Place::Waits;
        match call.stage {
            Stage::Offered if there && wants => (call.stage, call.there_ms) = (Stage::There, now_ms),
            Stage::There if back && wants => call.stage = Stage::Answered,
            // Withdrawn before it was confirmed: nobody has seen it.
            Stage::Offered | Stage::There if there && !wants => {
                call.stage = Stage::Known;
                self.miss(at);
            }
            // What was said before the end comes before it.
            Stage::Answered if there => {
                (call.stage, call.rang_ms) = (Stage::Rings, now_ms);
                call.ends[1].place = Place::Waits;
                self.people[b].rang += 1;
            }
            Stage::Rings if back => call.stage = Stage::Known,
            Stage::Offered | Stage::There | Stage::Answered | Stage::Rings | Stage::Known => {}
        }
    }

    /// The accept, and every end, are told.
    fn end(&mut self, at: usize) {
        let who = self.calls[at].who;
        for (end, other) in [(0, 1), (1, 0)] {
            if !self.open(who[other], who[end]) || !self.calls[at].lives(end) {
                continue;
            }
            match self.calls[at].ends[other].place {
                Place::Over(reason, true) => self.over(at, end, reason, false),
                Place::In if self.calls[at].ends[end].place == Place::Waits => self.join(at, end),
                Place::In | Place::Waits | Place::Unseen | Place::Gone | Place::Over(_, false) => {}
            }
        }
    }

    /// Both have ended it before either was told: the word of whoever offered it counts.
    fn amend(&mut self, at: usize) {
        let call = &self.calls[at];
        let [Place::Over(word, _), Place::Over(was, own)] = call.ends.each_ref().map(|end| end.place) else { return };
        for (end, other) in [(0, 1), (1, 0)] {
            let in_time = self.now_ms <= self.calls[at].ends[end].over_ms + LAST_WORDS_MS;
            let heard = self.open(self.calls[at].who[other], self.calls[at].who[end]) && in_time;
            if !heard || std::mem::replace(&mut self.calls[at].ends[end].told, true) || was == word {
                continue;
            }
            if self.calls[at].crossed {
                self.calls[at].either = true;
            } else if end == 1 && own {
                self.calls[at].ends[1].place = Place::Over(word, false);
            }
        }
    }

    /// The lower device describes the link, the other answers; before accept only where that is allowed.
    fn link(&mut self, at: usize) {
        let call = &self.calls[at];
        if !call.lives(0) || !call.lives(1) {
            return;
        }
        let opener = usize::from(call.who[1] < call.who[0]);
        let may = |end: usize| self.early || call.ends[end].place == Place::In;
        let (to, from) = (call.who[1 - opener], call.who[opener]);
        let described = call.described || (may(opener) && self.open(from, to));
        let linked = call.linked || (described && may(1 - opener) && self.open(to, from));
        (self.calls[at].described, self.calls[at].linked) = (described, linked);
    }

    /// Whether the other is muted or holds the call.
    fn show(&mut self, at: usize) {
        let who = self.calls[at].who;
        for (end, other) in [(0, 1), (1, 0)] {
            let both = self.calls[at].ends.iter().all(|end| end.place == Place::In);
            if both && self.open(who[other], who[end]) {
                self.calls[at].ends[end].shown = (self.people[who[other]].muted, !self.focused(at, other));
            }
        }
    }

    /// Sound flows where both let it.
    fn hear(&mut self, at: usize) {
        let call = &self.calls[at];
        if !call.linked || call.gone_ms.is_some() || !(0..2).all(|end| self.sounds(at, end)) {
            return;
        }
        for end in 0..2 {
            if !self.calls[at].ends[end].worked {
                self.works(at, end);
            }
        }
    }

    pub(super) fn part(&mut self, a: usize, b: usize) {
        self.broken.insert(path(a, b));
        let now_ms = self.now_ms;
        for call in self.calls.iter_mut().filter(|call| call.is_of(a, b)) {
            call.gone_ms.get_or_insert(now_ms);
        }
    }

    pub(super) fn mend(&mut self, a: usize, b: usize) {
        self.broken.remove(&path(a, b));
        for call in self.calls.iter_mut().filter(|call| call.is_of(a, b)) {
            if call.ends.iter().all(|end| end.place != Place::Gone) {
                call.gone_ms = None;
            }
        }
    }

    pub(super) fn restart(&mut self, who: usize) {
        self.people[who] = super::model::Person::default();
        let now_ms = self.now_ms;
        for call in self.calls.iter_mut().filter(|call| call.who.contains(&who)) {
            let end = call.end_of(who);
            call.ends[end].place = Place::Gone;
            call.gone_ms.get_or_insert(now_ms);
        }
    }

    /// Time passes; what is due happens in its order, and is told.
    pub(super) fn pass(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        if !self.blocked.is_empty() {
            self.patience_ms = self.patience_ms.saturating_sub(ms);
        }
        while let Some((at_ms, at, due)) = self.due().into_iter().min().filter(|(at_ms, _, _)| *at_ms <= end_ms) {
            self.now_ms = at_ms;
            match due {
                Due::Over(end, reason) => self.over(at, end, reason, true),
                Due::Missed => self.miss(at),
            }
            self.spread();
        }
        self.now_ms = end_ms;
    }

    fn due(&self) -> Vec<(u64, usize, Due)> {
        let mut due = Vec::new();
        for (at, call) in self.calls.iter().enumerate().filter(|(_, call)| !call.hazy) {
            let places = [call.ends[0].place, call.ends[1].place];
            if places[0] == Place::Waits {
                due.push((call.dialled_ms + CALLER_MS, at, Due::Over(0, "no_answer")));
            }
            if places[1] == Place::Waits {
                due.push((call.rang_ms + RINGING_MS, at, Due::Over(1, "no_answer")));
            }
            if matches!(call.stage, Stage::There | Stage::Answered) && !call.missed {
                due.push((call.there_ms + WORD_MS, at, Due::Missed));
            }
            let Some(gone_ms) = call.gone_ms else { continue };
            for (end, place) in places.into_iter().enumerate() {
                if place == Place::Waits {
                    due.push((gone_ms + WORD_MS, at, Due::Over(end, "lost")));
                }
                if place == Place::In {
                    due.push((gone_ms + LOST_MS, at, Due::Over(end, "lost")));
                }
            }
        }
        due
    }
}
