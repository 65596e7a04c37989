//! What happens to the path between the two.
