//! Media of the test's world: links connect as soon as both descriptions are applied, sound is instant.

use super::world::World;
use crate::call::signal::{LinkEnd, LinkEvent};
use crate::core::effect::MediaCommand;
use crate::core::input::Input;
use crate::ids::LinkId;
use crate::wire::bodies::SdpKind;

impl World {
    pub(crate) fn media_command(&mut self, n: usize, command: MediaCommand) {
        match command {
            MediaCommand::Open { link, offerer, .. } => {
                self.nodes[n].links.insert(link, None);
                if offerer {
                    self.describe(n, link, SdpKind::Offer);
                }
            }
            MediaCommand::Apply { link, kind, sdp, .. } => self.apply(n, link, kind, &sdp),
            MediaCommand::Send { link, on } => {
                let sending = &mut self.nodes[n].sending;
                if on {
                    sending.insert(link)
                } else {
                    sending.remove(&link)
                };
                self.first_audio();
            }
            MediaCommand::Play { link, on } => {
                let playing = &mut self.nodes[n].playing;
                if on {
                    playing.insert(link)
                } else {
                    playing.remove(&link)
                };
                self.first_audio();
            }
            MediaCommand::Ctl { link, message } => {
                if let Some((other, theirs)) = self.nodes[n].links.get(&link).copied().flatten() {
                    self.send(n, other, Input::Ctl { link: theirs, message });
                }
            }
            MediaCommand::Close { link } => self.close(n, link),
            MediaCommand::Microphone { open } => {
                self.nodes[n].microphone = open;
                self.first_audio();
            }
            MediaCommand::Restart { link, .. } => self.describe(n, link, SdpKind::Offer),
            MediaCommand::Record { on } => self.record(n, on),
            MediaCommand::Recording(_)
            | MediaCommand::Candidate { .. }
            | MediaCommand::EndOfCandidates { .. }
            | MediaCommand::Mute { .. } => {}
        }
    }

    fn describe(&mut self, n: usize, link: LinkId, kind: SdpKind) {
        let print = "AB:".repeat(31) + "AB";
        let sdp = format!(
            "v=0\r\no=- {n} {} IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=fingerprint:sha-256 {print}\r\n",
            link.0
        );
        let event = LinkEvent::Description { kind, generation: 0, sdp };
        self.inbox.push_back((n, Input::Link { link, event }));
    }

    fn apply(&mut self, n: usize, link: LinkId, kind: SdpKind, sdp: &str) {
        // A description that this world didn't make leads nowhere.
        let mut words = sdp.lines().nth(1).unwrap_or_default().split(' ').skip(1).map(str::parse);
        let (Some(Ok(other)), Some(Ok(theirs))) = (words.next(), words.next()) else { return };
        let other = usize::try_from(other).unwrap();
        if other >= self.nodes.len() || !self.nodes[other].links.contains_key(&LinkId(theirs)) {
            return;
        }
        self.nodes[n].links.insert(link, Some((other, LinkId(theirs))));
        match kind {
            SdpKind::Offer => self.describe(n, link, SdpKind::Answer),
            SdpKind::Answer if self.media && !self.network.parts(n, other) => {
                for (node, link) in [(n, link), (other, LinkId(theirs))] {
                    for event in [LinkEvent::Connected, LinkEvent::CtlOpen] {
                        self.inbox.push_back((node, Input::Link { link, event }));
                    }
                }
                // Whoever accepted before the link was there sends already.
                self.first_audio();
            }
            SdpKind::Answer => {}
        }
    }

    pub(super) fn first_audio(&mut self) {
        for n in 0..self.nodes.len() {
            for (link, other) in self.nodes[n].links.clone() {
                let Some((other, theirs)) = other else { continue };
                let flows = self.nodes[n].playing.contains(&link)
                    && self.nodes[other].sending.contains(&theirs)
                    && self.nodes[other].microphone;
                if flows && self.media && !self.network.parts(n, other) {
                    self.inbox.push_back((n, Input::Link { link, event: LinkEvent::FirstAudio }));
                }
            }
        }
    }

    fn close(&mut self, n: usize, link: LinkId) {
        let node = &mut self.nodes[n];
        let other = node.links.remove(&link);
        node.sending.remove(&link);
        node.playing.remove(&link);
        self.inbox.push_back((n, Input::Link { link, event: LinkEvent::Closed(LinkEnd::Local) }));
        // The other end notices, and everything it held is released as well.
        if let Some(Some((other, theirs))) = other
            && self.nodes[other].links.remove(&theirs).is_some()
        {
            self.nodes[other].sending.remove(&theirs);
            self.nodes[other].playing.remove(&theirs);
            let event = LinkEvent::Closed(LinkEnd::Remote);
            self.stream(n, other, Input::Link { link: theirs, event });
        }
    }
}
