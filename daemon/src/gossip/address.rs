//! Which addresses may be dialled. Cards and presence name addresses; whoever made them must not
//! be able to aim our packets at whatever they like.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ahoy_protocol::inbound::doors::{Local, is_forbidden, is_local};
use if_watch::IpNet;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// Why an address isn't dialled; for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a form that we can dial.
    #[error("not an address of the form /ip4 or /ip6, then /tcp or /udp with /quic-v1")]
    Form,
    /// It names another device.
    #[error("it belongs to another device")]
    Device,
    /// Never to be contacted (wire.md 8, CHK-066).
    #[error("an address nobody may be sent to")]
    Never,
    /// We don't listen on loopback.
    #[error("a loopback address, and this daemon doesn't listen on loopback")]
    Loopback,
    /// No interface of ours is private.
    #[error("a private address, and this machine isn't in a private network")]
    Private,
}

/// What our own addresses allow.
#[derive(Clone, Debug, Default)]
pub struct Ours {
    /// We listen on loopback on purpose (not by a wildcard).
    pub loopback: bool,
    /// We listen on all interfaces, so also on loopback.
    pub wildcard: bool,
    /// The transport is the one in memory: `/memory/N` is all there is.
    pub memory: bool,
    /// The networks of our interfaces.
    pub subnets: Vec<IpNet>,
}

impl Ours {
    /// An interface of ours is private.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.subnets.iter().any(|net| is_local(net.addr()) == Some(Local::Private))
    }

    /// The peer at this address is near: it is private or in a subnet of ours.
    #[must_use]
    pub fn is_near(&self, ip: IpAddr) -> bool {
        match is_local(ip) {
            Some(Local::Private) => true,
            Some(Local::Loopback) => false,
            None => self.subnets.iter().any(|net| net.contains(&ip)),
        }
    }
}

/// The IP address at the head of a multiaddr.
#[must_use]
pub fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => Some(IpAddr::V4(ip)),
        Some(Protocol::Ip6(ip)) => Some(IpAddr::V6(ip)),
        _ => None,
    }
}

/// 127/8 or ::1.
#[must_use]
pub fn is_loopback(ip: IpAddr) -> bool {
    is_local(ip) == Some(Local::Loopback)
}

/// The address without the device in it, if it may be dialled to reach `device`.
///
/// # Errors
/// Why it may not.
pub fn check(address: &Multiaddr, device: PeerId, ours: &Ours) -> Result<Multiaddr, Refusal> {
    let mut bare = address.clone();
    if let Some(Protocol::P2p(named)) = bare.iter().last() {
        if named != device {
            return Err(Refusal::Device);
        }
        bare.pop();
    }
    let parts: Vec<Protocol<'_>> = bare.iter().collect();
    let ip = match (parts.as_slice(), ours.memory) {
        ([Protocol::Memory(port)], true) if *port != 0 => return Ok(bare),
        ([_, Protocol::Tcp(port)] | [_, Protocol::Udp(port), Protocol::QuicV1], false) if *port != 0 => {
            ip_of(&bare).ok_or(Refusal::Form)?
        }
        _ => return Err(Refusal::Form),
    };
    if is_forbidden(ip) {
        return Err(Refusal::Never);
    }
    match is_local(ip) {
        Some(Local::Loopback) if !ours.loopback => Err(Refusal::Loopback),
        Some(Local::Private) if !ours.is_private() => Err(Refusal::Private),
        Some(Local::Loopback | Local::Private) | None => Ok(bare),
    }
}

/// The same port over loopback, if the address is one of our own interfaces': a device that says it is there is
/// on this machine, where loopback leads to it whatever the interface's address is.
#[must_use]
pub fn on_this_machine(address: &Multiaddr, ours: &Ours) -> Option<Multiaddr> {
    let ip = ip_of(address)?;
    let own = ours.wildcard && ours.subnets.iter().any(|net| net.addr() == ip);
    let there = Multiaddr::empty().with(match ip {
        IpAddr::V4(_) => Protocol::Ip4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => Protocol::Ip6(Ipv6Addr::LOCALHOST),
    });
    let parts: Vec<Protocol<'_>> = address.iter().skip(1).collect();
    match parts.as_slice() {
        [Protocol::Tcp(port), ..] if own && *port != 0 => Some(there.with(Protocol::Tcp(*port))),
        [Protocol::Udp(port), Protocol::QuicV1, ..] if own && *port != 0 => {
            Some(there.with(Protocol::Udp(*port)).with(Protocol::QuicV1))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(address: &str, ours: &Ours) -> Result<String, Refusal> {
        check(&address.parse().unwrap(), PeerId::random(), ours).map(|a| a.to_string())
    }

    fn in_lan() -> Ours {
        Ours { subnets: vec!["192.168.7.3/24".parse().unwrap()], ..Ours::default() }
    }

    #[test]
    fn addresses_of_check_066_are_never_dialled() {
        let ours = Ours { loopback: true, ..in_lan() };
        for ip in ["ip4/0.0.0.0", "ip4/169.254.169.254", "ip4/224.0.0.251", "ip6/fe80::1", "ip6/::ffff:8.8.8.8"] {
            assert_eq!(verdict(&format!("/{ip}/tcp/4001"), &ours), Err(Refusal::Never), "{ip}");
        }
    }

    #[test]
    fn loopback_is_dialled_only_by_who_listens_there() {
        let ours = Ours { loopback: true, ..Ours::default() };
        assert_eq!(verdict("/ip4/127.0.0.1/tcp/4001", &Ours::default()), Err(Refusal::Loopback));
        assert_eq!(verdict("/ip4/127.0.0.1/tcp/4001", &ours), Ok("/ip4/127.0.0.1/tcp/4001".into()));
    }

    #[test]
    fn private_addresses_are_dialled_only_from_private_networks() {
        assert_eq!(verdict("/ip4/192.168.1.5/tcp/4001", &Ours::default()), Err(Refusal::Private));
        assert!(verdict("/ip4/192.168.1.5/tcp/4001", &in_lan()).is_ok());
        assert!(verdict("/ip6/2a00::5/tcp/4001", &Ours::default()).is_ok());
    }

    #[test]
    fn a_device_at_an_address_of_ours_is_reached_over_loopback() {
        let ours = Ours { wildcard: true, subnets: vec!["192.0.2.2/24".parse().unwrap()], ..Ours::default() };
        let there =
            |address: &str, ours: &Ours| on_this_machine(&address.parse().unwrap(), ours).map(|a| a.to_string());
        assert_eq!(there("/ip4/192.0.2.2/tcp/4001", &ours), Some("/ip4/127.0.0.1/tcp/4001".into()));
        assert_eq!(there("/ip4/192.0.2.3/tcp/4001", &ours), None);
        assert_eq!(there("/ip4/192.0.2.2/tcp/0", &ours), None);
        assert_eq!(there("/ip4/192.0.2.2/tcp/4001", &Ours { wildcard: false, ..ours }), None);
    }

    #[test]
    fn quic_is_dialled_by_the_same_rules() {
        let good = "/ip4/8.8.8.8/udp/4001/quic-v1";
        assert_eq!(verdict(good, &Ours::default()), Ok(good.into()));
        assert!(verdict("/ip6/2a00::5/udp/4001/quic-v1", &Ours::default()).is_ok());
        assert_eq!(verdict("/ip4/169.254.169.254/udp/53/quic-v1", &in_lan()), Err(Refusal::Never));
        assert_eq!(verdict("/ip4/127.0.0.1/udp/53/quic-v1", &in_lan()), Err(Refusal::Loopback));
        assert_eq!(verdict("/ip4/192.168.1.5/udp/53/quic-v1", &Ours::default()), Err(Refusal::Private));
        let ours = Ours { wildcard: true, subnets: vec!["192.0.2.2/24".parse().unwrap()], ..Ours::default() };
        let there = on_this_machine(&"/ip4/192.0.2.2/udp/4001/quic-v1".parse().unwrap(), &ours);
        assert_eq!(there, Some("/ip4/127.0.0.1/udp/4001/quic-v1".parse().unwrap()));
    }

    #[test]
    fn other_forms_are_not_dialled() {
        for address in [
            "/dns4/example.org/tcp/1",
            "/ip4/8.8.8.8/udp/1",
            "/ip4/8.8.8.8/udp/0/quic-v1",
            "/ip4/8.8.8.8/udp/1/quic",
            "/ip4/8.8.8.8/udp/1/quic-v1/webtransport",
            "/dns4/example.org/udp/1/quic-v1",
            "/ip4/8.8.8.8/tcp/0",
            "/ip4/8.8.8.8",
            "/ip4/8.8.8.8/tcp/1/ws",
            "/memory/7",
            "/ip4/8.8.8.8/tcp/1/ip4/127.0.0.1/tcp/2",
        ] {
            assert_eq!(verdict(address, &in_lan()), Err(Refusal::Form), "{address}");
        }
    }

    #[test]
    fn an_address_that_names_another_device_is_refused() {
        let (device, other) = (PeerId::random(), PeerId::random());
        let of = |peer: PeerId| format!("/ip4/8.8.8.8/tcp/1/p2p/{peer}").parse::<Multiaddr>().unwrap();
        assert_eq!(check(&of(other), device, &Ours::default()), Err(Refusal::Device));
        let bare = check(&of(device), device, &Ours::default()).unwrap();
        assert_eq!(bare.to_string(), "/ip4/8.8.8.8/tcp/1");
    }

    #[test]
    fn a_peer_in_a_public_subnet_of_ours_is_near() {
        let ours = Ours { subnets: vec!["2a00:1:2:3::7/64".parse().unwrap()], ..Ours::default() };
        assert!(ours.is_near("2a00:1:2:3::99".parse().unwrap()));
        assert!(!ours.is_near("2a00:1:2:4::99".parse().unwrap()));
        assert!(ours.is_near("192.168.1.1".parse().unwrap()));
        assert!(!ours.is_near("127.0.0.1".parse().unwrap()));
        assert!(!ours.is_private());
    }
}
