//! The gate's part on a connection, with a puppet as inner handler and no network.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures::future::Either;
use futures::task::noop_waker_ref;
use libp2p::core::upgrade::{InboundUpgrade, OutboundUpgrade, UpgradeInfo};
use libp2p::swarm::handler::{ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, StreamUpgradeError};
use libp2p::swarm::{ConnectionHandler, ConnectionHandlerEvent, Stream, SubstreamProtocol};

use super::handler::{FromHandler, GateHandler, ToHandler};

/// A protocol whose negotiated stream is a number; without a name it is offered no longer.
#[derive(Clone)]
struct Offer(bool);

impl UpgradeInfo for Offer {
    type Info = &'static str;
    type InfoIter = std::option::IntoIter<&'static str>;
    fn protocol_info(&self) -> Self::InfoIter {
        self.0.then_some("/puppet").into_iter()
    }
}

impl InboundUpgrade<Stream> for Offer {
    type Output = usize;
    type Error = Infallible;
    type Future = Ready<Result<usize, Infallible>>;
    fn upgrade_inbound(self, _: Stream, _: &'static str) -> Self::Future {
        ready(Ok(0))
    }
}

impl OutboundUpgrade<Stream> for Offer {
    type Output = usize;
    type Error = Infallible;
    type Future = Ready<Result<usize, Infallible>>;
    fn upgrade_outbound(self, _: Stream, _: &'static str) -> Self::Future {
        ready(Ok(0))
    }
}

/// What the puppet has been told, and what it shall do.
#[derive(Default)]
struct Strings {
    /// The last inbound stream.
    stream: AtomicUsize,
    tired: AtomicBool,
    asks: AtomicBool,
}

struct Puppet(Arc<Strings>);

impl ConnectionHandler for Puppet {
    type FromBehaviour = ();
    type ToBehaviour = ();
    type InboundProtocol = Offer;
    type OutboundProtocol = Offer;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Offer> {
        SubstreamProtocol::new(Offer(!self.0.tired.load(Ordering::Relaxed)), ())
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Offer, (), ()>> {
        if self.0.asks.swap(false, Ordering::Relaxed) {
            let protocol = SubstreamProtocol::new(Offer(true), ());
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        Poll::Pending
    }

    fn on_behaviour_event(&mut self, (): ()) {}

    fn on_connection_event(&mut self, event: ConnectionEvent<Offer, Offer>) {
        if let ConnectionEvent::FullyNegotiatedInbound(inbound) = event {
            self.0.stream.store(inbound.protocol, Ordering::Relaxed);
        }
    }
}

fn puppet() -> (Puppet, Arc<Strings>) {
    let strings = Arc::<Strings>::default();
    (Puppet(Arc::clone(&strings)), strings)
}

fn offers(gate: &GateHandler<Puppet>) -> bool {
    UpgradeInfo::protocol_info(gate.listen_protocol().upgrade()).next().is_some()
}

fn inbound(gate: &mut GateHandler<Puppet>, stream: usize) {
    gate.on_connection_event(ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
        protocol: Either::Left(stream),
        info: (),
    }));
}

fn denied(gate: &mut GateHandler<Puppet>) {
    gate.on_connection_event(ConnectionEvent::DialUpgradeError(DialUpgradeError {
        info: (),
        error: StreamUpgradeError::NegotiationFailed,
    }));
}

fn reports(gate: &mut GateHandler<Puppet>) -> Vec<FromHandler<()>> {
    let mut all = Vec::new();
    while let Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report)) =
        gate.poll(&mut Context::from_waker(noop_waker_ref()))
    {
        all.push(report);
    }
    all
}

fn asks(gate: &mut GateHandler<Puppet>) -> bool {
    let event = gate.poll(&mut Context::from_waker(noop_waker_ref()));
    matches!(event, Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { .. }))
}

#[test]
fn a_closed_gate_offers_nothing_and_keeps_no_connection_alive() {
    let mut gate = GateHandler::<Puppet>::closed();
    assert!(!offers(&gate) && !gate.connection_keep_alive());
    inbound(&mut gate, 1);
    assert!(reports(&mut gate).is_empty());
}

#[test]
fn an_opened_gate_offers_what_the_inner_handler_does() {
    let mut gate = GateHandler::<Puppet>::closed();
    let (inner, strings) = puppet();
    gate.on_behaviour_event(ToHandler::Open(Box::new(inner)));
    assert!(offers(&gate) && gate.connection_keep_alive());
    inbound(&mut gate, 7);
    assert_eq!(strings.stream.load(Ordering::Relaxed), 7);
}

#[test]
fn a_refused_gate_waits_and_hands_the_newest_stream_to_the_next_inner_handler() {
    let mut gate = GateHandler::open(puppet().0);
    denied(&mut gate);
    assert!(matches!(reports(&mut gate)[..], [FromHandler::Refused]));
    assert!(offers(&gate), "the peer may open a stream when it wants us");
    inbound(&mut gate, 1);
    inbound(&mut gate, 2);
    assert!(matches!(reports(&mut gate)[..], [FromHandler::Wanted]), "once");
    let (inner, strings) = puppet();
    gate.on_behaviour_event(ToHandler::Open(Box::new(inner)));
    assert_eq!(strings.stream.load(Ordering::Relaxed), 2);
}

#[test]
fn a_denial_that_crossed_the_peer_s_own_stream_is_asked_again_once() {
    let (inner, strings) = puppet();
    let mut gate = GateHandler::open(inner);
    strings.asks.store(true, Ordering::Relaxed);
    assert!(asks(&mut gate));
    inbound(&mut gate, 1);
    denied(&mut gate);
    assert!(asks(&mut gate));
    denied(&mut gate);
    assert!(matches!(reports(&mut gate)[..], [FromHandler::Refused]), "the second denial counts");
}

#[test]
fn an_inner_handler_that_gave_up_is_reported_and_the_gate_closed() {
    let (inner, strings) = puppet();
    let mut gate = GateHandler::open(inner);
    strings.tired.store(true, Ordering::Relaxed);
    inbound(&mut gate, 1);
    assert!(matches!(reports(&mut gate)[..], [FromHandler::Worn]));
    assert!(!offers(&gate) && !gate.connection_keep_alive());
}
