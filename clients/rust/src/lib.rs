//! Client library of the Ahoy daemon: connect to its control socket, ask, and hear events.
//!
//! ```no_run
//! # async fn example() -> Result<(), ahoy_client::ClientError> {
//! let mut ahoy = ahoy_client::Client::connect(None, "my-messenger").await?;
//! ahoy.subscribe(None).await?;
//! ahoy.offer(&["Ada"]).await?;
//! while let Some(event) = ahoy.event().await?.known {
//!     println!("{event:?}");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The types of requests, replies and events are those of [`ahoy_protocol::control`], the same that the
//! daemon uses. One [`Client`] is one connection; open several for things that shall not wait for each other.

mod client;
mod error;
mod limits;
mod lines;
mod platform;

pub use ahoy_protocol::control;
pub use client::{Client, Notice};
pub use error::ClientError;
pub use lines::Duplex;
