//! Replacements and claims that are passed on.

use super::*;

const REQUESTED: Event = Event::ReplacementRequested { at: DateTime::UNIX_EPOCH };

fn known() -> [State; 3] {
    [
        submitted(&[Event::Acknowledged { ack: Ack::Accepted, at: at(1) }]),
        submitted(&[Event::Paid { kind: PaidKind::Full, at: at(1) }]),
        submitted(&[Event::Denied { kind: DeniedKind::Plain, at: at(1) }]),
    ]
}

#[test]
fn a_claim_is_replaced_from_wherever_the_payer_knows_it_and_nowhere_else() {
    for known in known() {
        let pending = known.apply(REQUESTED).unwrap();
        assert_eq!(pending.to_string(), "submitted(replacement_pending)");
        assert_eq!(pending.apply(REQUESTED), Ok(pending), "once more is no news");
        assert!(pending.apply(Event::VoidRequested { at: at(2) }).is_err());
        let replaced = pending.apply(Event::Replaced { at: at(3) }).unwrap();
        assert_eq!(replaced.to_string(), "submitted(replacement_pending) replaced");
        for state in [pending, replaced] {
            let dropped = state.apply(Event::ReplacementDropped { at: at(4) }).unwrap();
            assert_eq!(State { payer_state_at: known.payer_state_at, ..dropped }, known, "where it stood");
        }
        for stale in [Event::Rejected { by: Rejector::Payer, at: at(5) }, Event::Transmitted { at: at(3) }] {
            assert_eq!(pending.apply(stale), Ok(pending));
        }
        assert!(known.apply(Event::Replaced { at: at(3) }).is_err(), "nobody asked for it");
        assert!(known.apply(Event::ReplacementDropped { at: at(3) }).is_err());
    }
    for more in [&[][..], &[Event::Transmitted { at: at(1) }], &[Event::Rejected { by: Rejector::Payer, at: at(1) }]] {
        assert!(submitted(more).apply(REQUESTED).is_err());
    }
}

#[test]
fn the_payer_settles_the_old_claim_beneath_its_replacement() {
    let [accepted, paid, _] = known();
    for end in [None, Some(Event::Replaced { at: at(2) })] {
        let pending = |state: State| {
            let pending = state.apply(REQUESTED).unwrap();
            end.map_or(pending, |end| pending.apply(end).unwrap())
        };
        let back = |state: State| state.apply(Event::ReplacementDropped { at: at(9) }).unwrap().to_string();
        let reversed = pending(paid).apply(Event::Reversed { at: at(3) }).unwrap();
        assert_eq!(back(reversed), "submitted(reversed)");
        let again = reversed.apply(Event::Paid { kind: PaidKind::Partial, at: at(4) }).unwrap();
        assert_eq!(back(again), "paid(paid_partial)");
        let denied = pending(accepted).apply(Event::Denied { kind: DeniedKind::Plain, at: at(3) }).unwrap();
        assert_eq!(back(denied), "denied(denied)");
        assert!(pending(paid).apply(Event::Paid { kind: PaidKind::Full, at: at(3) }).is_err(), "it is posted once");
    }
}

#[test]
fn a_claim_that_was_passed_on_waits_for_whoever_has_it() {
    let forward = Event::Forwarded { at: at(2) };
    let forwarded = submitted(&[forward]);
    assert_eq!((forwarded.to_string().as_str(), forwarded.was_transmitted), ("submitted(forwarded)", true));
    assert_eq!(forwarded.apply(Event::Acknowledged { ack: Ack::Accepted, at: at(3) }), Ok(forwarded));
    assert_eq!(forwarded.apply(Event::Paid { kind: PaidKind::Full, at: at(3) }).unwrap().status, Status::Paid);
    let paid = submitted(&[Event::Paid { kind: PaidKind::Full, at: at(1) }]);
    assert_eq!(paid.apply(forward), Ok(paid), "decided is decided");
    let rejected = submitted(&[Event::Rejected { by: Rejector::Payer, at: at(3) }]);
    assert_eq!(rejected.apply(forward), Ok(rejected), "it was rejected since");
    assert!(State::DRAFTED.apply(forward).is_err());
}
