//! The real cores, held against the model after every step.

use proptest::prelude::*;
use proptest::sample::select;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use super::model::{Call, End, Model, PEOPLE, Place, Stage, Step, Taken};
use super::wire::Wire;
use crate::call::effect::CallEffect;
use crate::call::signal::CallInput;
use crate::call::tests::desk::{account, call, device, parse_call};
use crate::call::text;
use crate::control::{CallCommand, CallInfo, CallState, ErrorKind, EventKind, InCall, Reply};
use crate::ids::{CallId, Ticket};

/// The byte that names somebody's account and device.
pub(super) fn byte(n: usize) -> u8 {
    u8::try_from(n + 1).unwrap()
}

/// A call id that nobody has.
fn nobodys() -> CallId {
    call(250)
}

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        let kinds = (any::<bool>(), any::<bool>());
        (kinds, any::<u64>().no_shrink()).prop_map(|(kinds, seed)| Model::new(kinds, seed)).boxed()
    }

    fn transitions(state: &Model) -> BoxedStrategy<Step> {
        select(state.possible()).boxed()
    }

    fn apply(mut state: Model, step: &Step) -> Model {
        state.step(step);
        state
    }

    fn preconditions(state: &Model, step: &Step) -> bool {
        state.possible().contains(step)
    }
}

/// Three cores, and the name of each call that the model has: two while two calls cross.
pub(super) struct Machine {
    wire: Wire,
    ids: Vec<Vec<CallId>>,
}

impl StateMachineTest for Machine {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(model: &Model) -> Self {
        Self { wire: Wire::new((model.early, model.twins), model.seed), ids: Vec::new() }
    }

    fn apply(mut machine: Self, model: &Model, step: Step) -> Self {
        machine.step(model, &step);
        machine.wire.deliver();
        machine.wire.pass(1);
        machine.name_crossed(model);
        machine
    }

    fn check_invariants(machine: &Self, model: &Model) {
        let lists: Vec<Vec<CallInfo>> = machine.wire.desks.iter().map(|desk| desk.core.calls(desk.now)).collect();
        for (n, list) in lists.iter().enumerate() {
            machine.person(model, n, list);
        }
        for at in 0..model.calls.len() {
            if !model.calls[at].hazy {
                machine.call(model, at, &lists);
            }
        }
    }

    /// Everything is whole again, and everybody hangs up: nothing is left.
    fn teardown(mut machine: Self, mut model: Model) {
        let hazy: Vec<_> = model.calls.iter().filter(|call| call.hazy).map(|call| call.who).collect();
        for [a, b] in hazy {
            machine = Self::both(machine, &mut model, Step::Settle(a, b));
        }
        for (a, b) in model.blocked.clone() {
            machine = Self::both(machine, &mut model, Step::Release(a, b));
        }
        for (a, b) in model.broken.clone() {
            machine = Self::both(machine, &mut model, Step::Mend(a, b));
        }
        for a in 0..PEOPLE {
            for b in (0..PEOPLE).filter(|b| *b != a) {
                machine = Self::both(machine, &mut model, Step::HangUp(a, b));
            }
        }
        machine = Self::both(machine, &mut model, Step::Pass(61_000));
        assert!(machine.wire.bare(), "something is left");
    }
}

impl Machine {
    /// One more step, of both.
    fn both(machine: Self, model: &mut Model, step: Step) -> Self {
        model.step(&step);
        let machine = <Self as StateMachineTest>::apply(machine, model, step);
        <Self as StateMachineTest>::check_invariants(&machine, model);
        machine
    }

    fn step(&mut self, model: &Model, step: &Step) {
        match step {
            Step::Offer(a, b) => self.offer(model, *a, *b),
            Step::Both(a, b) => {
                self.offer(model, *a, *b);
                self.offer(model, *b, *a);
            }
            Step::Accept(a, b, in_call) => {
                let call = self.id_of(model, *a, *b);
                self.command(model, *a, CallCommand::Accept { call, in_call: *in_call });
            }
            Step::Decline(a, b) => {
                let call = self.id_of(model, *a, *b);
                self.command(model, *a, CallCommand::Decline { call });
            }
            Step::HangUp(a, b) => {
                let call = self.id_of(model, *a, *b);
                self.command(model, *a, CallCommand::HangUp { call });
            }
            Step::Hold(a, b) => {
                let call = self.id_of(model, *a, *b);
                self.command(model, *a, CallCommand::Hold { call });
            }
            Step::Resume(a, b) => {
                let call = self.id_of(model, *a, *b);
                self.command(model, *a, CallCommand::Resume { call });
            }
            Step::HandOver(a, b, taken) => self.hand_over(model, (*a, *b), *taken),
            Step::Mute(a, true) => self.command(model, *a, CallCommand::Mute { call: None }),
            Step::Mute(a, false) => self.command(model, *a, CallCommand::Unmute { call: None }),
            Step::Block(a, b) => self.wire.block(*a, *b, true),
            Step::Release(a, b) => self.wire.block(*a, *b, false),
            Step::Settle(a, b) => {
                self.wire.block(*a, *b, false);
                self.wire.block(*b, *a, false);
                self.wire.deliver();
                self.wire.pass(super::steps::SORTED_MS);
            }
            Step::Break(a, b) => self.wire.part(*a, *b),
            Step::Mend(a, b) => self.wire.mend(*a, *b),
            Step::Restart(n) => self.wire.restart(*n),
            Step::Pass(ms) => self.wire.pass(*ms),
            Step::Stray(n) => {
                self.stray(*n);
                self.once_more(model, *n);
            }
        }
    }

    /// The call that two have by the model.
    fn id_of(&self, model: &Model, a: usize, b: usize) -> Option<CallId> {
        Some(model.call_of(a, b).and_then(|at| self.ids.get(at)?.first().copied()).unwrap_or_else(nobodys))
    }

    fn offer(&mut self, model: &Model, from: usize, to: usize) {
        let callee = vec![(account(self.wire.account_of(to)), vec![device(byte(to))])];
        let command = CallCommand::Offer { to: callee, context: None, unproven: None };
        let answer = self.ask(from, command);
        if let Some(expected) = &model.answer {
            assert_eq!(answer.map(|_| ()), *expected, "the answer to a call of whom {from} has already");
            return;
        }
        let Ok(Reply::Offered(offered)) = answer else { panic!("not offered: {answer:?}") };
        let id = parse_call(&offered.call);
        if self.ids.len() < model.calls.len() {
            self.ids.push(vec![id]);
        } else if let Some(ids) =
            model.call_of(from, to).and_then(|at| self.ids.get_mut(at)).filter(|ids| !ids.contains(&id))
        {
            ids.push(id);
        }
    }

    /// The last call that two had before the one that the model has now.
    fn hand_over(&mut self, model: &Model, (a, b): (usize, usize), taken: Taken) {
        let moved = |at: &usize| model.calls[*at].is_of(a, b) && self.ids.get(*at).is_some();
        let at = (0..model.calls.len()).rfind(moved);
        let Some((twin, id)) = model.twin(a).zip(at.map(|at| self.ids[at][0])) else { return };
        let to = device(byte(twin));
        self.command(model, a, CallCommand::HandOff { call: Some(id), device: to });
        self.wire.deliver();
        let desk = &self.wire.desks[twin];
        let rings = desk.core.calls(desk.now).into_iter().find(|info| info.state == CallState::Incoming);
        let call = rings.map(|info| parse_call(&info.call));
        match taken {
            Taken::Accepted => {
                self.ids.extend(call.map(|id| vec![id]));
                self.command(model, twin, CallCommand::Accept { call, in_call: InCall::Hold });
            }
            Taken::Declined => self.command(model, twin, CallCommand::Decline { call }),
            Taken::Left => self.wire.pass(super::steps::ASKED_MS),
        }
    }

    fn ask(&mut self, n: usize, command: CallCommand) -> Result<Reply, ErrorKind> {
        let out = self.wire.feed(n, CallInput::Command { ticket: Ticket(7), command });
        let mut replies = out.into_iter().filter_map(|effect| {
            let CallEffect::Reply { result, .. } = effect else { return None };
            Some(result.map_err(|error| error.kind))
        });
        let reply = replies.next().expect("every command is answered");
        assert!(replies.next().is_none(), "a command is answered once");
        reply
    }

    fn command(&mut self, model: &Model, n: usize, command: CallCommand) {
        let said = format!("{command:?}");
        let answer = self.ask(n, command).map(|_| ());
        assert_eq!(Some(answer), model.answer, "the answer to {said}");
    }

    /// Of two that crossed, exactly one goes on, and the other one says so.
    fn name_crossed(&mut self, model: &Model) {
        for (at, ids) in self.ids.iter_mut().enumerate() {
            let call = &model.calls[at];
            let [x, y] = ids[..] else { continue };
            if call.hazy {
                continue;
            }
            let desks = call.who.map(|who| &self.wire.desks[who]);
            let on = |id: &CallId| desks.iter().any(|desk| desk.info(*id).is_some());
            let (goes_on, over) = if on(&x) { (x, y) } else { (y, x) };
            assert!(on(&goes_on) && !on(&over), "two called each other: {:?}", [on(&x), on(&y)]);
            let said: Vec<_> = desks.iter().filter_map(|desk| desk.reason(over)).collect();
            assert_eq!(said, ["cancelled"], "of the call that gave way");
            *ids = vec![goes_on];
        }
    }

    fn stray(&mut self, n: usize) {
        let desk = &mut self.wire.desks[n];
        for info in desk.core.calls(desk.now) {
            for input in crate::sim::explore::outsiders_words(parse_call(&info.call), desk.now.unix_ms) {
                let said = format!("{input:?}");
                assert_eq!(desk.input(input), [], "a stranger counts: {said}");
            }
        }
    }

    /// A caller that is wrong in the head offers and confirms once more what is over: the model says that nothing rings.
    fn once_more(&mut self, model: &Model, n: usize) {
        for (at, call) in model.calls.iter().enumerate() {
            let over = matches!(call.ends[1].place, Place::Over(..));
            if call.who[1] != n || !over || call.crossed {
                continue;
            }
            let (id, caller) = (self.ids[at][0], byte(call.who[0]));
            let account = self.wire.account_of(call.who[0]);
            let desk = &mut self.wire.desks[n];
            desk.offer(id, account, caller);
            desk.confirm(id, caller);
        }
    }
}

/// What must be so after every step.
impl Machine {
    fn person(&self, model: &Model, n: usize, list: &[CallInfo]) {
        let (desk, person) = (&self.wire.desks[n], &model.people[n]);
        let (mut missed, mut rang, mut lines, mut amended) = (0, 0, 0, 0);
        for effect in &desk.log {
            missed += usize::from(matches!(effect, CallEffect::Event(EventKind::MissedCall { .. })));
            rang += usize::from(matches!(effect, CallEffect::Event(EventKind::IncomingCall { .. })));
            lines += usize::from(matches!(effect, CallEffect::History(_)));
            amended += usize::from(matches!(effect, CallEffect::Event(EventKind::EndAmended { .. })));
        }
        // Whether an accept or the hang-up after it comes first, over another path, nobody can know.
        lines -= amended;
        assert_eq!(missed, person.missed, "missed calls of {n}");
        assert_eq!(rang, person.rang, "what rang at {n}");
        if model.calls.iter().any(|call| call.hazy && call.who.contains(&n)) {
            return;
        }
        assert_eq!(lines, person.lines, "lines of history of {n}");
        let lives = |call: &&Call| call.who.contains(&n) && call.lives(call.end_of(n));
        let on = list.iter().filter(|info| info.state != CallState::Ended).count();
        assert_eq!(on, model.calls.iter().filter(lives).count(), "calls of {n}");
        assert_eq!(desk.core.muted(), person.muted, "the microphone of {n} is muted");
        let open = person.focus.is_some_and(|at| {
            let call = &model.calls[at];
            call.ends[call.end_of(n)].place == Place::In
        });
        assert_eq!(desk.microphone(), open, "the microphone of {n} is open");
    }

    fn call(&self, model: &Model, at: usize, lists: &[Vec<CallInfo>]) {
        let call = &model.calls[at];
        let name = text::call(self.ids[at][0]);
        let [a, b] = call.who;
        self.same_end(at, call);
        let exact = model.open(a, b) && model.open(b, a) && call.gone_ms.is_none();
        for end in 0..2 {
            let info = lists[call.who[end]].iter().find(|info| info.call == name);
            let seen = See { at, end, call, info };
            if !model.early && call.ends[end].place == Place::Waits {
                let other = device(byte(call.who[1 - end]));
                let link = self.wire.desks[call.who[end]].link_of(self.ids[at][0], other);
                assert_eq!(link, None, "a link before accept: {seen:?}");
            }
            match call.ends[end].place {
                Place::Gone => {}
                Place::Unseen => seen.is(None),
                Place::Waits if end == 1 => seen.is(Some(CallState::Incoming)),
                Place::Waits if call.stage == Stage::Known => seen.is(Some(CallState::Ringing)),
                Place::Waits => seen.is(Some(CallState::Dialing)),
                Place::Over(reason, _) => {
                    seen.is(Some(CallState::Ended));
                    let shown = info.and_then(|info| info.reason.as_deref());
                    assert!(call.either || shown == Some(reason), "{shown:?} {seen:?}");
                }
                Place::In if !model.focused(at, end) => seen.is(Some(CallState::Held)),
                // Who has never been heard is still connecting, unless it holds and its link is there.
                Place::In if exact => {
                    let End { worked, shown: (_, holds), .. } = call.ends[end];
                    let on = worked || (holds && call.linked);
                    seen.is(Some(if on { CallState::Active } else { CallState::Connecting }));
                    self.talk(model, &seen);
                }
                Place::In => {
                    let some = [CallState::Connecting, CallState::Active, CallState::Reconnecting];
                    assert!(info.is_some_and(|info| some.contains(&info.state)), "{seen:?}");
                }
            }
        }
    }

    /// Who has heard the other's last word, and was heard, says the same of it: why it ended, and whether it was accepted.
    fn same_end(&self, at: usize, call: &Call) {
        // Of one that went on at another device there is more to be told.
        if call.went_on.is_some() || !call.ends.iter().all(|end| end.told && matches!(end.place, Place::Over(..))) {
            return;
        }
        let line = |who: usize| {
            let lines = self.wire.desks[who].history();
            let line = lines.into_iter().rfind(|line| line.call == self.ids[at][0]);
            line.map(|line| (line.reason, line.accepted_ms.is_some()))
        };
        let lines = call.who.map(line);
        if let [Some(one), Some(other)] = lines {
            assert_eq!(one, other, "both sides agree why: {call:?}");
        }
    }

    /// A call that has the microphone, where all words get through: who hears whom, and what is shown of the other.
    fn talk(&self, model: &Model, seen: &See<'_>) {
        let See { at, end, call, info } = *seen;
        if call.ends[1 - end].place != Place::In {
            return;
        }
        let other = call.who[1 - end];
        let truth = (model.people[other].muted, !model.focused(at, 1 - end));
        assert_eq!(call.ends[end].shown, truth, "the model errs: {seen:?}");
        let participants = info.iter().flat_map(|info| &info.participants);
        let shown: Vec<_> = participants.map(|of| (of.muted, of.held)).collect();
        assert_eq!(shown, [truth], "what is shown of the other, muted and held: {seen:?}");
        let desk = &self.wire.desks[call.who[end]];
        let link = desk.link_of(self.ids[at][0], device(byte(other)));
        assert_eq!(link.is_some(), call.linked, "a link: {seen:?}");
        let sounds = model.sounds(at, end);
        assert_eq!(link.map_or((sounds, sounds), |link| desk.sound(link)), (sounds, sounds), "sound: {seen:?}");
    }
}

/// A call as the model has it, and as one end's frontends see it.
#[derive(Clone, Copy, Debug)]
struct See<'a> {
    at: usize,
    end: usize,
    call: &'a Call,
    info: Option<&'a CallInfo>,
}

impl See<'_> {
    fn is(&self, state: Option<CallState>) {
        assert_eq!(self.info.map(|info| info.state), state, "{self:?}");
    }
}
