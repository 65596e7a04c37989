//! The examples, run as their readers would.

#[cfg(test)]
mod examples;
