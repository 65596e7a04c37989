//! Made-up links: descriptions cross, links come up, sound flows while both ends let it.

use super::world::{Event, FakeLink, World};
use crate::call::effect::{CallEffect, LinkCommand};
use crate::call::recording::{RecordEffect, RecordingEvent};
use crate::call::signal::{CallInput, LinkEnd, LinkEvent};
use crate::ids::LinkId;
use crate::wire::bodies::{Candidate, SdpKind};

/// An SDP that names where it comes from.
fn sdp(node: usize, link: LinkId) -> String {
    format!("{node}/{}", link.0)
}

fn parse(sdp: &str) -> (usize, LinkId) {
    let (node, link) = sdp.split_once('/').unwrap();
    (node.parse().unwrap(), LinkId(link.parse().unwrap()))
}

impl World {
    fn tell(&mut self, node: usize, link: LinkId, after_ms: u64, event: LinkEvent) {
        self.at(self.now_ms + after_ms, node, Event::Input(Box::new(CallInput::Link { link, event })));
    }

    /// A description and its candidates.
    fn describe(&mut self, node: usize, link: LinkId, kind: SdpKind, generation: u32) {
        self.tell(node, link, 1, LinkEvent::Description { kind, generation, sdp: sdp(node, link) });
        let ip = std::net::IpAddr::from([127, 0, 0, 1]);
        let candidate = Candidate { kind: 0, protocol: 0, ip, port: 5000, priority: 1 };
        self.tell(node, link, 1, LinkEvent::Candidate { generation, candidate });
        self.tell(node, link, 2, LinkEvent::EndOfCandidates { generation });
    }

    /// Carries out what is the media layer's.
    pub(super) fn media(&mut self, node: usize, effect: &CallEffect) {
        if let CallEffect::OpenLink { link, offerer, .. } = effect {
            self.links.insert((node, *link), FakeLink::default());
            if *offerer {
                self.describe(node, *link, SdpKind::Offer, 0);
            }
        }
        if let CallEffect::Record(RecordEffect::Start { number, .. }) = effect {
            let begun = RecordingEvent::Begun { folder: "/call".to_owned() };
            let input = CallInput::Recording { number: *number, event: begun };
            self.at(self.now_ms + 1, node, Event::Input(Box::new(input)));
        }
        if let CallEffect::Link { link, command } = effect {
            self.link_command(node, *link, command);
        }
    }

    fn link_command(&mut self, node: usize, id: LinkId, command: &LinkCommand) {
        let latency_ms = self.rules.latency_ms;
        let media = self.rules.media;
        let Some(link) = self.links.get_mut(&(node, id)) else { return };
        match command {
            LinkCommand::Apply { kind, generation, sdp } => {
                link.remote = Some(parse(sdp));
                match kind {
                    SdpKind::Offer => self.describe(node, id, SdpKind::Answer, *generation),
                    SdpKind::Answer => self.at(self.now_ms + latency_ms, node, Event::Up(id)),
                }
            }
            LinkCommand::Restart { generation } => self.describe(node, id, SdpKind::Offer, *generation),
            LinkCommand::Send { on } => {
                link.send = *on;
                self.sound(node, id);
            }
            LinkCommand::Play { on } => {
                link.play = *on;
                link.heard = false;
                self.sound(node, id);
            }
            LinkCommand::Ctl(body) => {
                if let (Some((other, remote)), true, true) = (link.remote, link.up, media) {
                    let input = CallInput::Ctl { link: remote, body: *body };
                    self.at(self.now_ms + latency_ms, other, Event::Input(Box::new(input)));
                }
            }
            LinkCommand::Close => {
                let remote = link.remote.filter(|_| link.up);
                self.tell(node, id, 0, LinkEvent::Closed(LinkEnd::Local));
                match remote {
                    Some((other, remote)) if media => {
                        self.tell(other, remote, latency_ms, LinkEvent::Closed(LinkEnd::Remote));
                    }
                    // Nobody hears it: there are only no more packets.
                    Some((other, remote)) => self.at(self.now_ms + 2_000, other, Event::Quiet(remote)),
                    None => {}
                }
            }
            LinkCommand::Candidate { .. } | LinkCommand::EndOfCandidates { .. } => {}
        }
    }

    /// Both ends have what they need.
    pub(super) fn link_comes_up(&mut self, node: usize, id: LinkId) {
        let Some(link) = self.links.get(&(node, id)) else { return };
        let Some((other, remote)) = link.remote else { return };
        if !self.rules.media || !self.nodes[other].alive || !self.links.contains_key(&(other, remote)) {
            return;
        }
        for (node, id) in [(node, id), (other, remote)] {
            let Some(link) = self.links.get_mut(&(node, id)) else { continue };
            let (first, quiet) = (!link.up, link.quiet);
            (link.up, link.ctl_open, link.quiet) = (true, true, false);
            if first {
                self.tell(node, id, 0, LinkEvent::Connected);
                self.tell(node, id, 0, LinkEvent::CtlOpen);
            } else if quiet {
                self.tell(node, id, 0, LinkEvent::Resumed);
            }
        }
        self.sound(node, id);
        self.sound(other, remote);
    }

    /// Tells who plays that the first sound has come.
    fn sound(&mut self, node: usize, id: LinkId) {
        let Some((other, remote)) = self.links.get(&(node, id)).and_then(|l| l.remote) else { return };
        for (hears, speaks) in [((node, id), (other, remote)), ((other, remote), (node, id))] {
            let flows = self.links.get(&speaks).is_some_and(|l| l.up && l.send) && self.rules.media;
            let Some(link) = self.links.get_mut(&hears) else { continue };
            if flows && link.up && link.play && !link.heard {
                link.heard = true;
                let latency_ms = self.rules.latency_ms;
                self.tell(hears.0, hears.1, latency_ms, LinkEvent::FirstAudio);
            }
        }
    }

    /// Media pass again, or no longer.
    pub(super) fn set_media(&mut self, pass: bool) {
        self.rules.media = pass;
        let links: Vec<_> = self.links.iter().filter(|(_, l)| l.up).map(|(key, _)| *key).collect();
        for (node, id) in links {
            if self.other_end_is_gone(node, id) {
                self.at(self.now_ms + 2_000, node, Event::Quiet(id));
            } else if pass {
                let back = self.links.get_mut(&(node, id)).is_some_and(|l| std::mem::replace(&mut l.quiet, false));
                if back {
                    self.tell(node, id, 1, LinkEvent::Resumed);
                }
                self.sound(node, id);
            } else {
                self.at(self.now_ms + 2_000, node, Event::Quiet(id));
            }
        }
    }

    fn other_end_is_gone(&self, node: usize, id: LinkId) -> bool {
        let remote = self.links.get(&(node, id)).and_then(|link| link.remote);
        remote.is_some_and(|end| !self.nodes[end.0].alive || !self.links.contains_key(&end))
    }

    /// Two seconds after the media stopped.
    pub(super) fn link_is_quiet(&mut self, node: usize, id: LinkId) {
        let dead = self.other_end_is_gone(node, id) || !self.rules.media;
        let Some(link) = self.links.get_mut(&(node, id)) else { return };
        if dead && !link.quiet {
            link.quiet = true;
            self.tell(node, id, 0, LinkEvent::Interrupted);
        }
    }

    /// The node of this end has died.
    pub(super) fn links_end_dies(&mut self, node: usize, id: LinkId) {
        let Some(link) = self.links.remove(&(node, id)) else { return };
        if let (Some((other, remote)), true) = (link.remote, link.up) {
            self.at(self.now_ms + 2_000, other, Event::Quiet(remote));
        }
    }
}
