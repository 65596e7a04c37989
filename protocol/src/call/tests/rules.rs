//! Rules that the exploration can't see broken, because another one stands behind them: a scenario notices each.

use super::desk::{Desk, call};
use crate::call::rules::Rule;
use crate::call::rules::switch::while_broken;
use crate::call::signal::CallInput;
use crate::wire::bodies::Reason;

/// A call that was cancelled before its offer came.
fn cancelled_before_its_offer() -> Desk {
    let mut desk = Desk::new(2);
    let from = desk.sender(1, 1);
    desk.input(CallInput::Cancel { from, call: call(7), reason: Reason::Cancelled });
    desk.offer(call(7), 1, 1);
    desk.confirm(call(7), 1);
    desk
}

#[test]
fn what_was_cancelled_rings_only_where_the_rule_is_broken() {
    assert_eq!(cancelled_before_its_offer().core.ringing(), 0);
    assert_eq!(while_broken(Some(Rule::Over), cancelled_before_its_offer).core.ringing(), 1);
}
