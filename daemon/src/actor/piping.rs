//! Links come and go, and the pipelines of participants stay.

use ahoy_protocol::core::input::LinkOf;

use super::convert;
use super::machine::Machine;
use crate::pipes::{Pipes, Whose};

/// Tells the pipelines which links there are, if any participant has one.
pub(super) fn follow<M: Machine>(pipes: &Pipes, core: &M) {
    if pipes.follows() {
        let whose = |link: LinkOf| {
            let whose = Whose { call: convert::call(link.call), device: link.device.text() };
            (whose, convert::media_link(link.link))
        };
        pipes.follow(core.links().into_iter().map(whose));
    }
}
