//! Two ends of a pulse, over the memory transport.

use futures::StreamExt as _;
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::{Config, NetworkBehaviour, SwarmEvent, dummy};
use libp2p::{Multiaddr, Swarm, Transport as _, noise, yamux};

use super::{Behaviour, Event, Sign};

fn swarm<B: NetworkBehaviour>(behaviour: B) -> Swarm<B> {
    let keys = Keypair::generate_ed25519();
    let transport = MemoryTransport::default()
        .upgrade(Version::V1)
        .authenticate(noise::Config::new(&keys).unwrap())
        .multiplex(yamux::Config::default())
        .boxed();
    Swarm::new(transport, behaviour, keys.public().to_peer_id(), Config::with_tokio_executor())
}

async fn listening<B: NetworkBehaviour>(mut swarm: Swarm<B>) -> (Swarm<B>, Multiaddr) {
    swarm.listen_on("/memory/0".parse().unwrap()).unwrap();
    loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            return (swarm, address);
        }
    }
}

async fn connected(swarm: &mut Swarm<Behaviour>) {
    while !matches!(swarm.select_next_some().await, SwarmEvent::ConnectionEstablished { .. }) {}
}

async fn sign(swarm: &mut Swarm<Behaviour>) -> Sign {
    loop {
        if let SwarmEvent::Behaviour(Event { sign, .. }) = swarm.select_next_some().await {
            return sign;
        }
    }
}

#[tokio::test]
async fn every_question_is_heard_and_answered() {
    let (mut b, address) = listening(swarm(Behaviour::default())).await;
    let mut a = swarm(Behaviour::default());
    a.dial(address).unwrap();
    tokio::join!(connected(&mut a), connected(&mut b));
    for _ in 0..3 {
        let peer = *b.local_peer_id();
        a.behaviour_mut().ask(peer);
        let both = tokio::join!(sign(&mut a), sign(&mut b));
        assert_eq!(both, (Sign::Answered, Sign::Heard));
    }
    let peer = *a.local_peer_id();
    b.behaviour_mut().ask(peer);
    let both = tokio::join!(sign(&mut a), sign(&mut b));
    assert_eq!(both, (Sign::Heard, Sign::Answered));
}

#[tokio::test]
async fn a_peer_that_does_not_speak_it_is_not_silent() {
    let (mut b, address) = listening(swarm(dummy::Behaviour)).await;
    let peer = *b.local_peer_id();
    let mut a = swarm(Behaviour::default());
    a.dial(address).unwrap();
    let asking = async {
        connected(&mut a).await;
        a.behaviour_mut().ask(peer);
        sign(&mut a).await
    };
    let listening = async {
        loop {
            b.select_next_some().await;
        }
    };
    let sign = tokio::select! {
        sign = asking => sign,
        () = listening => unreachable!(),
    };
    assert_eq!(sign, Sign::Failed);
}
