//! The `ahoyd` process; begins to run a node once network and sound are there.

fn main() {}
