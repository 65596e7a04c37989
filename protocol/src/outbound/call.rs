//! Call frames.

use ahoy_crypto::call_keys::broadcast_key;
use ahoy_crypto::frame::{self, FrameHead};
use ahoy_crypto::{CallKeys, Secret, SignKey};

use super::{OutboundError, size};
use crate::ids::{CallId, DeviceId};
use crate::wire::bodies::CallBody;
use crate::wire::codec::AnyKind;
use crate::wire::envelope::Type;

/// We, as a sender of call frames in an epoch.
#[derive(Clone, Copy, Debug)]
pub struct FrameSender<'a> {
    /// Call.
    pub call: CallId,
    /// Its keys.
    pub keys: &'a CallKeys,
    /// Our device.
    pub device: DeviceId,
    /// Our key of this call, told in answer and confirm.
    pub signing_key: &'a SignKey,
    /// Number of the epoch.
    pub epoch: u32,
    /// es_n; of epoch 0 the call secret.
    pub epoch_secret: &'a Secret,
    /// Random at every process start and join.
    pub salt: [u8; 16],
}

/// Signs and seals a frame. `counter` is never used twice under a salt. `wanted` asks for a size larger than the
/// smallest that fits.
///
/// # Errors
/// [`OutboundError`].
pub fn call_frame(
    sender: &FrameSender<'_>,
    counter: u64,
    body: &CallBody,
    wanted: Option<usize>,
) -> Result<Vec<u8>, OutboundError> {
    let cbor = body.encode()?;
    let size = size(Type::Call, cbor.len(), wanted)?;
    let slot = sender.keys.slot(sender.device);
    let head = FrameHead { epoch: sender.epoch, slot, salt: sender.salt, counter };
    let key = broadcast_key(&sender.call.0, sender.epoch, sender.epoch_secret, &slot, &sender.salt);
    let topic = sender.keys.call_topic();
    Ok(frame::seal(head, (body.kind(), &cbor), (&key, sender.signing_key), &topic, size)?)
}
