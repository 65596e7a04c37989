//! Which addresses may be dialled. Cards and presence name addresses; whoever made them must not
//! be able to aim our packets at whatever they like.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use if_watch::IpNet;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

/// Where an IP address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Never to be contacted (wire.md 8, CHK-066).
    Never,
    /// 127/8 and ::1.
    Loopback,
    /// The local networks of CHK-067.
    Private,
    /// Anything else.
    Public,
}

/// Why an address isn't dialled; for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not a form that we can dial.
    #[error("not an address of the form /ip4 or /ip6, /tcp")]
    Form,
    /// It names another device.
    #[error("it belongs to another device")]
    Device,
    /// See [`Reach::Never`].
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
    /// The transport is the one in memory: `/memory/N` is all there is.
    pub memory: bool,
    /// The networks of our interfaces.
    pub subnets: Vec<IpNet>,
}

impl Ours {
    /// An interface of ours is private.
    #[must_use]
    pub fn is_private(&self) -> bool {
        self.subnets.iter().any(|net| reach(net.addr()) == Reach::Private)
    }

    /// The peer at this address is near: it is private or in a subnet of ours.
    #[must_use]
    pub fn is_near(&self, ip: IpAddr) -> bool {
        match reach(ip) {
            Reach::Private => true,
            Reach::Public => self.subnets.iter().any(|net| net.contains(&ip)),
            Reach::Loopback | Reach::Never => false,
        }
    }
}

const fn v4(ip: [u8; 4], bits: u8) -> (u32, u8) {
    (u32::from_be_bytes(ip), bits)
}

const NEVER_V4: [(u32, u8); 11] = [
    v4([0, 0, 0, 0], 8),
    v4([169, 254, 0, 0], 16),
    v4([192, 0, 0, 0], 24),
    v4([192, 0, 2, 0], 24),
    v4([198, 51, 100, 0], 24),
    v4([203, 0, 113, 0], 24),
    v4([192, 88, 99, 0], 24),
    v4([224, 0, 0, 0], 4),
    v4([240, 0, 0, 0], 4),
    v4([100, 100, 100, 200], 32),
    v4([168, 63, 129, 16], 32),
];

const PRIVATE_V4: [(u32, u8); 5] = [
    v4([10, 0, 0, 0], 8),
    v4([172, 16, 0, 0], 12),
    v4([192, 168, 0, 0], 16),
    v4([100, 64, 0, 0], 10),
    v4([198, 18, 0, 0], 15),
];

const NEVER_V6: [(Ipv6Addr, u8); 15] = [
    (Ipv6Addr::UNSPECIFIED, 128),
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xfec0, 0, 0, 0, 0, 0, 0, 0), 10),
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x100, 0, 0, 0, 0, 0, 0, 0), 64),
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254), 128),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128),
    // Every form that carries an IPv4 address, whatever is inside.
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0xffff, 0, 0), 96),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96),
    (Ipv6Addr::UNSPECIFIED, 96),
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
    (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32),
];

fn in_v4(ip: Ipv4Addr, (net, bits): (u32, u8)) -> bool {
    (ip.to_bits() ^ net) >> (32 - u32::from(bits)) == 0
}

fn in_v6(ip: Ipv6Addr, (net, bits): (Ipv6Addr, u8)) -> bool {
    (ip.to_bits() ^ net.to_bits()) >> (128 - u32::from(bits)) == 0
}

/// Where an IP address leads.
#[must_use]
pub fn reach(ip: IpAddr) -> Reach {
    match ip {
        IpAddr::V4(ip) if NEVER_V4.iter().any(|net| in_v4(ip, *net)) => Reach::Never,
        IpAddr::V4(ip) if ip.is_loopback() => Reach::Loopback,
        IpAddr::V4(ip) if PRIVATE_V4.iter().any(|net| in_v4(ip, *net)) => Reach::Private,
        IpAddr::V6(Ipv6Addr::LOCALHOST) => Reach::Loopback,
        IpAddr::V6(ip) if NEVER_V6.iter().any(|net| in_v6(ip, *net)) => Reach::Never,
        IpAddr::V6(ip) if in_v6(ip, (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7)) => Reach::Private,
        IpAddr::V4(_) | IpAddr::V6(_) => Reach::Public,
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
        ([Protocol::Ip4(ip), Protocol::Tcp(port)], false) if *port != 0 => IpAddr::V4(*ip),
        ([Protocol::Ip6(ip), Protocol::Tcp(port)], false) if *port != 0 => IpAddr::V6(*ip),
        _ => return Err(Refusal::Form),
    };
    match reach(ip) {
        Reach::Never => Err(Refusal::Never),
        Reach::Loopback if !ours.loopback => Err(Refusal::Loopback),
        Reach::Private if !ours.is_private() => Err(Refusal::Private),
        Reach::Loopback | Reach::Private | Reach::Public => Ok(bare),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach_of(ip: &str) -> Reach {
        reach(ip.parse().unwrap())
    }

    fn verdict(address: &str, ours: &Ours) -> Result<String, Refusal> {
        check(&address.parse().unwrap(), PeerId::random(), ours).map(|a| a.to_string())
    }

    fn in_lan() -> Ours {
        Ours { subnets: vec!["192.168.7.3/24".parse().unwrap()], ..Ours::default() }
    }

    #[test]
    fn addresses_of_check_066_are_never_dialled() {
        for ip in [
            "0.0.0.0",
            "0.255.1.2",
            "169.254.169.254",
            "192.0.0.8",
            "192.0.2.1",
            "198.51.100.7",
            "203.0.113.9",
            "192.88.99.1",
            "224.0.0.251",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "100.100.100.200",
            "168.63.129.16",
            "::",
            "fe80::1",
            "febf::1",
            "fec0::1",
            "ff02::fb",
            "2001:db8::1",
            "100::1",
            "fd00:ec2::254",
            "fd20:ce::254",
            "::ffff:8.8.8.8",
            "::ffff:0:8.8.8.8",
            "::8.8.8.8",
            "::2",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "2002:808:808::1",
            "2001:0:1::1",
        ] {
            assert_eq!(reach_of(ip), Reach::Never, "{ip}");
        }
    }

    #[test]
    fn local_networks_are_told_from_public_ones() {
        for ip in ["127.0.0.1", "127.9.9.9", "::1"] {
            assert_eq!(reach_of(ip), Reach::Loopback, "{ip}");
        }
        for ip in ["10.1.2.3", "172.16.0.1", "172.31.255.1", "192.168.0.1", "100.64.0.1", "198.18.0.1", "fd12::1"] {
            assert_eq!(reach_of(ip), Reach::Private, "{ip}");
        }
        for ip in
            ["8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "198.20.0.1", "2a00::1", "2001:1::1", "::1:0:0:1"]
        {
            assert_eq!(reach_of(ip), Reach::Public, "{ip}");
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
    fn only_plain_tcp_addresses_are_dialled() {
        for address in [
            "/dns4/example.org/tcp/1",
            "/ip4/8.8.8.8/udp/1/quic-v1",
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
