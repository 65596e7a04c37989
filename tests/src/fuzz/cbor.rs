//! CBOR bodies against a reader of our own that knows nothing but docs/wire.md section 3.

use ahoy_protocol::wire::bodies::{CallBody, CtlBody, Hello, InboxBody};
use ahoy_protocol::wire::codec::PairRead;

/// Levels of nesting that a body may have.
const NESTING_MAX: u32 = 4;
/// Items that a container may have.
const ITEMS_MAX: u64 = 64;
/// The highest kind of any family.
const LAST_KIND: u8 = 13;

/// The bytes as the body of every kind there is: whatever takes them, they are the one allowed way to write something.
///
/// # Panics
/// If something is accepted that isn't canonical.
pub fn run(data: &[u8]) {
    let mut accepted = Hello::decode(data).is_ok();
    for kind in 0..=LAST_KIND + 1 {
        accepted |= InboxBody::decode(kind, data).is_ok();
        accepted |= CallBody::decode(kind, data).is_ok();
        accepted |= CtlBody::decode(kind, data).is_ok();
        accepted |= PairRead::decode(kind, data).is_ok();
    }
    if accepted {
        assert!(is_canonical(data), "accepted, but not canonical: {data:02x?}");
    }
}

/// One map, definite, shortest forms, ascending unsigned keys, nothing that the document doesn't allow.
#[must_use]
pub fn is_canonical(data: &[u8]) -> bool {
    data.first().is_some_and(|byte| byte >> 5 == 5) && item(data, NESTING_MAX) == Some(&[])
}

/// Major type and argument of the item's head, and what follows.
fn head(data: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (first, rest) = data.split_first()?;
    let width = match first & 31 {
        small @ 0..=23 => return Some((first >> 5, u64::from(small), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        28.. => return None,
    };
    let (digits, rest) = rest.split_at_checked(width)?;
    let value = digits.iter().fold(0, |sum: u64, digit| sum << 8 | u64::from(*digit));
    let least = [(1, 24), (2, 1 << 8), (4, 1 << 16), (8, 1 << 32)].into_iter().find(|(w, _)| *w == width)?.1;
    (value >= least).then_some((first >> 5, value, rest))
}

/// What follows an item; none if the item isn't allowed.
fn item(data: &[u8], levels: u32) -> Option<&[u8]> {
    let (major, value, mut rest) = head(data)?;
    match major {
        0 => Some(rest),
        2 | 3 => {
            let (text, rest) = rest.split_at_checked(usize::try_from(value).ok()?)?;
            (major == 2 || std::str::from_utf8(text).is_ok()).then_some(rest)
        }
        4 | 5 => {
            let levels = levels.checked_sub(1)?;
            let mut last = None;
            for _ in 0..Some(value).filter(|count| *count <= ITEMS_MAX)? {
                if major == 5 {
                    let (0, key, behind) = head(rest)? else { return None };
                    let rises = last.is_none_or(|last| key > last);
                    last = Some(key).filter(|_| rises);
                    last?;
                    rest = behind;
                }
                rest = item(rest, levels)?;
            }
            Some(rest)
        }
        _ => None,
    }
}
