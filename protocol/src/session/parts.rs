//! Session descriptions that are longer than a pair frame: cut on one side, joined on the other.

use crate::limits::{DESCRIPTION_MAX_BYTES, DESCRIPTION_PART_BYTES};
use crate::wire::bodies::{Description, SdpKind};

/// Cuts a whole description into the parts that travel; empty if it is empty or longer than 16 KiB,
/// for such a one the other side refuses.
pub(super) fn split(whole: &Description) -> Vec<Description> {
    if whole.bytes.len() > DESCRIPTION_MAX_BYTES {
        return Vec::new();
    }
    let parts = u8::try_from(whole.bytes.len().div_ceil(DESCRIPTION_PART_BYTES)).unwrap_or(0);
    let cut = whole.bytes.chunks(DESCRIPTION_PART_BYTES).zip(0..parts);
    cut.map(|(bytes, part)| Description { part, parts, bytes: bytes.to_vec(), ..*whole }).collect()
}

/// What a description's parts have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Title {
    link: u32,
    generation: u32,
    kind: SdpKind,
    parts: u8,
}

/// Joins parts that come in order. One description at a time: a new first part replaces what was
/// there, so a sender that never finishes costs 16 KiB.
#[derive(Debug, Default)]
pub(super) struct Joiner {
    open: Option<(Title, u8, Vec<u8>)>,
}

impl Joiner {
    /// Takes a part; gives the whole (as part 0 of 1) when it was the last one. A part that doesn't
    /// follow is dropped with what was there.
    pub(super) fn take(&mut self, part: Description) -> Option<Description> {
        let title = Title { link: part.link, generation: part.generation, kind: part.kind, parts: part.parts };
        let mut bytes = match self.open.take() {
            _ if part.part == 0 => Vec::new(),
            Some((open, next, bytes)) if open == title && next == part.part => bytes,
            Some(_) | None => return None,
        };
        if bytes.len() + part.bytes.len() > DESCRIPTION_MAX_BYTES {
            return None;
        }
        bytes.extend_from_slice(&part.bytes);
        let next = part.part.saturating_add(1);
        if next >= part.parts {
            return Some(Description { part: 0, parts: 1, bytes, ..part });
        }
        self.open = Some((title, next, bytes));
        None
    }
}

#[cfg(test)]
mod tests;
