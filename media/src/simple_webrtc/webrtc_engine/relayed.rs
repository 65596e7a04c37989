//! What a TURN server wraps (RFC 8656): the packet inside is judged like any other.

/// Data indications and what we send as such (RFC 8656 section 18), and the attribute that holds the data.
const INDICATIONS: [[u8; 2]; 2] = [[0x00, 0x16], [0x00, 0x17]];
const DATA: [u8; 2] = [0x00, 0x13];

/// Bytes of the head of a STUN message.
const STUN_HEAD: usize = 20;

/// The packet inside, or the packet itself. What is wrapped wrongly has nothing inside.
pub(super) fn inside(packet: &[u8]) -> &[u8] {
    match packet {
        [64..=79, _, high, low, data @ ..] => {
            data.get(..usize::from(u16::from_be_bytes([*high, *low]))).unwrap_or_default()
        }
        [a, b, ..] if INDICATIONS.contains(&[*a, *b]) => data_attribute(packet).unwrap_or(packet),
        _ => packet,
    }
}

/// The data attribute of a STUN message; attributes are padded to four bytes (RFC 8489 section 14).
fn data_attribute(message: &[u8]) -> Option<&[u8]> {
    let mut rest = message.get(STUN_HEAD..)?;
    while let Some(([kind_high, kind_low, high, low], value)) = rest.split_first_chunk::<4>() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if [*kind_high, *kind_low] == DATA {
            return value.get(..length);
        }
        rest = value.get(length.next_multiple_of(4)..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALERT: [u8; 5] = [21, 0xfe, 0xfd, 0, 0];

    #[test]
    fn what_is_wrapped_comes_out() {
        let channel = [&[0x40, 1, 0, 5][..], &ALERT, &[0, 0, 0]].concat();
        assert_eq!(inside(&channel), ALERT);
        let mut indication = vec![0x00, 0x17, 0, 24];
        indication.extend_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
        indication.extend_from_slice(&[7; 12]);
        indication.extend_from_slice(&[0x00, 0x12, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
        indication.extend_from_slice(&[0x00, 0x13, 0, 5]);
        indication.extend_from_slice(&ALERT);
        assert_eq!(inside(&indication), ALERT);
        assert_eq!(inside(&ALERT), ALERT);
    }

    #[test]
    fn what_is_wrapped_wrongly_has_nothing_inside_and_reads_nothing_beyond() {
        let channel = [&[0x40, 1, 0, 6][..], &ALERT].concat();
        assert_eq!(inside(&channel), [0_u8; 0]);
        for length in 0..40 {
            let mut packet = vec![0xff; length];
            for kind in [0x16, 0x17] {
                packet.iter_mut().take(2).zip([0, kind]).for_each(|(byte, value)| *byte = value);
                assert_eq!(inside(&packet), packet);
            }
        }
    }
}
