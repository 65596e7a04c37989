//! Which subscriptions of peers we see.

use ahoy_protocol::core::input::Topic;
use libp2p::gossipsub::{MaxCountSubscriptionFilter, TopicHash, TopicSubscriptionFilter};

use crate::limits::network as limits;

/// Topics of the product only: 32 letters.
#[derive(Clone, Debug, Default)]
pub(crate) struct OurTopics;

impl TopicSubscriptionFilter for OurTopics {
    fn can_subscribe(&mut self, topic: &TopicHash) -> bool {
        Topic::parse(topic.as_str()).is_some()
    }
}

/// [`OurTopics`], a bounded number a peer. gossipsub ignores a hello over the bound altogether, so
/// we never hold more topics ourselves ([`limits::OWN_TOPICS`]); its default of 100 would make a
/// busy peer invisible.
pub(crate) type Filter = MaxCountSubscriptionFilter<OurTopics>;

/// The filter.
#[must_use]
pub(crate) fn filter() -> Filter {
    MaxCountSubscriptionFilter {
        filter: OurTopics,
        max_subscribed_topics: limits::TOPICS_PER_PEER,
        max_subscriptions_per_request: limits::TOPICS_PER_PEER,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_topics_of_32_base32_letters_are_seen() {
        let sees = |name: &str| OurTopics.can_subscribe(&TopicHash::from_raw(name));
        assert!(sees("abcdefghijklmnopqrstuvwxyz234567"));
        assert!(!sees("abcdefghijklmnopqrstuvwxyz23456"));
        assert!(!sees("abcdefghijklmnopqrstuvwxyz2345670"));
        assert!(!sees("Abcdefghijklmnopqrstuvwxyz234567"));
        assert!(!sees("abcdefghijklmnopqrstuvwxyz234561"));
        assert!(!sees(""));
    }
}
