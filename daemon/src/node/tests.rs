//! A whole node out of scripted parts.
