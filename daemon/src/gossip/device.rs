//! Device ids and libp2p peer ids: the same Ed25519 key.

use ahoy_protocol::ids::DeviceId;
use libp2p::PeerId;

/// An Ed25519 peer id in binary: identity multihash of 36 bytes, protobuf key type 1, 32 bytes (wire.md 2).
const PREFIX: [u8; 6] = [0x00, 0x24, 0x08, 0x01, 0x12, 0x20];

/// The peer id of a device; none if the id is no form libp2p takes (it takes any 32 bytes).
#[must_use]
pub fn peer_of(device: DeviceId) -> Option<PeerId> {
    PeerId::from_bytes(&[&PREFIX[..], &device.0[..]].concat()).ok()
}

/// The device of a peer id; none if its key isn't Ed25519.
#[must_use]
pub fn device_of(peer: &PeerId) -> Option<DeviceId> {
    let bytes = peer.to_bytes();
    let key = bytes.strip_prefix(&PREFIX)?;
    Some(DeviceId(key.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use libp2p::identity::Keypair;

    #[test]
    fn a_device_is_its_ed25519_key() {
        let mut seed = [7; 32];
        let keys = Keypair::ed25519_from_bytes(&mut seed).unwrap();
        let key = keys.public().try_into_ed25519().unwrap().to_bytes();
        let peer = keys.public().to_peer_id();
        assert_eq!(device_of(&peer), Some(DeviceId(key)));
        assert_eq!(peer_of(DeviceId(key)), Some(peer));
    }

    #[test]
    fn a_peer_with_a_hashed_key_is_no_device() {
        // A SHA-256 multihash, as peer ids of RSA keys are.
        let peer = PeerId::from_bytes(&[&[0x12, 0x20][..], &[1; 32][..]].concat()).unwrap();
        assert_eq!(device_of(&peer), None);
    }
}
