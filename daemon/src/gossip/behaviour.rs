//! What we speak on a connection, and with which settings.

use std::sync::Arc;
use std::time::Duration;

use libp2p::connection_limits::{self, ConnectionLimits};
use libp2p::gossipsub::{self, ConfigBuilder, Message, MessageAuthenticity, MessageId, ValidationMode};
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{PeerId, mdns};
use sha2::{Digest, Sha256};

use super::counters::Counters;
use super::filter::{Filter, filter};
use super::first_checks::FirstChecks;
use super::gate::Gate;
use super::ports::NetError;
use super::{prekey, pulse, voicemail};
use crate::limits::network as limits;

/// gossipsub with our checks and our filter.
pub(crate) type Gossip = gossipsub::Behaviour<FirstChecks, Filter>;

/// Everything we speak. The limits stand first: what they deny, the others never hear of.
#[derive(NetworkBehaviour)]
pub(crate) struct Behaviours {
    pub(crate) limits: connection_limits::Behaviour,
    pub(crate) gossip: Gate<Gossip>,
    pub(crate) prekey: prekey::Behaviour,
    pub(crate) voicemail: voicemail::Behaviour,
    pub(crate) pulse: pulse::Behaviour,
    pub(crate) mdns: Toggle<mdns::tokio::Behaviour>,
}

/// Makes the behaviours.
///
/// # Errors
/// [`NetError::Setup`] if libp2p refuses a setting.
pub(crate) fn behaviours(peer: PeerId, counters: Arc<Counters>, mdns: bool) -> Result<Behaviours, NetError> {
    let checks = FirstChecks::new(counters);
    let gossip = gossip(checks.clone())?;
    Ok(Behaviours {
        limits: connection_limits::Behaviour::new(connection_limits()),
        gossip: Gate::new(gossip, move |peer| checks.reads(peer)),
        prekey: prekey::behaviour(),
        voicemail: voicemail::behaviour(),
        pulse: pulse::Behaviour::default(),
        mdns: discovery(peer, mdns).into(),
    })
}

/// gossipsub keeps of a message what names it: H(topic ‖ data)[..20] (wire.md 4).
fn message_id(message: &Message) -> MessageId {
    let hash = Sha256::new().chain_update(message.topic.as_str()).chain_update(&message.data).finalize();
    MessageId::new(&hash[..20])
}

fn gossip(checks: FirstChecks) -> Result<Gossip, NetError> {
    let config = ConfigBuilder::default()
        // No author, no sequence number, no signature; messages that carry one are refused.
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(message_id)
        .flood_publish(true)
        // gossipsub 0.50 arms this timer only when it is polled, and polls it before the reset: after the
        // first beat of a silence there is none until something happens, then one at once. So an idle
        // daemon doesn't wake for it (measured: 10 wake-ups a minute with 20 peers, pulses every 240 s). Were that mended, 1 s would cost 120 wake-ups a minute.
        .heartbeat_interval(Duration::from_secs(1))
        // Subscribers known before we join are grafted at the first heartbeat.
        .heartbeat_initial_delay(Duration::from_secs(1))
        .max_transmit_size(limits::RPC_BYTES)
        .max_control_message_size(limits::CONTROL_BYTES)
        .max_publish_messages(limits::MESSAGES_PER_RPC)
        .connection_handler_queue_len(limits::SEND_QUEUE)
        .build()
        .map_err(|error| NetError::Setup(error.to_string()))?;
    Gossip::new_with_subscription_filter_and_transform(
        MessageAuthenticity::Anonymous,
        config,
        filter(checks.clone()),
        checks,
    )
    .map_err(|error| NetError::Setup(error.to_owned()))
}

fn connection_limits() -> ConnectionLimits {
    ConnectionLimits::default()
        .with_max_pending_incoming(Some(limits::PENDING_INCOMING))
        .with_max_established(Some(limits::CONNECTIONS))
        .with_max_established_per_peer(Some(limits::CONNECTIONS_PER_DEVICE))
}

/// None if it is switched off, or cannot work here: the daemon is of use without it.
fn discovery(peer: PeerId, mdns: bool) -> Option<mdns::tokio::Behaviour> {
    if !mdns {
        return None;
    }
    mdns::tokio::Behaviour::new(mdns::Config::default(), peer)
        .inspect_err(|error| tracing::warn!(%error, "no discovery on the local network"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use libp2p::gossipsub::TopicHash;

    fn id(topic: &str, data: &[u8]) -> MessageId {
        let topic = TopicHash::from_raw(topic);
        message_id(&Message { source: None, data: data.to_vec(), sequence_number: None, topic })
    }

    #[test]
    fn a_message_is_named_by_topic_and_content() {
        // sha256("ab"), first 20 bytes.
        assert_eq!(id("a", b"b").to_string(), "fb8e20fc2e4c3f248c60c39bd652f3c1347298bb");
        assert_ne!(id("a", b"b"), id("a", b"c"));
        assert_ne!(id("a", b"b"), id("c", b"b"));
    }
}
