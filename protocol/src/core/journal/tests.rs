//! Rows of joined calls: as they went, and how old they may be.

use super::*;

const ALIVE_MS: u64 = 1_800_000_000_000;

fn row(muted: bool, held: bool, context: Option<Vec<u8>>) -> Row {
    let call = JoinedCall {
        call: CallId([7; 16]),
        first: CallId([if held { 6 } else { 7 }; 16]),
        incoming: true,
        roster: vec![AccountId([1; 32]), AccountId([2; 32])],
        account: AccountId([1; 32]),
        device: DeviceId([3; 32]),
        started_ms: 5,
        accepted_ms: 6,
        context,
        ice_policy: 2,
        muted,
        held,
    };
    Row { call, alive_ms: ALIVE_MS }
}

#[test]
fn a_row_comes_back_as_it_went() {
    for (muted, held, context) in [(true, false, None), (false, true, Some(b"chat 7".to_vec()))] {
        let row = row(muted, held, context);
        assert_eq!(read(&row.call.call.0, &write(&row)), Ok(row));
    }
    assert_eq!(read(&[7; 15], &write(&row(false, false, None))), Err(RowError::Damaged));
    assert_eq!(read(&[7; 16], &[0xa0]), Err(RowError::Damaged));
}

#[test]
fn the_other_side_waits_a_minute_from_the_kill_which_came_up_to_5_s_after_the_row() {
    let row = row(false, false, None);
    let left = |age_ms: u64| left_ms(&row, ALIVE_MS + age_ms);
    assert_eq!((left(0), left(60_000), left(64_999)), (Some(65_000), Some(5_000), Some(1)));
    assert_eq!((left(65_000), left(65_001), left(u64::MAX - ALIVE_MS)), (None, None, None));
    assert_eq!(left_ms(&row, ALIVE_MS - 1), None, "a row of the future");
}
