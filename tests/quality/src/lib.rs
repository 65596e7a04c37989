//! How good a call sounds: two sides with the real sound path talk over a road in memory, in virtual time, and what was
//! heard is compared with what was said. The same seed gives the same packets the same fate.
//!
//! [`profile`] what befalls packets · [`road`] a road of one direction · [`call`] two sides and the roads between them ·
//! [`measure`] what can be said of a recording · [`speech`] WAV files.

pub mod call;
pub mod measure;
pub mod profile;
pub mod road;
pub mod speech;
