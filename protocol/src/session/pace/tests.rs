//! Tests of `pace`.

use super::{Pace, Paces};
use crate::ids::DeviceId;
use crate::limits::{PACES_MAX, RESEND_FIRST_MAX_MS, RESEND_FIRST_MS};

#[test]
fn a_near_device_is_sent_again_as_soon_as_ever() {
    let mut pace = Pace::default();
    assert_eq!(pace.first_ms(), RESEND_FIRST_MS);
    pace.took(12);
    assert_eq!(pace.first_ms(), RESEND_FIRST_MS);
}

#[test]
fn a_slow_one_is_given_its_time_and_one_slow_answer_is_forgotten_by_quick_ones() {
    let mut pace = Pace::default();
    pace.took(400);
    assert_eq!(pace.first_ms(), 600);
    pace.took(20_000);
    assert_eq!(pace.first_ms(), RESEND_FIRST_MAX_MS);
    (0..5).for_each(|_| pace.took(40));
    assert_eq!(pace.first_ms(), RESEND_FIRST_MS);
}

#[test]
fn doubts_double_the_time_up_to_a_bound() {
    let mut pace = Pace::default();
    let times: Vec<u64> = (0..6)
        .map(|_| {
            pace.doubt();
            pace.first_ms()
        })
        .collect();
    assert_eq!(times, [150, 300, 375, 375, 375, 375]);
}

#[test]
fn the_number_of_devices_is_bounded() {
    let mut paces = Paces::default();
    for number in 0..2 * PACES_MAX {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        paces.of_mut(DeviceId(bytes)).took(300);
        assert_eq!(paces.of(DeviceId(bytes)).first_ms(), 450);
        assert!(paces.known.len() <= PACES_MAX);
    }
}
