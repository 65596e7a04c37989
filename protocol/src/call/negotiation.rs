//! Links between two devices: who opens them, what is sent about them, what is taken.
//!
//! The lower device id alone opens links, numbered 1, 2.. per pair and call, and sends the first
//! description of each; the other asks with restart: with the link's number and its next generation
//! while it has the link, with the next number and generation 0 once its link is gone.

use super::core::{CallCore, Cx};
use super::effect::{CallEffect, LinkCommand};
use super::links::{Fresh, Link, Up, WaitingLink};
use super::state::Peer;
use crate::ids::{CallId, DeviceId, LinkId};
use crate::wire::bodies::{Candidate, Candidates, CtlBody, Description, LinkGeneration, PairBody, SdpKind, Status};

impl CallCore {
    /// Makes the link with a device, if it may exist now and is missing.
    pub(super) fn connect(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let fresh = self.fresh_link();
        let Some((peer, ice_policy)) = self.peer_and_policy(id, device) else { return };
        if !peer.may_connect() {
            return;
        }
        if let Some(link) = &peer.links.current {
            // It was made while it rang, and lost since: there is no time to wait for the limit.
            if link.up == Up::Interrupted {
                self.renew(id, device, cx);
            }
            return;
        }
        if peer.links.opener {
            open_next(peer, id, ice_policy, fresh, cx);
        } else if let Some(waiting) = peer.links.waiting.take() {
            take_waiting(peer, id, ice_policy, fresh, waiting, cx);
        } else if peer.links.last > 0 {
            ask_next(peer, id, cx);
        }
    }

    /// Tries anew: ICE on the link there is, or the next link.
    pub(super) fn renew(&mut self, id: CallId, device: DeviceId, cx: &mut Cx<'_>) {
        let fresh = self.fresh_link();
        let Some((peer, ice_policy)) = self.peer_and_policy(id, device) else { return };
        let opener = peer.links.opener;
        if peer.links.current.as_ref().is_some_and(|link| link.network != fresh.network) {
            // Its sockets are bound to addresses of before: a restart of ICE would find no new way.
            close_current(peer, cx);
        }
        match (&mut peer.links.current, opener) {
            (Some(link), true) => {
                link.generation = link.generation.saturating_add(1);
                link.answered = false;
                let command = LinkCommand::Restart { generation: link.generation };
                cx.push(CallEffect::Link { link: link.id, command });
            }
            (Some(link), false) => {
                let which = LinkGeneration { link: link.number, generation: link.generation.saturating_add(1) };
                cx.push(CallEffect::Pair { call: id, device, body: PairBody::Restart(which) });
            }
            (None, true) => open_next(peer, id, ice_policy, fresh, cx),
            (None, false) => ask_next(peer, id, cx),
        }
    }

    fn peer_and_policy(&mut self, id: CallId, device: DeviceId) -> Option<(&mut Peer, u8)> {
        let call = self.live.get_mut(&id)?;
        let offered = call.facts.ice_policy;
        let peer = call.peer_mut(device)?;
        let ours = if peer.policy.relay_only { 2 } else { 0 };
        Some((peer, offered.max(ours)))
    }

    /// The other side's description.
    pub(super) fn description(&mut self, id: CallId, device: DeviceId, said: Description, cx: &mut Cx<'_>) {
        // The session layer joins the parts: here a description is always whole.
        let (0, 1, Ok(sdp)) = (said.part, said.parts, String::from_utf8(said.bytes)) else { return };
        let fresh = self.fresh_link();
        let Some((peer, ice_policy)) = self.peer_and_policy(id, device) else { return };
        match (said.kind, peer.links.opener) {
            (SdpKind::Offer, false) => {
                let waiting = WaitingLink {
                    number: said.link,
                    generation: said.generation,
                    sdp,
                    candidates: Vec::new(),
                    complete: false,
                };
                remote_offer(peer, id, ice_policy, fresh, waiting, cx);
            }
            (SdpKind::Answer, true) => {
                let Some(link) = peer.links.current.as_mut() else { return };
                if (link.number, link.generation, link.answered) == (said.link, said.generation, false) {
                    link.answered = true;
                    let command = LinkCommand::Apply { kind: SdpKind::Answer, generation: said.generation, sdp };
                    cx.push(CallEffect::Link { link: link.id, command });
                }
            }
            // Not theirs to send.
            (SdpKind::Offer, true) | (SdpKind::Answer, false) => {}
        }
    }

    /// The other side's candidates.
    pub(super) fn candidates(&mut self, id: CallId, device: DeviceId, said: &Candidates, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        if let Some(link) = meant(peer, said.link, said.generation) {
            for candidate in &said.list {
                let command = LinkCommand::Candidate { generation: said.generation, candidate: *candidate };
                cx.push(CallEffect::Link { link, command });
            }
        } else if let Some(waiting) = meant_waiting(peer, said.link, said.generation) {
            waiting.keep(&said.list);
        }
    }

    /// The other side has no more candidates.
    pub(super) fn end_of_candidates(&mut self, id: CallId, device: DeviceId, said: LinkGeneration, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        if let Some(link) = meant(peer, said.link, said.generation) {
            let command = LinkCommand::EndOfCandidates { generation: said.generation };
            cx.push(CallEffect::Link { link, command });
        } else if let Some(waiting) = meant_waiting(peer, said.link, said.generation) {
            waiting.complete = true;
        }
    }

    /// The higher device asks for a new generation, or for the next link.
    pub(super) fn restart_asked(&mut self, id: CallId, device: DeviceId, asked: LinkGeneration, cx: &mut Cx<'_>) {
        let Some(peer) = self.peer_mut(id, device) else { return };
        if !peer.links.opener || !peer.may_connect() {
            return;
        }
        let gone = match &peer.links.current {
            Some(link) if asked.link == link.number && asked.generation > link.generation => false,
            Some(link) if asked.link > link.number => true,
            // An older link or generation: what it asks for is on its way.
            Some(_) => return,
            None => true,
        };
        if peer.links.asked.take(cx.now.mono_ms).is_err() {
            return;
        }
        if gone {
            close_current(peer, cx);
        }
        self.renew(id, device, cx);
        self.sync_sound(cx);
    }

    /// Our description is ready.
    pub(super) fn local_description(
        &mut self,
        id: CallId,
        device: DeviceId,
        kind: SdpKind,
        generation: u32,
        sdp: String,
        cx: &mut Cx<'_>,
    ) {
        let Some(number) = self.current_number(id, device, generation) else { return };
        let body = Description { link: number, generation, kind, part: 0, parts: 1, bytes: sdp.into_bytes() };
        cx.push(CallEffect::Pair { call: id, device, body: PairBody::Description(body) });
    }

    /// A candidate of ours.
    pub(super) fn local_candidate(
        &mut self,
        id: CallId,
        device: DeviceId,
        generation: u32,
        candidate: Candidate,
        cx: &mut Cx<'_>,
    ) {
        let Some(link) = self.current_number(id, device, generation) else { return };
        let body = PairBody::Candidates(Candidates { link, generation, list: vec![candidate] });
        cx.push(CallEffect::Pair { call: id, device, body });
    }

    /// We have no more candidates.
    pub(super) fn local_end_of_candidates(&mut self, id: CallId, device: DeviceId, generation: u32, cx: &mut Cx<'_>) {
        let Some(link) = self.current_number(id, device, generation) else { return };
        let body = PairBody::EndOfCandidates(LinkGeneration { link, generation });
        cx.push(CallEffect::Pair { call: id, device, body });
    }

    /// The number of the current link, if this is its generation.
    fn current_number(&mut self, id: CallId, device: DeviceId, generation: u32) -> Option<u32> {
        let link = self.peer_mut(id, device)?.links.current.as_ref()?;
        (link.generation == generation).then_some(link.number)
    }
}

/// The link a peer's message is about, if it is the current one.
fn meant(peer: &Peer, number: u32, generation: u32) -> Option<LinkId> {
    let link = peer.links.current.as_ref()?;
    (link.number == number && link.generation == generation).then_some(link.id)
}

/// The waiting link a peer's message is about.
fn meant_waiting(peer: &mut Peer, number: u32, generation: u32) -> Option<&mut WaitingLink> {
    peer.links.waiting.as_mut().filter(|w| w.number == number && w.generation == generation)
}

/// A link of this number is made and becomes the current one.
fn open(peer: &mut Peer, call: CallId, ice_policy: u8, fresh: Fresh, number: u32, cx: &mut Cx<'_>) {
    let offerer = peer.links.opener;
    cx.push(CallEffect::OpenLink { link: fresh.id, call, device: peer.device, offerer, ice_policy });
    peer.links.last = number;
    peer.links.current = Some(Link {
        id: fresh.id,
        network: fresh.network,
        number,
        generation: 0,
        answered: false,
        up: Up::Connecting,
        ctl_open: false,
        sound: false,
    });
}

fn open_next(peer: &mut Peer, call: CallId, ice_policy: u8, fresh: Fresh, cx: &mut Cx<'_>) {
    let number = peer.links.last.saturating_add(1);
    open(peer, call, ice_policy, fresh, number, cx);
}

/// Asks the lower device for the link after the one that is gone.
fn ask_next(peer: &Peer, call: CallId, cx: &mut Cx<'_>) {
    let which = LinkGeneration { link: peer.links.last.saturating_add(1), generation: 0 };
    cx.push(CallEffect::Pair { call, device: peer.device, body: PairBody::Restart(which) });
}

/// The lower device's description: of a new link, or of a new generation of the one there is.
fn remote_offer(peer: &mut Peer, call: CallId, ice_policy: u8, fresh: Fresh, offered: WaitingLink, cx: &mut Cx<'_>) {
    if let Some(link) = peer.links.current.as_mut().filter(|link| link.number == offered.number) {
        if offered.generation > link.generation {
            link.generation = offered.generation;
            let command = LinkCommand::Apply { kind: SdpKind::Offer, generation: offered.generation, sdp: offered.sdp };
            cx.push(CallEffect::Link { link: link.id, command });
        }
        return;
    }
    let newer = match &peer.links.waiting {
        Some(waiting) => (offered.number, offered.generation) > (waiting.number, waiting.generation),
        None => offered.number > peer.links.last,
    };
    if !newer {
        return;
    }
    close_current(peer, cx);
    if peer.may_connect() {
        take_waiting(peer, call, ice_policy, fresh, offered, cx);
    } else {
        // Nothing of ours goes out before accept: neither an answer nor an address.
        peer.links.waiting = Some(offered);
    }
}

/// Takes up a link that the lower device offered.
fn take_waiting(peer: &mut Peer, call: CallId, ice_policy: u8, fresh: Fresh, offered: WaitingLink, cx: &mut Cx<'_>) {
    open(peer, call, ice_policy, fresh, offered.number, cx);
    let generation = offered.generation;
    if let Some(link) = peer.links.current.as_mut() {
        link.generation = generation;
    }
    let mut tell = |command| cx.push(CallEffect::Link { link: fresh.id, command });
    tell(LinkCommand::Apply { kind: SdpKind::Offer, generation, sdp: offered.sdp });
    for candidate in offered.candidates {
        tell(LinkCommand::Candidate { generation, candidate });
    }
    if offered.complete {
        tell(LinkCommand::EndOfCandidates { generation });
    }
}

/// Closes the link there is, because another one takes its place.
fn close_current(peer: &mut Peer, cx: &mut Cx<'_>) {
    if let Some(link) = peer.links.current.take() {
        cx.push(CallEffect::Link { link: link.id, command: LinkCommand::Close });
    }
}

/// Our status on the link's data channel, if that is open.
pub(super) fn ctl_status(peer: &Peer, status: Status, cx: &mut Cx<'_>) {
    if let Some(link) = peer.links.current.as_ref().filter(|link| link.ctl_open) {
        cx.push(CallEffect::Link { link: link.id, command: LinkCommand::Ctl(CtlBody::Status(status)) });
    }
}
