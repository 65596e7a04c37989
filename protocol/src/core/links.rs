//! Links: what the call core wants of them, what the media layer says of them, and the doors of what peers send.

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use ahoy_crypto::Check;

use super::Core;
use super::effect::{Effect, MediaCommand};
use super::step::Step;
use crate::account::Policy;
use crate::call::effect::LinkCommand;
use crate::call::signal::{CallInput, LinkEvent};
use crate::ids::{CallId, DeviceId, LinkId};
use crate::inbound::doors::{self, CandidateCount, LocalAddresses, RecordRate, RestartRate};
use crate::limits::PAIRS_COUNTED_MAX;
use crate::wire::bodies::{Candidate, Candidates, CtlBody, PairBody, Record};
use crate::wire::ctl;

/// What a link carries besides media.
#[derive(Clone, Debug)]
struct LinkFacts {
    call: CallId,
    device: DeviceId,
    /// Sequence number of our last `ctl` message.
    sent_seq: u32,
    /// Highest sequence number of theirs.
    taken_seq: u32,
}

/// All links that are open, and what peers asked of the media engine lately.
#[derive(Debug, Default)]
pub(super) struct Links {
    facts: BTreeMap<LinkId, LinkFacts>,
    /// Oldest first.
    asked: VecDeque<Asked>,
}

/// What a pair asked of the media engine.
#[derive(Debug)]
struct Asked {
    call: CallId,
    device: DeviceId,
    candidates: CandidateCount,
    restarts: RestartRate,
    records: RecordRate,
}

impl Links {
    /// Every open link.
    pub(super) fn iter(&self) -> impl Iterator<Item = (LinkId, CallId, DeviceId)> {
        self.facts.iter().map(|(link, facts)| (*link, facts.call, facts.device))
    }

    /// A call is over: nothing of it is counted any more.
    pub(super) fn forget_call(&mut self, call: &CallId) {
        self.asked.retain(|asked| asked.call != *call);
    }

    /// Judges a word about recordings: only questions cost a person something.
    fn record(&mut self, call: CallId, device: DeviceId, said: Record, now_ms: u64) -> Result<(), Check> {
        if said.op != crate::call::recording::REQUEST {
            return Ok(());
        }
        self.asked(call, device).records.take(said.recording, now_ms)
    }

    /// The counts of a pair; the pair that was counted first gives way when there are too many.
    fn asked(&mut self, call: CallId, device: DeviceId) -> &mut Asked {
        let known = self.asked.iter().position(|asked| asked.call == call && asked.device == device);
        let place = known.unwrap_or_else(|| {
            if self.asked.len() >= PAIRS_COUNTED_MAX {
                self.asked.pop_front();
            }
            let (candidates, restarts) = (CandidateCount::default(), RestartRate::default());
            self.asked.push_back(Asked { call, device, candidates, restarts, records: RecordRate::default() });
            self.asked.len() - 1
        });
        &mut self.asked[place]
    }
}

impl Core {
    pub(super) fn open_link(
        &mut self,
        (link, call, device): (LinkId, CallId, DeviceId),
        (offerer, ice_policy): (bool, u8),
        step: &mut Step<'_>,
    ) {
        self.links.facts.insert(link, LinkFacts { call, device, sent_seq: 0, taken_seq: 0 });
        let loopback = self.local_addresses(&device).loopback;
        step.out.push(Effect::Media(MediaCommand::Open { link, offerer, ice_policy, loopback }));
    }

    pub(super) fn link_command(&mut self, link: LinkId, command: LinkCommand, step: &mut Step<'_>) {
        let command = match command {
            LinkCommand::Apply { kind, generation, sdp } => MediaCommand::Apply { link, kind, generation, sdp },
            LinkCommand::Candidate { generation, candidate } => MediaCommand::Candidate { link, generation, candidate },
            LinkCommand::EndOfCandidates { generation } => MediaCommand::EndOfCandidates { link, generation },
            LinkCommand::Restart { generation } => MediaCommand::Restart { link, generation },
            LinkCommand::Send { on } => MediaCommand::Send { link, on },
            LinkCommand::Play { on } => MediaCommand::Play { link, on },
            LinkCommand::Ctl(body) => match self.frame_ctl(link, &body) {
                Some(message) => MediaCommand::Ctl { link, message },
                None => return,
            },
            LinkCommand::Close => MediaCommand::Close { link },
        };
        step.out.push(Effect::Media(command));
    }

    fn frame_ctl(&mut self, link: LinkId, body: &CtlBody) -> Option<Vec<u8>> {
        let facts = self.links.facts.get_mut(&link)?;
        facts.sent_seq = facts.sent_seq.checked_add(1)?;
        ctl::write(body, facts.sent_seq).ok()
    }

    pub(super) fn link_event(&mut self, link: LinkId, event: LinkEvent, step: &mut Step<'_>) {
        if matches!(event, LinkEvent::Closed(_)) {
            self.links.facts.remove(&link);
        }
        step.calls.push_back(CallInput::Link { link, event });
    }

    /// A message on a link's data channel, raw.
    pub(super) fn ctl_message(&mut self, link: LinkId, message: &[u8], step: &mut Step<'_>) {
        let Some(facts) = self.links.facts.get_mut(&link) else { return };
        let (call, device) = (facts.call, facts.device);
        let opened = ctl::open(message, &mut facts.taken_seq);
        let judged = opened.and_then(|body| match &body {
            CtlBody::Record(said) => self.links.record(call, device, *said, step.now.mono_ms).map(|()| body),
            CtlBody::Status(_) | CtlBody::HangUp(_) => Ok(body),
        });
        match judged {
            Ok(body) => step.calls.push_back(CallInput::Ctl { link, body }),
            Err(check) => self.refusals.count(check),
        }
    }

    /// Lets a body of the pair channel through the doors (060..069), or drops it.
    pub(super) fn at_the_door(
        &mut self,
        call: CallId,
        device: DeviceId,
        body: PairBody,
        step: &Step<'_>,
    ) -> Option<PairBody> {
        let judged = match body {
            PairBody::Description(description) => {
                doors::description(&description.bytes).map(|_| PairBody::Description(description.clone()))
            }
            PairBody::Candidates(candidates) => {
                return self.candidates_at_the_door(call, device, candidates).map(PairBody::Candidates);
            }
            PairBody::Restart(at) => {
                let rate = &mut self.links.asked(call, device).restarts;
                rate.take(step.now.mono_ms).map(|()| PairBody::Restart(at))
            }
            PairBody::Record(said) => {
                self.links.record(call, device, said, step.now.mono_ms).map(|()| PairBody::Record(said))
            }
            PairBody::Confirm(_)
            | PairBody::Verdict(_)
            | PairBody::EndOfCandidates(_)
            | PairBody::Status(_)
            | PairBody::HangUp(_)
            | PairBody::EpochSecret(_)
            | PairBody::LinkIdentity(_)
            | PairBody::LinkContact(_)
            | PairBody::LinkEnd(_)
            | PairBody::HandOff(_) => Ok(body),
        };
        judged.map_err(|check| self.refusals.count(check)).ok()
    }

    /// Only candidates that may be talked to go on; none left, nothing goes on.
    fn candidates_at_the_door(&mut self, call: CallId, device: DeviceId, candidates: Candidates) -> Option<Candidates> {
        let allowed = self.local_addresses(&device);
        let Candidates { link, generation, list } = candidates;
        let count = &mut self.links.asked(call, device).candidates;
        if count.is_past(link, generation) {
            return None;
        }
        let mut good: Vec<Candidate> = Vec::new();
        for candidate in list {
            match doors::candidate(&candidate, allowed).and_then(|()| count.take(link, generation)) {
                Ok(()) => good.push(candidate),
                Err(check) => self.refusals.count(check),
            }
        }
        (!good.is_empty()).then_some(Candidates { link, generation, list: good })
    }

    /// Which local addresses a device's candidates may name now.
    fn local_addresses(&self, device: &DeviceId) -> LocalAddresses {
        let policy = self.contacts.of_device(device).map_or(Policy(0), |contact| contact.policy);
        let allowed = policy.has(Policy::LOCAL_CANDIDATES);
        match self.peers.get(device) {
            Some(peer) => LocalAddresses { loopback: allowed && peer.loopback, private: allowed && peer.private },
            None => LocalAddresses::default(),
        }
    }

    /// Addresses of a device that may be dialled: never what candidates may never be; loopback only if we listen
    /// there. Whether a private one is near is the network driver's to know.
    pub(super) fn dialable(&self, address: &[u8]) -> bool {
        match ip_of(address) {
            Some(ip) => {
                !doors::is_forbidden(ip) && (self.loopback || doors::is_local(ip) != Some(doors::Local::Loopback))
            }
            // Addresses without an IP (memory, relayed by name) are judged where they are dialled.
            None => true,
        }
    }
}

/// The IP address a binary multiaddr begins with (codes 4 and 41).
pub(super) fn ip_of(address: &[u8]) -> Option<IpAddr> {
    match address.split_first()? {
        (4, rest) => rest.first_chunk::<4>().map(|ip| IpAddr::from(*ip)),
        (41, rest) => rest.first_chunk::<16>().map(|ip| IpAddr::from(*ip)),
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Links {
        /// Entries of everything it keeps.
        pub(in crate::core) fn entries(&self) -> usize {
            self.facts.len() + self.asked.len()
        }
    }

    #[test]
    fn the_pair_that_was_counted_first_gives_way() {
        let mut links = Links::default();
        let call = |n: usize| CallId([u8::try_from(255 - n % 256).unwrap(); 16]);
        let device = |n: usize| DeviceId([u8::try_from(n / 256).unwrap(); 32]);
        for n in 0..=PAIRS_COUNTED_MAX {
            links.asked(call(n), device(n)).candidates.take(1, 0).unwrap();
        }
        assert_eq!(links.asked.len(), PAIRS_COUNTED_MAX);
        assert!(!links.asked.iter().any(|asked| asked.call == call(0) && asked.device == device(0)));
        assert!(links.asked.iter().any(|asked| asked.call == call(1) && asked.device == device(1)));
    }

    #[test]
    fn the_ip_of_a_binary_multiaddr_is_read() {
        assert_eq!(ip_of(&[4, 127, 0, 0, 1, 6, 0x1f, 0x90]), Some(IpAddr::from([127, 0, 0, 1])));
        let mut six = vec![41];
        six.extend_from_slice(&std::net::Ipv6Addr::LOCALHOST.octets());
        assert_eq!(ip_of(&six), Some(IpAddr::from(std::net::Ipv6Addr::LOCALHOST)));
        assert_eq!(ip_of(&[4, 127]), None);
        assert_eq!(ip_of(&[]), None);
    }
}
