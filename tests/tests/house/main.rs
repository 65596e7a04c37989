//! The rules of the house, checked on the sources and the lock file themselves: which crate may depend on which,
//! what stays pure, what may be linked, and that a fresh clone needs nothing else.

#[cfg(test)]
mod arrows;
#[cfg(test)]
mod errors;
#[cfg(test)]
mod licences;
#[cfg(test)]
mod openrpc;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod patience;
#[cfg(test)]
mod pipelines;
mod promises;
#[cfg(test)]
mod purity;
#[cfg(test)]
mod reasons;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod setup;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod tasks;
