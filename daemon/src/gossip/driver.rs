//! Between the core's commands and libp2p: maps one to the other, decides nothing about calls.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use ahoy_protocol::core::effect::{Acceptance, NetCommand};
use ahoy_protocol::core::input::{MessageRef, NetEvent, Topic};
use ahoy_protocol::ids::DeviceId;
use libp2p::gossipsub::{self, IdentTopic, MessageAcceptance, MessageId, PublishError, TopicHash};
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::{Multiaddr, PeerId, Swarm};
use tokio::sync::mpsc;

use super::address::{Ours, ip_of, is_loopback};
use super::behaviour::{Behaviours, Gossip};
use super::bucket::Bucket;
use super::counters::Counters;
use super::device::{device_of, peer_of};
use super::dial::{Dials, Discovered, Step};
use super::door::{TcpBeside, is_quic};
use super::outbox::Outbox;
use super::peers::Peers;
use super::ports::{NetConfig, NetOutput, Transport};
use super::prekey::REQUEST_BYTES;
use super::prekey_desk::Desk;
use super::redial::Fresh;
use super::unsent::Unsent;
use super::voicemail::Streams;
use crate::limits::network as limits;

/// The state of the network driver.
pub(crate) struct Driver {
    pub(crate) swarm: Swarm<Behaviours>,
    pub(crate) outbox: Outbox,
    pub(crate) ours: Ours,
    pub(super) counters: Arc<Counters>,
    pub(super) peers: Peers,
    pub(super) dials: Dials,
    pub(super) fresh: Fresh,
    pub(super) discovered: Discovered,
    pub(super) desk: Desk,
    pub(super) voicemail: Streams,
    pub(super) prekeys: Bucket,
    /// When all quiet devices are asked for a sign of life.
    pub(super) idle: Instant,
    tcp_beside: TcpBeside,
    unsent: Unsent,
}

impl Driver {
    /// Nothing is listened on yet.
    pub(crate) fn new(
        (swarm, tcp_beside): (Swarm<Behaviours>, TcpBeside),
        core: mpsc::Sender<NetOutput>,
        counters: Arc<Counters>,
        config: &NetConfig,
    ) -> Self {
        let now = Instant::now();
        let on_loopback = |address: &Multiaddr| ip_of(address).is_some_and(is_loopback);
        let everywhere = |address: &Multiaddr| ip_of(address).is_some_and(|ip| ip.is_unspecified());
        let ours = Ours {
            loopback: config.listen.iter().any(on_loopback),
            wildcard: config.listen.iter().any(everywhere),
            memory: config.transport == Transport::Memory,
            subnets: Vec::new(),
        };
        Self {
            swarm,
            outbox: Outbox::new(core),
            ours,
            counters,
            peers: Peers::default(),
            dials: Dials::default(),
            fresh: Fresh::default(),
            discovered: Discovered::default(),
            desk: Desk::default(),
            voicemail: Streams::default(),
            prekeys: Bucket::new(limits::PREKEY_BURST, limits::PREKEYS_PER_SECOND, now),
            idle: now + limits::PULSE_IDLE,
            tcp_beside,
            unsent: Unsent::default(),
        }
    }

    /// Carries out a command of the core.
    pub(crate) fn on_command(&mut self, command: NetCommand, now: Instant) {
        match command {
            NetCommand::Subscribe(topic) => self.subscribe(topic),
            NetCommand::Unsubscribe(topic) => {
                self.gossip().unsubscribe(&IdentTopic::new(topic.as_str()));
                self.count_topics();
            }
            NetCommand::Publish { topic, data } => self.publish(topic, data, now),
            NetCommand::Verdict { message, acceptance } => self.verdict(&message, acceptance),
            NetCommand::Connect { device, addresses } => self.connect(device, addresses),
            NetCommand::Redial { device, addresses, lost } => self.redial(device, addresses, lost, now),
            NetCommand::Probe => self.probe(now),
            NetCommand::Gossip { device, allowed } => self.set_gossip(device, allowed),
            NetCommand::AskVoicemail { device, request } => self.ask_voicemail(device, request),
            NetCommand::AnswerVoicemail { ticket, answer, sound: _ } => self.answer_voicemail(ticket, answer),
            NetCommand::RequestPrekey { device, request } => self.request_prekey(device, request),
            NetCommand::AnswerPrekey { ticket, answer } => {
                let Some(channel) = self.desk.answered(ticket) else { return };
                let fits = answer.filter(|answer| answer.len() <= limits::PREKEY_ANSWER_BYTES);
                if fits.is_some() {
                    // An error says that the asker is gone. Without an answer the channel is dropped: silence.
                    self.swarm.behaviour_mut().prekey.send_response(channel, fits).unwrap_or_default();
                }
            }
        }
    }

    fn gossip(&mut self) -> &mut Gossip {
        self.swarm.behaviour_mut().gossip.inner_mut()
    }

    fn subscribe(&mut self, topic: Topic) {
        let gossip = self.gossip();
        let full = gossip.topics().count() >= limits::OWN_TOPICS;
        if full || gossip.subscribe(&IdentTopic::new(topic.as_str())).is_err() {
            self.counters.topics_refused.add();
        }
        self.count_topics();
    }

    fn count_topics(&mut self) {
        let held = self.gossip().topics().count();
        self.counters.levels.set_topics(held);
    }

    pub(super) fn publish(&mut self, topic: Topic, data: Vec<u8>, now: Instant) {
        if data.len() > limits::MESSAGE_BYTES {
            self.counters.refused.add();
            return;
        }
        match self.gossip().publish(TopicHash::from_raw(topic.as_str()), data.clone()) {
            Ok(_) => {
                self.counters.published.add();
                self.peers.sent(topic, now);
            }
            Err(PublishError::Duplicate) => {}
            Err(PublishError::NoPeersSubscribedToTopic) => {
                for _ in 0..self.unsent.keep(topic, data, now) {
                    self.counters.unsent.add();
                }
            }
            Err(
                PublishError::AllQueuesFull(_)
                | PublishError::MessageTooLarge
                | PublishError::SigningError(_)
                | PublishError::TransformFailed(_),
            ) => self.counters.refused.add(),
        }
    }

    fn verdict(&mut self, message: &MessageRef, acceptance: Acceptance) {
        let Some(through) = peer_of(message.through) else { return };
        let acceptance = match acceptance {
            Acceptance::Accept => MessageAcceptance::Accept,
            Acceptance::Ignore => MessageAcceptance::Ignore,
            Acceptance::Reject => MessageAcceptance::Reject,
        };
        self.gossip().report_message_validation_result(&MessageId::new(&message.id), &through, acceptance);
    }

    fn set_gossip(&mut self, device: DeviceId, allowed: bool) {
        let Some(peer) = peer_of(device) else { return };
        let behaviours = self.swarm.behaviour_mut();
        if allowed {
            // Strangers must not be able to use up the connections of contacts.
            behaviours.limits.bypass_peer_id(&peer);
            behaviours.gossip.allow(peer);
            self.peers.no_stranger(device);
        } else {
            behaviours.limits.remove_peer_id(&peer);
            behaviours.gossip.disallow(peer);
        }
    }

    fn connect(&mut self, device: DeviceId, addresses: Vec<Vec<u8>>) {
        let Some(peer) = peer_of(device).filter(|peer| peer != self.swarm.local_peer_id()) else {
            self.outbox.event(NetEvent::DialFailed { device, tried: "this is no other device".to_owned() });
            return;
        };
        if self.swarm.is_connected(&peer) {
            return;
        }
        let given = addresses.into_iter().filter_map(|bytes| Multiaddr::try_from(bytes).ok());
        let known = given.chain(self.discovered.of(device).iter().cloned()).collect();
        let step = self.dials.wanted(device, peer, known, &self.ours);
        self.dial(device, peer, step);
    }

    pub(super) fn dial(&mut self, device: DeviceId, peer: PeerId, mut step: Step) {
        loop {
            match step {
                Step::Wait => return,
                Step::Failed(tried) => {
                    self.counters.dials_failed.add();
                    self.outbox.event(NetEvent::DialFailed { device, tried });
                    return;
                }
                Step::Dial(addresses) => {
                    self.counters.dials.add();
                    self.beside(&addresses);
                    // From the port we listen on, two that dial each other at the same moment make one connection on
                    // which both are the dialler, and it comes to nothing; with the same pauses so does the next one.
                    let all = DialOpts::peer_id(peer).addresses(addresses).allocate_new_port();
                    match self.swarm.dial(all.override_dial_concurrency_factor(limits::DIALS_AT_ONCE).build()) {
                        Ok(()) => return,
                        Err(error) => step = self.dials.failed(device, &error),
                    }
                }
            }
        }
    }

    /// These are dialled at once.
    pub(super) fn beside(&self, addresses: &[Multiaddr]) {
        self.tcp_beside.store(!addresses.iter().all(is_quic), Ordering::Relaxed);
    }

    fn request_prekey(&mut self, device: DeviceId, request: Vec<u8>) {
        let peer = peer_of(device).filter(|peer| self.swarm.is_connected(peer));
        match peer {
            Some(peer) if request.len() == REQUEST_BYTES && self.desk.may_ask(device) => {
                let id = self.swarm.behaviour_mut().prekey.send_request(&peer, request);
                self.desk.ask(id, device);
            }
            Some(_) | None => self.outbox.event(NetEvent::Prekey { device, answer: None }),
        }
    }

    /// When [`Driver::on_time`] is wanted.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.peers.iter().filter_map(|(_, peer)| peer.due(self.idle)).min()
    }

    /// Asks the devices whose turn it is for a sign of life, and closes connections that are one too many.
    pub(crate) fn on_time(&mut self, now: Instant) {
        let is_due = |due: Option<Instant>| due.is_some_and(|due| due <= now);
        let due: Vec<DeviceId> =
            self.peers.iter().filter(|(_, peer)| is_due(peer.due(self.idle))).map(|(device, _)| device).collect();
        for device in due {
            let (Some(id), Some(peer)) = (peer_of(device), self.peers.get_mut(device)) else { continue };
            for connection in peer.surplus(now) {
                self.swarm.close_connection(connection);
            }
            if is_due(peer.pulse.due(self.idle)) {
                peer.pulse.ask(now);
                self.counters.pulses.add();
                self.swarm.behaviour_mut().pulse.ask(id);
            }
        }
        if self.idle <= now {
            self.idle = now + limits::PULSE_IDLE;
        }
    }

    pub(super) fn on_gossip(&mut self, event: gossipsub::Event, now: Instant) {
        match event {
            gossipsub::Event::Message { propagation_source, message_id, message } => {
                self.on_message(propagation_source, &message_id, message, now);
            }
            gossipsub::Event::Subscribed { peer_id, topic } => self.on_subscribed(peer_id, &topic, now),
            gossipsub::Event::Unsubscribed { peer_id, topic } => {
                let (Some(device), Some(topic)) = (device_of(&peer_id), Topic::parse(topic.as_str())) else { return };
                if self.peers.get_mut(device).is_some_and(|peer| peer.topics.remove(&topic)) {
                    self.outbox.event(NetEvent::Unsubscribed { device, topic });
                }
            }
            gossipsub::Event::GossipsubNotSupported { .. } | gossipsub::Event::SlowPeer { .. } => {}
        }
    }

    fn on_message(&mut self, source: PeerId, id: &MessageId, message: gossipsub::Message, now: Instant) {
        let (Some(through), Some(topic)) = (device_of(&source), Topic::parse(message.topic.as_str())) else { return };
        if let Some(peer) = self.peers.get_mut(through) {
            peer.pulse.active(now);
            peer.pulse.heard(now);
        }
        let named = MessageRef { id: id.0.clone(), through };
        if self.outbox.try_now(NetOutput::Sealed { topic, data: message.data, message: named.clone() }) {
            self.counters.sealed.add();
        } else {
            self.counters.core_full.add();
            self.verdict(&named, Acceptance::Ignore);
        }
    }

    fn on_subscribed(&mut self, peer: PeerId, topic: &TopicHash, now: Instant) {
        let (Some(device), Some(topic)) = (device_of(&peer), Topic::parse(topic.as_str())) else { return };
        let Some(known) = self.peers.get_mut(device) else { return };
        if !known.topics.insert(topic) {
            return;
        }
        self.outbox.event(NetEvent::Subscribed { device, topic });
        for data in self.unsent.take(topic, now) {
            self.publish(topic, data, now);
        }
    }
}
