//! Faults, and time.

use super::machine::byte;
use super::model::{PEOPLE, path};
use super::wire::{Tail, Wire};
use crate::call::signal::{CallInput, LinkEvent};
use crate::call::tests::desk::device;
use crate::ids::{CallId, LinkId};

impl Wire {
    pub(super) fn block(&mut self, from: usize, to: usize, blocked: bool) {
        if blocked {
            self.blocked.insert((from, to));
        } else {
            self.blocked.remove(&(from, to));
        }
    }

    pub(super) fn part(&mut self, a: usize, b: usize) {
        self.broken.insert(path(a, b));
        for (n, other) in [(a, b), (b, a)] {
            self.feed(n, CallInput::Disconnected { device: device(byte(other)) });
            let cut = |(key, tail): (&(usize, LinkId), &Tail)| {
                (key.0 == n && tail.up && tail.remote.is_some_and(|(of, _)| of == other)).then_some(key.1)
            };
            let links: Vec<LinkId> = self.tails.iter().filter_map(cut).collect();
            self.quiet.extend(links.into_iter().map(|link| (self.now_ms + 2_000, n, link)));
        }
    }

    pub(super) fn mend(&mut self, a: usize, b: usize) {
        self.broken.remove(&path(a, b));
        for (n, other) in [(a, b), (b, a)] {
            let paired = self.known.iter().filter(|(_, x, y)| path(*x, *y) == path(a, b)).map(|key| key.0);
            let paired: Vec<CallId> = paired.filter(|call| !self.forgotten.contains_key(&(other, *call))).collect();
            for call in paired {
                self.feed(n, CallInput::Listens { call, device: device(byte(other)), listens: true });
            }
            let of = |(key, tail): (&(usize, LinkId), &Tail)| {
                let whole = tail.remote.is_some_and(|end| end.0 == other && self.tails.contains_key(&end));
                (key.0 == n && tail.up && whole).then_some(key.1)
            };
            let links: Vec<LinkId> = self.tails.iter().filter_map(of).collect();
            for link in links {
                self.quiet.retain(|(_, of, id)| (*of, *id) != (n, link));
                let quiet =
                    self.tails.get_mut(&(n, link)).is_some_and(|tail| std::mem::replace(&mut tail.quiet, false));
                if quiet {
                    self.tell(n, link, LinkEvent::Resumed);
                }
                self.sound(n, link);
            }
        }
    }

    /// Killed and started again: it knows nothing of any call; who is connected to it notices.
    pub(super) fn restart(&mut self, n: usize) {
        self.lives[n] += 1;
        self.desks[n] = self.desk(n);
        self.loose.retain(|flying| flying.from != n && flying.to != n);
        self.pairs.retain(|(from, to), _| *from != n && *to != n);
        self.told.retain(|(of, _)| *of != n);
        let calls: Vec<CallId> = self.known.iter().filter(|(_, a, b)| *a == n || *b == n).map(|key| key.0).collect();
        // Its keys are gone with it: not even last words are heard.
        self.forgotten.extend(calls.into_iter().map(|call| ((n, call), 0)));
        self.offering.retain(|(_, from, _), _| *from != n);
        self.waiting.retain(|(_, _, to), _| *to != n);
        let ends: Vec<LinkId> = self.tails.keys().filter(|key| key.0 == n).map(|key| key.1).collect();
        for link in ends {
            let tail = self.tails.remove(&(n, link)).unwrap();
            if let Some((other, theirs)) = tail.remote.filter(|_| tail.up) {
                self.quiet.push((self.now_ms + 2_000, other, theirs));
                // Nobody is at its other end; a new process names its links anew.
                if let Some(tail) = self.tails.get_mut(&(other, theirs)) {
                    tail.remote = None;
                }
            }
        }
        for other in (0..PEOPLE).filter(|other| *other != n) {
            self.feed(other, CallInput::Disconnected { device: device(byte(n)) });
        }
    }

    /// Time passes; everything happens when it is due.
    pub(super) fn pass(&mut self, ms: u64) {
        let end_ms = self.now_ms + ms;
        loop {
            let timers = self.desks.iter().filter_map(|desk| desk.core.next_timer_ms());
            let quiet = self.quiet.iter().map(|(at_ms, _, _)| *at_ms);
            let waiting = self.waiting.values().map(|since_ms| since_ms + 5_000).filter(|at_ms| *at_ms > self.now_ms);
            let Some(at_ms) = timers.chain(quiet).chain(waiting).min().filter(|at_ms| *at_ms <= end_ms) else { break };
            self.clock(at_ms);
            for n in 0..PEOPLE {
                if self.desks[n].core.next_timer_ms().is_some_and(|due_ms| due_ms <= at_ms) {
                    self.feed(n, CallInput::Timer);
                }
            }
            self.silences(at_ms);
            self.deliver();
        }
        self.clock(end_ms);
    }

    fn silences(&mut self, at_ms: u64) {
        let due: Vec<_> = self.quiet.iter().filter(|(due_ms, _, _)| *due_ms <= at_ms).copied().collect();
        self.quiet.retain(|(due_ms, _, _)| *due_ms > at_ms);
        for (_, n, link) in due {
            if let Some(tail) = self.tails.get_mut(&(n, link)) {
                tail.quiet = true;
                self.tell(n, link, LinkEvent::Interrupted);
            }
        }
        let late: Vec<_> =
            self.waiting.iter().filter(|(_, since_ms)| **since_ms + 5_000 == at_ms).map(|(key, _)| *key).collect();
        for (call, from, to) in late {
            self.feed(to, CallInput::Unconfirmed { call, device: device(byte(from)) });
        }
    }

    fn clock(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        for desk in &mut self.desks {
            desk.set_clock(now_ms);
        }
    }

    /// Nothing is left of any call.
    pub(super) fn bare(&self) -> bool {
        self.tails.is_empty()
            && self.desks.iter().all(|desk| desk.core.drained() && desk.core.next_timer_ms().is_none())
    }
}
