//! Which subscriptions of peers we see.

use std::time::Instant;

use ahoy_protocol::core::input::Topic;
use libp2p::gossipsub::{MaxCountSubscriptionFilter, TopicHash, TopicSubscriptionFilter};

use super::first_checks::FirstChecks;
use crate::limits::network as limits;

/// Topics of the product only: 32 letters. Changed at a bounded rate: what is over it stays as it was.
#[derive(Clone, Debug)]
pub(crate) struct OurTopics(FirstChecks);

impl TopicSubscriptionFilter for OurTopics {
    /// Asked for every change of a peer, and for every topic that we subscribe to ourselves.
    fn can_subscribe(&mut self, topic: &TopicHash) -> bool {
        Topic::parse(topic.as_str()).is_some() && self.0.may_subscribe(Instant::now())
    }
}

/// [`OurTopics`], a bounded number a peer. gossipsub ignores a hello over the bound altogether, so
/// we never hold more topics ourselves ([`limits::OWN_TOPICS`]); its default of 100 would make a
/// busy peer invisible.
pub(crate) type Filter = MaxCountSubscriptionFilter<OurTopics>;

/// The filter, with the budgets of the peers.
#[must_use]
pub(crate) fn filter(checks: FirstChecks) -> Filter {
    MaxCountSubscriptionFilter {
        filter: OurTopics(checks),
        max_subscribed_topics: limits::TOPICS_PER_PEER,
        max_subscriptions_per_request: limits::TOPICS_PER_PEER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn only_topics_of_32_base32_letters_are_seen() {
        let mut topics = OurTopics(FirstChecks::new(Arc::default()));
        let mut sees = |name: &str| topics.can_subscribe(&TopicHash::from_raw(name));
        assert!(sees("abcdefghijklmnopqrstuvwxyz234567"));
        assert!(!sees("abcdefghijklmnopqrstuvwxyz23456"));
        assert!(!sees("abcdefghijklmnopqrstuvwxyz2345670"));
        assert!(!sees("Abcdefghijklmnopqrstuvwxyz234567"));
        assert!(!sees("abcdefghijklmnopqrstuvwxyz234561"));
        assert!(!sees(""));
    }
}
