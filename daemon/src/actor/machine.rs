//! What the actor needs of a core; tests put a scripted one in its place.

use ahoy_protocol::core::effect::Effect;
use ahoy_protocol::core::input::{Input, LinkOf};
use ahoy_protocol::core::{Core, Counted, Who};
use ahoy_protocol::ids::Now;
use rand_core::CryptoRng;

/// A pure state machine: what happens goes in, what shall be done comes out.
pub trait Machine: Send + 'static {
    /// Takes an input and says what shall be done, in order.
    fn handle(&mut self, input: Input, now: Now, rng: &mut dyn CryptoRng) -> Vec<Effect>;
    /// When `Input::Timer` is wanted next, in monotonic ms.
    fn next_timer_ms(&self) -> Option<u64>;
    /// Every live link.
    fn links(&self) -> Vec<LinkOf>;
    /// Number of calls that are not ended.
    fn calls(&self) -> usize;
    /// Who we are and what we do; none for one that is nobody.
    fn who(&self) -> Option<Who>;
    /// What it holds now.
    fn counted(&self) -> Counted;
    /// How often each inbound check has refused something: its number, and the count.
    fn refused(&self) -> Vec<(u16, u64)>;
    /// Nothing is left to be told to anybody.
    fn drained(&self) -> bool;
}

impl Machine for Core {
    fn handle(&mut self, input: Input, now: Now, rng: &mut dyn CryptoRng) -> Vec<Effect> {
        Core::handle(self, input, now, rng)
    }

    fn next_timer_ms(&self) -> Option<u64> {
        Core::next_timer_ms(self)
    }

    fn links(&self) -> Vec<LinkOf> {
        Core::links(self)
    }

    fn calls(&self) -> usize {
        Core::calls(self)
    }

    fn who(&self) -> Option<Who> {
        Some(Core::who(self))
    }

    fn counted(&self) -> Counted {
        Core::counted(self)
    }

    fn refused(&self) -> Vec<(u16, u64)> {
        self.refusals().iter().map(|(check, count)| (check.number(), count)).collect()
    }

    fn drained(&self) -> bool {
        Core::drained(self)
    }
}
